using System.Globalization;
using System.Text;

namespace Edge.Agent.Fleet;

/// <summary>Views for people: a line a node, or a page for one.</summary>
internal static class ViewText
{
    public const string Head =
        "NODE                 STATE     MODEL                    QUEUE  TOKENS/S   TEMP  GOVERNOR  VERSION";

    public static string Line(NodeView v) => string.Create(CultureInfo.InvariantCulture,
        $"{v.Node,-20} {State(v),-9} {v.Model ?? "-",-24} {v.Queue,5}  {v.TokS,8:F1}  {v.TemperatureC,5:F1}  "
        + $"{(v.Throttled == true ? "THROTTLED" : v.Governor ?? "-"),-9} {v.Version ?? "-"}");

    public static string Page(NodeView v)
    {
        var text = new StringBuilder();
        Row("node", $"{v.Node}  {State(v)}  edge {v.Version ?? "?"}");
        Row("model", $"{v.Model ?? "?"}  kernels {v.KernelSet ?? "?"}");
        Row("requests", $"{v.Running} running, {v.Queue} queued, {v.Completed} completed, {v.Refused} refused, "
            + $"{v.Failed} failed");
        Row("tokens", $"{v.TokS:F1} a second; {v.PromptTokens} read, {v.CompletionTokens} written");
        Row("cache", $"{v.CachedTokens} prompt tokens came from it" + (v.PromptTokens + v.CachedTokens > 0
            ? $" ({100.0 * v.CachedTokens / (v.PromptTokens + v.CachedTokens):F0} %)" : ""));
        Row("board", (v.TemperatureC is { } t ? $"{t:F1} °C" : "temperature unknown") + v.Throttled switch
        {
            true => ", THROTTLED", false => ", not throttled", null => "",
        } + $", governor {v.Governor ?? "?"}, {v.Threads} threads");
        Row("process", $"{v.CpuPercent:F0} % CPU, {v.RssBytes / 1048576.0:F1} MiB, up {v.UptimeS:F0} s");
        return text.ToString();

        void Row(string name, string value) =>
            text.Append(name.PadRight(10)).Append(value).Append('\n');
    }

    private static string State(NodeView v) => v is { State: "online", Ready: false } ? "loading" : v.State;
}
