using System.Text;

namespace Edge.Mqtt;

/// <summary>What a topic that is published to may look like.</summary>
public static class TopicName
{
    public const int BytesMax = 256;

    /// <summary>Null, or why nothing can be published to <paramref name="topic"/>.</summary>
    public static string? WhyInvalid(string topic)
    {
        if (topic.Length == 0) return "it is empty";
        if (Encoding.UTF8.GetByteCount(topic) > BytesMax) return $"it is longer than {BytesMax} bytes";
        if (topic[0] == '$') return "topics that start with '$' are the broker's own";
        foreach (char c in topic)
        {
            if (c is '+' or '#') return $"it has the wildcard '{c}'";
            if (char.IsControl(c)) return $"it has the control character U+{(int)c:X4}";
            if (char.IsSurrogate(c) || c is '\uFFFD' or '\uFFFE' or '\uFFFF')
                return "it has characters outside the basic plane";
        }
        return null;
    }
}
