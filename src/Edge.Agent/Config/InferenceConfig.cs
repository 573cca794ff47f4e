using Edge.Models;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Agent.Config;

/// <summary>How the model runs, and the bounds of what requests may ask for.</summary>
/// <param name="Threads">0: one per core, or per CPU of <paramref name="Cpus"/>.</param>
/// <param name="Kv">Type of the key/value cache, f16 or f32.</param>
/// <param name="ReadWeights">Read the weights into own memory at start instead of mapping the file.</param>
/// <param name="Context">Tokens of prompt and reply together; 0: the model's own.</param>
/// <param name="Slots">Requests served side by side.</param>
/// <param name="Queue">Requests that may wait for a slot.</param>
/// <param name="MaxTokensDefault">Tokens of a reply whose request names no limit.</param>
/// <param name="MaxTokens">The most that a request may name.</param>
/// <param name="Cpus">The CPUs that the model's threads may use, such as "0-3,6"; absent: any.</param>
/// <param name="Kernels">A kernel set by name; absent: what `edge kernels --tune` found for this CPU, else the best
/// that runs.</param>
/// <param name="Memory">All that the model may take, such as "1500M"; a packed model that is larger streams from
/// storage. Absent: it must fit.</param>
/// <param name="Experts">When experts stream: exact, balanced or fast.</param>
/// <param name="Trace">A file to record the choice of experts in; absent: not recorded.</param>
/// <param name="Template">A chat template instead of the model's own: a file of Jinja text, or a name such as chatml.
/// </param>
internal sealed record InferenceConfig(
    int Threads = 0,
    string Kv = "f16",
    bool ReadWeights = false,
    int Context = 0,
    int Slots = 2,
    int Queue = 32,
    int MaxTokensDefault = 256,
    int MaxTokens = 4096,
    string? Cpus = null,
    string? Kernels = null,
    string? Memory = null,
    string Experts = "exact",
    string? Trace = null,
    string? Template = null)
{
    // A method: the binder would look into a property.
    public ModelOptions ToModelOptions() => new()
    {
        Threads = Threads,
        Cpus = Cpus is null ? null : CpuList.Parse(Cpus),
        Warn = static problem => Console.Error.WriteLine($"warn: {problem}"),
        KernelSet = Kernels,
        KvType = Kv == "f32" ? KvType.F32 : KvType.F16,
        Loading = ReadWeights ? WeightLoading.Read : WeightLoading.Map,
        Memory = Memory is null ? null : new MemoryBudget
        {
            Bytes = MemorySize.Parse(Memory)!.Value, Experts = Enum.Parse<ExpertMode>(Experts, ignoreCase: true),
        },
    };

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        if (Threads is < 0 or > 256) return $"inference.threads {Threads} is outside 0 to 256";
        if (Cpus is not null && CpuArgument.Problem(Cpus) is { } cpus) return $"inference.cpus: {cpus}";
        if (Kernels is not null && !KernelSet.All.Any(set => set.Name == Kernels && set.IsRunnable))
            return $"inference.kernels '{Kernels}' does not run here; 'edge kernels' lists what does";
        if (Memory is not null && MemorySize.Problem(Memory) is { } memory) return $"inference.memory {memory}";
        if (Experts is not ("exact" or "balanced" or "fast"))
            return $"inference.experts '{Experts}' is not exact, balanced or fast";
        if (Kv is not ("f16" or "f32")) return $"inference.kv '{Kv}' is not f16 or f32";
        if (Context is < 0 or > 1 << 24) return $"inference.context {Context} is outside 0 to {1 << 24}";
        if (Slots is < 1 or > 64) return $"inference.slots {Slots} is outside 1 to 64";
        if (Queue is < 1 or > 4096) return $"inference.queue {Queue} is outside 1 to 4096";
        if (MaxTokens is < 1 or > 1 << 20) return $"inference.maxTokens {MaxTokens} is outside 1 to {1 << 20}";
        if (MaxTokensDefault < 1 || MaxTokensDefault > MaxTokens)
            return $"inference.maxTokensDefault {MaxTokensDefault} is outside 1 to maxTokens ({MaxTokens})";
        return null;
    }
}
