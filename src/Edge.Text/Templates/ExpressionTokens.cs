using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>Names, literals and signs inside a tag.</summary>
internal static class ExpressionTokens
{
    // Longer signs first: the first that fits is taken.
    private static readonly string[] Signs =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=",
        "(", ")", "[", "]", "{", "}", ",", ":", ".", "|",
    ];

    /// <summary>Reads the token at <paramref name="at"/>, which is no space. Errors: TemplateException.</summary>
    public static TemplateToken Read(string source, ref int at, Place place)
    {
        char first = source[at];
        if (char.IsLetter(first) || first == '_') return new(TokenKind.Name, Name(source, ref at, place), place);
        if (char.IsAsciiDigit(first)) return Number(source, ref at, place);
        if (first is '\'' or '"') return new(TokenKind.Text, Literal(source, ref at, place), place);
        foreach (string sign in Signs)
        {
            if (string.CompareOrdinal(source, at, sign, 0, sign.Length) != 0) continue;
            at += sign.Length;
            return new(TokenKind.Sign, sign, place);
        }
        throw place.Error($"unexpected character '{first}'");
    }

    private static string Name(string source, ref int at, Place place)
    {
        int start = at;
        while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_')) at++;
        // Every look-up hashes the whole name.
        if (at - start > TemplateLimits.NameCharsMax)
            throw place.Error($"the name exceeds the limit of {TemplateLimits.NameCharsMax} characters");
        return source[start..at];
    }

    private static TemplateToken Number(string source, ref int at, Place place)
    {
        int start = at;
        at = Digits(source, at);
        bool real = false, item = start > 0 && source[start - 1] == '.';
        // In 'x.0.1' the numbers are items of x, not a real.
        if (!item && at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
        {
            (real, at) = (true, Digits(source, at + 1));
        }
        if (at < source.Length && source[at] is 'e' or 'E')
        {
            int exponent = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
                (real, at) = (true, Digits(source, exponent));
        }
        string text = source[start..at].Replace("_", "");
        if (!real && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw place.Error("the integer does not fit 64 bits");
        }
        return new(real ? TokenKind.Real : TokenKind.Integer, text, place);
    }

    private static int Digits(string source, int at)
    {
        while (at < source.Length && (char.IsAsciiDigit(source[at]) || source[at] == '_')) at++;
        return at;
    }

    private static string Literal(string source, ref int at, Place place)
    {
        char quote = source[at++];
        var text = new StringBuilder();
        while (at < source.Length && source[at] != quote)
        {
            char c = source[at++];
            if (c == '\\' && at < source.Length) Escape(source, ref at, text, place);
            else text.Append(c);
        }
        if (at == source.Length) throw place.Error("the string has no closing quote");
        at++;
        return text.ToString();
    }

    private static void Escape(string source, ref int at, StringBuilder text, Place place)
    {
        char c = source[at++];
        switch (c)
        {
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            case 'a': text.Append('\a'); break;
            case '\n': break;
            case '\\' or '\'' or '"': text.Append(c); break;
            case >= '0' and <= '7':
                int octal = c - '0';
                for (int i = 0; i < 2 && at < source.Length && source[at] is >= '0' and <= '7'; i++)
                    octal = (octal * 8) + source[at++] - '0';
                text.Append((char)octal);
                break;
            case 'x' or 'u' or 'U': Hex(source, ref at, c switch { 'x' => 2, 'u' => 4, _ => 8 }, text, place); break;
            default: text.Append('\\').Append(c); break;
        }
    }

    private static void Hex(string source, ref int at, int digits, StringBuilder text, Place place)
    {
        if (at + digits > source.Length
            || !int.TryParse(source.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out int value)
            || value is < 0 or > 0x10FFFF)
        {
            throw place.Error("the string has a bad \\x, \\u or \\U escape");
        }
        at += digits;
        if (value <= char.MaxValue) text.Append((char)value);
        else text.Append(char.ConvertFromUtf32(value));
    }
}
