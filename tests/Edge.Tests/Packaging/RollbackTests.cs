using System.Text.Json;
using Xunit;

namespace Edge.Tests.Packaging;

/// <summary>Going back to the kept release, and trying the next one.</summary>
public sealed class RollbackTests : IDisposable
{
    private const string Kept = "var/lib/edge-agent-release/";
    private const string Unit = "etc/systemd/system/edge-agent.service";
    private const string DropIn = Unit + ".d/50-rollback.conf";
    private const string Held = "etc/apt/preferences.d/edge-agent-bad";
    private const string Announced = "var/lib/edge-agent/announce.json";
    private readonly PackageRoot _root = new();

    public void Dispose() => _root.Dispose();

    private void Keep(string version)
    {
        _root.Tool(Kept + "previous/edge", "");
        _root.Write(Kept + "previous/edge-agent.service", "[Unit]\nDescription=as it was\n");
        _root.Write(Kept + "previous/version", version + "\n");
    }

    [Fact]
    public void Rollback_KeptRelease_TakesOverAndTheBadVersionIsHeld()
    {
        Keep("1.0");
        _root.Write(Kept + "reason", "a \"golden\" prompt\nthat\\differs\n");
        Assert.Equal(0, _root.Run("rollback").Code);
        Assert.Contains("Description=as it was", _root.Read(Unit), StringComparison.Ordinal);
        Assert.Contains("\nExecStart=\nExecStart=/var/lib/edge-agent-release/previous/edge run --config "
            + "/var/lib/edge-agent-release/previous/defaults.json --config /etc/edge-agent/conf.d/\n",
            _root.Read(DropIn), StringComparison.Ordinal);
        Assert.EndsWith("Package: edge-agent\nPin: version 1.1\nPin-Priority: -1\n", _root.Read(Held),
            StringComparison.Ordinal);
        Assert.Equal(4, _root.Read(Held).Count(c => c == '\n')); // Whatever the reason holds, it is one line.
        using var told = JsonDocument.Parse(_root.Read(Announced));
        Assert.Equal("rollback", told.RootElement.GetProperty("event").GetString());
        Assert.Equal(("1.1", "1.0"),
            (told.RootElement.GetProperty("from").GetString(), told.RootElement.GetProperty("to").GetString()));
        Assert.Equal("a golden promptthatdiffers", told.RootElement.GetProperty("reason").GetString());
        Assert.Equal("systemctl restart edge-agent.service", _root.Calls[^1]);
    }

    [Fact]
    public void Rollback_Twice_HappensOnce()
    {
        Keep("1.0");
        _root.Run("rollback");
        File.Delete(_root.At(Announced));
        int calls = _root.Calls.Length;
        Assert.Equal(0, _root.Run("rollback").Code);
        Assert.Equal(calls, _root.Calls.Length);
        Assert.False(_root.Exists(Announced));
    }

    [Fact]
    public void Rollback_NothingKept_ChangesNothing()
    {
        var (code, text) = _root.Run("rollback");
        Assert.Equal(0, code);
        Assert.Contains("nothing to go back to", text, StringComparison.Ordinal);
        Assert.False(_root.Exists("etc"));
        Assert.Empty(_root.Calls);
    }

    [Fact]
    public void Rollback_LinkInTheAgentsFolder_IsReplacedNotFollowed()
    {
        Keep("1.0");
        _root.Write("victim", "untouched");
        _root.Write("var/lib/edge-agent/journal", "");
        File.CreateSymbolicLink(_root.At(Announced), _root.At("victim"));
        Assert.Equal(0, _root.Run("rollback").Code);
        Assert.Equal("untouched", _root.Read("victim"));
        Assert.Null(new FileInfo(_root.At(Announced)).LinkTarget);
    }

    [Fact]
    public void Undo_AfterARollback_LeavesNothingOfIt()
    {
        Keep("1.0");
        _root.Run("rollback");
        Assert.Equal(0, _root.Run("rollback", "--undo").Code);
        Assert.False(_root.Exists(Unit) || _root.Exists(Unit + ".d") || _root.Exists(Held));
        Assert.True(_root.Exists(Kept + "previous/edge"));
    }

    [Fact]
    public void Undo_OperatorsOwnUnit_Stays()
    {
        Keep("1.0");
        _root.Write(Unit, "[Unit]\nDescription=the operator's\n");
        _root.Run("rollback");
        Assert.Contains("operator's", _root.Read(Unit), StringComparison.Ordinal);
        Assert.True(_root.Exists(DropIn));
        _root.Run("rollback", "--undo");
        Assert.Contains("operator's", _root.Read(Unit), StringComparison.Ordinal);
        Assert.False(_root.Exists(DropIn));
    }
}
