using System.Reflection;
using Edge.Agent.Config;
using Edge.Engine;
using Edge.Gguf;
using Edge.Models.Streaming;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>What a node says about itself.</summary>
internal static class NodeCard
{
    /// <summary>The version that the build stamped into the binary.</summary>
    public static string Version { get; } =
        typeof(NodeCard).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "0";

    /// <summary><paramref name="model"/>: null while none is loaded.</summary>
    public static NodeInfo Of(AgentConfig config, ServedModel? model, NodeOptions options, string? pinned) => new()
    {
        Version = Version,
        Models = model is null ? [] :
        [
            new NodeModel(
                model.Choice.Name, model.Loaded.Model.Config.Architecture, Quantisation(model.Choice.Path),
                model.Scheduler.ContextLength, LengthOf(model.Choice.Path)),
        ],
        Commands = ["chat", .. QueryCommand.Names, .. ControlCommand.Names.Where(
            name => options.Controls.Any(rule => rule.Commands!.Contains(name)))],
        Available = options.Controls.Count == 0 ? null
            : new ModelCatalog(config).Names,
        Pinned = pinned,
        Limits = new NodeLimits(
            options.Connection.PayloadBytesMax, ChatLimits.MessagesMax, config.Inference.Queue,
            config.Inference.MaxTokens,
            options.TimeoutMax.TotalSeconds),
        Pools = options.Pools,
        KernelSet = model?.Loaded.Model.KernelSetName,
        Threads = model?.Loaded.Model.Threads ?? 0,
    };

    public static WeightsTelemetry Weights(ServedModel served) => Weights(served.Choice, served.Loaded);

    private static WeightsTelemetry Weights(ModelChoice choice, LoadedModel loaded) => new()
    {
        Model = choice.Name,
        FileBytes = LengthOf(choice.Path),
        BytesPerToken = loaded.Model.WeightBytesPerToken,
        KernelSet = loaded.Model.KernelSetName,
        Threads = loaded.Model.Threads,
        Streaming = loaded.Model.Stream is { } stream && loaded.Model.Plan is { } plan ? Streaming(stream, plan) : null,
    };

    public static InferenceTelemetry Inference(SchedulerStatistics s, long refused) => new()
    {
        Running = s.ActiveSlots,
        Queue = s.QueueDepth,
        Completed = s.Finished - s.Cancelled - s.TimedOut - s.Failed,
        Refused = refused,
        Failed = s.Cancelled + s.TimedOut + s.Failed,
        PromptTokens = s.PromptTokens,
        CompletionTokens = s.TokensGenerated,
        CachedTokens = s.CachedTokens,
        TokS = Math.Round(s.DecodeTokensPerSecond, 2),
        Drafted = s.Speculation?.Drafted,
        Accepted = s.Speculation?.Accepted,
        TokensPerStep = s.Speculation is { } drafts ? Math.Round(drafts.TokensPerStep, 3) : null,
    };

    private static StreamingTelemetry Streaming(StreamStatistics stream, MemoryPlan plan)
    {
        var r = stream.Residency;
        return new StreamingTelemetry
        {
            BudgetBytes = plan.BudgetBytes, PlannedBytes = plan.TotalBytes, PinnedBytes = plan.PinnedBytes,
            SlotBytes = r.SlotBytes, SlotsUsed = r.SlotsUsed, Slots = r.Slots, Passes = stream.Passes, Hits = r.Hits,
            Misses = r.Misses, Degraded = stream.Degraded, Dropped = stream.Dropped, BytesRead = r.BytesRead,
            ReadBytesPerS = Math.Round(r.ReadBytesPerSecond), StallS = Math.Round(r.StallMicros / 1e6, 3),
            Retries = r.Retries, Failures = r.Failures,
        };
    }

    /// <summary>0 of a file that was taken away from the model that it runs.</summary>
    private static long LengthOf(string path) => FileFacts.Find(path)?.Bytes ?? 0;

    /// <summary>The type that holds most of the weights.</summary>
    private static string Quantisation(string path) =>
        ModelFile.OpenHeader(path).Tensors
            .GroupBy(tensor => tensor.Type)
            .MaxBy(type => type.Sum(tensor => tensor.Columns * tensor.Rows))
            ?.Key.ToString() ?? "none";
}
