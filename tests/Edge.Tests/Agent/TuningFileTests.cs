using System.Text;
using Edge.Agent;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class TuningFileTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}", "state");
    private readonly List<string> _log = [];

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
    }

    private string FilePath => Path.Combine(_folder, "kernels.json");
    private TuningFile State => new(FilePath, _log.Add);

    private static TuningEntry Entry(string cpu, string weights, string kernels = "scalar") =>
        new(cpu, weights, kernels, 1, 2, 4, "m", DateTimeOffset.UnixEpoch);

    private void Write(string text)
    {
        Directory.CreateDirectory(_folder);
        File.WriteAllText(FilePath, text);
    }

    [Fact]
    public void Find_Absent_NothingAndNoWord()
    {
        Assert.Null(State.Find("c", "Q4_0"));
        Assert.Empty(_log);
    }

    [Fact]
    public void Remember_SeveralKeys_EachIsFoundAndTheLatestCounts()
    {
        State.Remember(Entry("c", "Q4_0", KernelSet.Choose(null).Name));
        State.Remember(Entry("c", "Q8_0"));
        State.Remember(Entry("d", "Q4_0"));
        Assert.Equal(KernelSet.Choose(null).Name, State.Find("c", "Q4_0")!.Kernels);
        State.Remember(Entry("c", "Q4_0"));
        Assert.Equal(Entry("c", "Q4_0"), State.Find("c", "Q4_0"));
        Assert.Equal(3, State.Read().Count);
        Assert.Null(State.Find("d", "Q8_0"));
        Assert.Empty(_log);
        Assert.Equal([FilePath], Directory.GetFiles(_folder)); // nothing left beside it
    }

    [Fact]
    public void Remember_MoreThanFits_TheOldestGo()
    {
        for (int i = 0; i <= TuningFile.EntriesMax; i++) State.Remember(Entry($"c{i}", "Q4_0"));
        Assert.Equal(TuningFile.EntriesMax, State.Read().Count);
        Assert.Null(State.Find("c0", "Q4_0"));
        Assert.NotNull(State.Find($"c{TuningFile.EntriesMax}", "Q4_0"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"format":"something-else","entries":[]}""")]
    [InlineData("""{"format":"edge-kernel-tuning-1"}""")]
    [InlineData("""{"format":"edge-kernel-tuning-1","entries":[null]}""")]
    [InlineData("""{"format":"edge-kernel-tuning-1","entries":[{"cpu":"c","weights":"Q4_0"}]}""")]
    [InlineData("""{"format":"edge-kernel-tuning-1","entries":[{"cpu":1,"weights":"Q4_0","kernels":"scalar"}]}""")]
    public void Find_DamagedOrForeign_IsIgnoredWithALineThatNamesTheFile(string text)
    {
        Write(text);
        Assert.Null(State.Find("c", "Q4_0"));
        string line = Assert.Single(_log);
        Assert.Contains(FilePath, line, StringComparison.Ordinal);
        Assert.Contains("--tune", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_EveryTruncation_NeverThrows()
    {
        State.Remember(Entry("c", "Q4_0"));
        byte[] whole = File.ReadAllBytes(FilePath);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            Assert.Null(State.Find("c", "Q4_0"));
        }
        Assert.Equal(whole.Length, _log.Count);
    }

    [Fact]
    public void Find_TooLarge_IsIgnored()
    {
        Write(new string(' ', 70_000));
        Assert.Null(State.Find("c", "Q4_0"));
        Assert.Contains("larger", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public void Find_SetThatDoesNotRunHere_IsIgnored()
    {
        State.Remember(Entry("c", "Q4_0", "avx9"));
        Assert.Null(State.Find("c", "Q4_0"));
        Assert.Contains("avx9", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public void Remember_OverADamagedFile_ReplacesIt()
    {
        Write("{");
        State.Remember(Entry("c", "Q4_0"));
        Assert.Single(_log);
        Assert.NotNull(State.Find("c", "Q4_0"));
    }

    [Theory]
    [InlineData("/s", "STATE_DIRECTORY=/s", "XDG_STATE_HOME=/x", "HOME=/h")]
    [InlineData("/s", "STATE_DIRECTORY=/s:/t")]
    [InlineData("/x/edge", "XDG_STATE_HOME=/x", "HOME=/h")]
    [InlineData("/h/.local/state/edge", "XDG_STATE_HOME=relative", "HOME=/h")]
    [InlineData("/h/.local/state/edge", "STATE_DIRECTORY=", "HOME=/h")]
    [InlineData(null)]
    public void StateDirectory_Environment_DecidesInOrder(string? expected, params string[] variables)
    {
        var environment = variables.Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        Assert.Equal(expected, StateDirectory.Find(name => environment.GetValueOrDefault(name)));
    }

    [Theory]
    [InlineData("AMD EPYC", "processor\t: 0\nmodel name\t: AMD EPYC\nprocessor : 1\nmodel name : AMD EPYC")]
    [InlineData("arm 0x41:0xd0b",
        "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nCPU implementer : 0x41\nCPU part : 0xd0b")]
    [InlineData("arm 0x41:0xd05 0x41:0xd0b",
        "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\nCPU implementer : 0x41\nCPU part : 0xd05")]
    [InlineData("unknown", "nothing here")]
    public void CpuModel_Cpuinfo_NamesTheCpuOrItsParts(string name, string cpuinfo) =>
        Assert.Equal(name, CpuModel.Of(cpuinfo.Split('\n')));
}
