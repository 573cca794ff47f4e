using Edge.Agent.Service;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class UpdateWatchTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-update-{Guid.NewGuid():N}");
    private readonly List<NodeUpdate> _states = [];
    private readonly List<NodeEvent> _events = [];
    private DateTime _time = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public void Dispose() => File.Delete(_path);

    private UpdateWatch Watch(string? path) => new(path, "0.1.0", _states.Add, _events.Add);

    // Files that are written within one tick of the file system's clock must still differ.
    private void Write(string text)
    {
        File.WriteAllText(_path, text);
        File.SetLastWriteTimeUtc(_path, _time += TimeSpan.FromSeconds(1));
    }

    private static string Json(string installed, string latest, string state, string detail = "") =>
        $$"""{"installed":"{{installed}}","latest":"{{latest}}","state":"{{state}}","detail":"{{detail}}"}""";

    [Fact]
    public void Look_NoFileConfigured_TellsTheBinarysVersionOnce()
    {
        var watch = Watch(null);
        watch.Look(isOnline: true);
        watch.Look(isOnline: true);
        Assert.Equal([new NodeUpdate("0.1.0", "0.1.0", "current")], _states);
        Assert.Empty(_events);
    }

    [Fact]
    public void Look_FileComesAndChanges_EachIsAStateAndAnEvent()
    {
        var watch = Watch(_path);
        watch.Look(isOnline: true);
        Write(Json("0.1.0", "0.2.0", "available"));
        watch.Look(isOnline: true);
        watch.Look(isOnline: true);
        Write(Json("0.1.0", "0.1.0", "rolled_back", "0.2.0 failed"));
        watch.Look(isOnline: true);
        Assert.Equal(
            [
                new NodeUpdate("0.1.0", "0.1.0", "current"), new NodeUpdate("0.1.0", "0.2.0", "available"),
                new NodeUpdate("0.1.0", "0.1.0", "rolled_back", "0.2.0 failed"),
            ], _states);
        Assert.Equal(
            [
                new NodeEvent("update", "available, installed 0.1.0, latest 0.2.0"),
                new NodeEvent("update", "rolled_back, installed 0.1.0, latest 0.1.0: 0.2.0 failed"),
            ], _events);
    }

    [Fact]
    public void Look_ChangeWhileOffline_IsToldOnceWhenTheLinkIsBack()
    {
        var watch = Watch(_path);
        watch.Look(isOnline: false);
        Write(Json("0.1.0", "0.2.0", "available"));
        watch.Look(isOnline: false);
        Assert.Empty(_events);
        Assert.Equal("available", _states[^1].State); // The retained state waits in the link.
        watch.Look(isOnline: true);
        watch.Look(isOnline: true);
        Assert.Equal("available, installed 0.1.0, latest 0.2.0", Assert.Single(_events).Detail);
    }

    [Fact]
    public void Look_SameContentWrittenAgain_IsSilent()
    {
        Write(Json("0.1.0", "0.2.0", "available"));
        var watch = Watch(_path);
        watch.Look(isOnline: true);
        Write(Json("0.1.0", "0.2.0", "available"));
        watch.Look(isOnline: true);
        Assert.Single(_states);
        Assert.Empty(_events); // Not even for the first: that is how it was found.
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"installed":"0.1.0"}""")]
    [InlineData("""{"installed":1,"latest":"2","state":"x","detail":""}""")]
    [InlineData("""{"installed":"","latest":"2","state":"x","detail":""}""")]
    public void Look_FileThatCannotBeRead_IsTheBinarysVersion(string text)
    {
        Write(text);
        Watch(_path).Look(isOnline: true);
        Assert.Equal([new NodeUpdate("0.1.0", "0.1.0", "current")], _states);
    }

    [Fact]
    public void Look_HugeFile_IsNotRead()
    {
        Write(Json("0.1.0", "0.2.0", "available", new string('x', 5000)));
        Watch(_path).Look(isOnline: true);
        Assert.Equal("current", Assert.Single(_states).State);
    }
}
