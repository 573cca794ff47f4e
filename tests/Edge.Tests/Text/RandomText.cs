using System.Text;

namespace Edge.Tests.Text;

/// <summary>Strings that hurt tokenizers: scripts, emoji, marks, digits, runs of spaces, controls, quotes,
/// newlines.</summary>
internal sealed class RandomText(int seed)
{
    private static readonly string[] Words =
    [
        "temp", "Sensor", "HELLO", "don't", "IT'S", "we'LL", "they'Ve", "I'm", "you'd", "'re", "'", "co2",
        "-18.5C", "1234567",
        "x=1;y=2", "{\"a\":", "//", "path/to/\r\n", "<|im_end|", "snake_case", "CamelCaseWORDSHere", "ªb",
        "Ⅷ", "½²³", "٣٤٥",
        "ǅ", "ʰ", "naïve", "e\u0301\u0323", "\u0301", "\u0301\u0301A", "温度", "日本語テキスト", "ひらがな", "한국어", "ไทย", "हिन्दी",
        "العربية", "עברית", "Ελληνικά", "Русский", "ქართული", "👩‍👩‍👧", "🔥", "🇩🇪", "𝔘𝔫𝔦", "𐐀𐐨", "𠀀𠀁",
        "—", "…",
        "“quoted”", "€5",
        "，。", "！", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\ufffd", "\0", "\u0007", "\u001b[0m",
        "a\u0308B", "ſ", "İ",
    ];

    private static readonly string[] Gaps =
        ["", "", " ", " ", " ", "  ", "    ", "\t", "\n", "\r\n", "\n\n ", " \n", "\v", "\u3000 "];

    private readonly Random _random = new(seed);

    public string Next(int partsMax = 12)
    {
        var text = new StringBuilder();
        for (int part = _random.Next(partsMax + 1); part > 0; part--)
        {
            text.Append(Gaps[_random.Next(Gaps.Length)]);
            if (_random.Next(4) > 0) text.Append(Words[_random.Next(Words.Length)]);
            else AppendRune(text);
        }
        return text.Append(Gaps[_random.Next(Gaps.Length)]).ToString();
    }

    private void AppendRune(StringBuilder text)
    {
        int planeEnd = _random.Next(4) switch { 0 => 0x80, 1 => 0x800, 2 => 0x10000, _ => 0x110000 };
        int value = _random.Next(planeEnd);
        text.Append(Rune.IsValid(value) ? new Rune(value) : Rune.ReplacementChar);
    }
}
