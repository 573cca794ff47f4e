using System.Reflection;
using Edge.Agent.Config;
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

    public static NodeInfo Of(AgentConfig config, LoadedModel loaded, NodeOptions options, int context) => new()
    {
        Version = Version,
        Models =
        [
            new NodeModel(
                config.ModelName, loaded.Model.Config.Architecture, Quantisation(config.Model), context,
                new FileInfo(config.Model).Length),
        ],
        Limits = new NodeLimits(
            options.Connection.PayloadBytesMax, ChatLimits.MessagesMax, config.Inference.Queue,
            config.Inference.MaxTokens,
            options.TimeoutMax.TotalSeconds),
        Pools = options.Pools,
        KernelSet = loaded.Model.KernelSetName,
        Threads = loaded.Model.Threads,
    };

    public static WeightsTelemetry Weights(AgentConfig config, LoadedModel loaded) => new()
    {
        Model = config.ModelName,
        FileBytes = new FileInfo(config.Model).Length,
        BytesPerToken = loaded.Model.WeightBytesPerToken,
        KernelSet = loaded.Model.KernelSetName,
        Threads = loaded.Model.Threads,
        Streaming = loaded.Model.Stream is { } stream && loaded.Model.Plan is { } plan ? Streaming(stream, plan) : null,
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

    /// <summary>The type that holds most of the weights.</summary>
    private static string Quantisation(string path) =>
        ModelFile.OpenHeader(path).Tensors
            .GroupBy(tensor => tensor.Type)
            .MaxBy(type => type.Sum(tensor => tensor.Columns * tensor.Rows))
            ?.Key.ToString() ?? "none";
}
