using System.Text.Json;
using Edge.Gguf;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>What the packaging left to be told, published once: the file announce.json in the state folder.</summary>
internal static class Announcement
{
    private const int BytesMax = 4096;

    /// <summary>Takes the file away and returns what it says; null when there is none, or none that can be read.
    /// </summary>
    public static NodeEvent? Take(string? state)
    {
        if (state is null) return null;
        string path = Path.Combine(state, "announce.json");
        try
        {
            if (!File.Exists(path) || FileFacts.LengthOf(path) > BytesMax) return null;
            byte[] bytes = File.ReadAllBytes(path);
            File.Delete(path);
            using var json = JsonDocument.Parse(bytes);
            string Text(string name) => json.RootElement.GetProperty(name).GetString() ?? "";
            return new NodeEvent(Text("event"), $"from {Text("from")} to {Text("to")}: {Text("reason")}");
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
                or InvalidOperationException)
        {
            return null;
        }
    }
}
