using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Which figures become metrics, under which names.</summary>
internal static class OtlpPoints
{
    public static IReadOnlyList<OtlpPoint> Of(InferenceTelemetry inference, double? temperatureC, int threads) =>
    [
        new("edge.requests.running", "{request}", inference.Running, false),
        new("edge.requests.queued", "{request}", inference.Queue, false),
        new("edge.requests.completed", "{request}", inference.Completed, true),
        new("edge.requests.refused", "{request}", inference.Refused, true),
        new("edge.requests.failed", "{request}", inference.Failed, true),
        new("edge.tokens.prompt", "{token}", inference.PromptTokens, true),
        new("edge.tokens.completion", "{token}", inference.CompletionTokens, true),
        new("edge.tokens.rate", "{token}/s", inference.TokS, false),
        new("edge.threads.active", "{thread}", threads, false),
        new("process.memory.usage", "By", ProcessStatus.RssBytes ?? double.NaN, false),
        new("edge.temperature", "Cel", temperatureC ?? double.NaN, false),
    ];
}
