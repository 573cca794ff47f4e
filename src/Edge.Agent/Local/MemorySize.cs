using System.Globalization;

namespace Edge.Agent;

/// <summary>Sizes as people write them: 1500M, 1.5G, 800K or plain bytes.</summary>
internal static class MemorySize
{
    public const long Max = 1L << 46;

    /// <summary>Null when the text is no size between 1 byte and <see cref="Max"/>.</summary>
    public static long? Parse(string text)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0,
        };
        var digits = shift > 0 ? text.AsSpan(0, text.Length - 1) : text;
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            return null;
        double bytes = value * Math.Pow(2, shift);
        return bytes is >= 1 and <= Max ? (long)bytes : null;
    }

    /// <summary>What is wrong with it, with the remedy; null when all is well.</summary>
    public static string? Problem(string text) =>
        Parse(text) is null ? $"'{text}' is no size; write 1500M or 1.5G" : null;

    /// <summary>For people: rounded up, with two to four digits.</summary>
    public static string Text(long bytes) => bytes switch
    {
        >= 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):F1}G"),
        >= 10L << 20 => $"{(bytes + (1 << 20) - 1) >> 20}M",
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1}M"),
        _ => $"{(bytes + 1023) >> 10}K",
    };
}
