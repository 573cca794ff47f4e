using System.Globalization;

namespace Edge.Agent.Replay;

/// <summary>A budget as people write it: bytes with K, M or G (of 1024), or a share of all experts in %.</summary>
internal static class Budget
{
    /// <summary>"1500M", "40%"; null when it is neither or not above 0. A share is of
    /// <paramref name="totalBytes"/>.</summary>
    public static long? Parse(string text, long totalBytes)
    {
        if (text.Length == 0) return null;
        double unit = text[^1] switch
        {
            '%' => totalBytes / 100.0,
            'K' or 'k' => 1L << 10,
            'M' or 'm' => 1L << 20,
            'G' or 'g' => 1L << 30,
            _ => 1,
        };
        string number = char.IsAsciiDigit(text[^1]) ? text : text[..^1];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            return null;
        double bytes = value * unit;
        return bytes is >= 1 and < 1L << 50 ? (long)bytes : null;
    }
}
