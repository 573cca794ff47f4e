using System.Text.Json;
using Edge.Gguf;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Tells what the packaging writes of releases: the state when it is new, an event when it changes. One thread
/// at a time.</summary>
/// <param name="path">The file; null or absent: the version that runs is all there is to tell.</param>
/// <param name="version">The version of this binary.</param>
/// <param name="state">Takes each new state.</param>
/// <param name="tell">Takes an event for each change after the first look.</param>
internal sealed class UpdateWatch(
    string? path, string version, Action<NodeUpdate> state, Action<NodeEvent> tell)
{
    private const int BytesMax = 4096;
    private NodeUpdate? _last;
    private DateTime _written;
    private NodeEvent? _untold;

    /// <summary>An event is kept until the link is there: published before, nobody would hear it.</summary>
    public void Look(bool isOnline)
    {
        Look();
        if (!isOnline || _untold is not { } happened) return;
        _untold = null;
        tell(happened);
    }

    private void Look()
    {
        // The time of a file that is not there is a constant.
        var written = path is null ? default : File.GetLastWriteTimeUtc(path);
        if (_last is not null && written == _written) return;
        var now = Read();
        bool isNew = now != _last;
        bool isFirst = _last is null;
        (_last, _written) = (now, written);
        if (!isNew) return;
        state(now);
        if (isFirst) return;
        string detail = now.Detail is null ? "" : $": {now.Detail}";
        _untold = new NodeEvent(
            "update", $"{now.State}, installed {now.InstalledVersion}, latest {now.LatestVersion}{detail}");
    }

    private NodeUpdate Read()
    {
        var unknown = new NodeUpdate(version, version, "current");
        if (path is null) return unknown;
        try
        {
            if (!File.Exists(path) || FileFacts.LengthOf(path) > BytesMax) return unknown;
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            string Text(string name) => json.RootElement.GetProperty(name).GetString() is { Length: > 0 } text
                ? text : throw new JsonException($"{name} is empty");
            string detail = json.RootElement.GetProperty("detail").GetString() ?? "";
            return new NodeUpdate(
                Text("installed"), Text("latest"), Text("state"), detail.Length > 0 ? detail : null);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
                or InvalidOperationException)
        {
            return unknown; // Half written or somebody else's: the next one follows.
        }
    }
}
