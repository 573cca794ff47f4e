using System.Text.Json;
using Xunit;

namespace Edge.Tests.EndToEnd;

/// <summary>What became of the requests. Redelivered: the same bytes again, which MQTT's QoS 1 allows and a requester
/// drops by its key. AnsweredDifferently: two answers that differ, which only a pool may give, when a member that died
/// with a request comes back to finish what another has answered meanwhile.</summary>
internal sealed record SoakTally
{
    public required string Name { get; init; }
    public int Requests { get; init; }
    public int Answered { get; init; }
    public int Refused { get; init; }
    public string Codes { get; init; } = "";
    public int Silent { get; init; }
    public int Lost { get; init; }
    public int AnsweredDifferently { get; init; }
    public int Redelivered { get; init; }
    public int Retries { get; init; }
    public int Repeated { get; init; }
    public int Nodes { get; init; }
    public int Kills { get; init; }
    public int Cuts { get; init; }
    public double Seconds { get; init; }
    public long RssBytesMax { get; init; }
    public long JournalBytesMax { get; init; }

    /// <summary>For scripts/soak, which names the file.</summary>
    public static void Report<T>(T tally)
    {
        if (Environment.GetEnvironmentVariable("EDGE_SOAK_REPORT") is { Length: > 0 } path)
            File.AppendAllText(path, JsonSerializer.Serialize(tally) + "\n");
    }

    public void Check(SoakLoad load)
    {
        Assert.Equal((load.Requests, 0, 0), (Requests, Silent, Lost));
        Assert.Equal(Requests, Answered + Refused);
        Assert.True(Answered > 0, "nothing was answered");
        if (Nodes == 1) Assert.Equal(0, AnsweredDifferently);
    }
}
