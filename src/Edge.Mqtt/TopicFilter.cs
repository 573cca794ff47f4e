using System.Text;

namespace Edge.Mqtt;

/// <summary>What can be subscribed to: levels, '+' for one of them, '#' for all that follow.</summary>
public static class TopicFilter
{
    /// <summary>Null, or why nothing can be subscribed to with <paramref name="filter"/>.</summary>
    public static string? WhyInvalid(string filter)
    {
        if (filter.Length == 0) return "it is empty";
        if (Encoding.UTF8.GetByteCount(filter) > TopicName.BytesMax)
            return $"it is longer than {TopicName.BytesMax} bytes";
        if (filter.Any(char.IsControl)) return "it has a control character";
        string[] levels = filter.Split('/');
        for (int i = 0; i < levels.Length; i++)
        {
            if (levels[i].Length > 1 && levels[i].AsSpan().ContainsAny('+', '#'))
                return $"the wildcard in '{levels[i]}' must be a level of its own";
            if (levels[i] == "#" && i < levels.Length - 1) return "'#' must be the last level";
        }
        return null;
    }

    /// <summary>The broker would deliver a message on <paramref name="topic"/> to <paramref name="filter"/>.
    /// Source: MQTT 5, 4.7.</summary>
    public static bool Matches(string filter, string topic) => Overlap(filter, topic);

    /// <summary>There is a topic that both filters match.</summary>
    public static bool Overlap(string a, string b)
    {
        if (a.Length == 0 || b.Length == 0) return false;
        // Wildcards in the first level do not reach the broker's own topics.
        if ((a[0] == '$') != (b[0] == '$') && (a[0] is '+' or '#' || b[0] is '+' or '#')) return false;
        return Overlap(a.Split('/'), b.Split('/'));
    }

    /// <summary>Every topic that <paramref name="narrow"/> matches, <paramref name="wide"/> matches too.</summary>
    public static bool Covers(string wide, string narrow)
    {
        if (narrow.StartsWith('$') != wide.StartsWith('$')) return false;
        string[] w = wide.Split('/'), n = narrow.Split('/');
        for (int i = 0; ; i++)
        {
            if (i < w.Length && w[i] == "#") return true;
            if (i >= w.Length || i >= n.Length) return i >= w.Length && i >= n.Length;
            if (n[i] == "#" || (w[i] != "+" && w[i] != n[i])) return false;
        }
    }

    private static bool Overlap(ReadOnlySpan<string> a, ReadOnlySpan<string> b)
    {
        while (true)
        {
            // "farm/#" also means "farm".
            if (a is ["#", ..] || b is ["#", ..]) return true;
            if (a.IsEmpty || b.IsEmpty) return a.IsEmpty && b.IsEmpty;
            if (a[0] != b[0] && a[0] != "+" && b[0] != "+") return false;
            a = a[1..];
            b = b[1..];
        }
    }
}
