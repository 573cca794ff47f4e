using System.Globalization;

namespace Edge.Text;

/// <summary>
/// Reads the regular-expression subset of <c>pattern</c>: literals, classes, \d \w \s and their complements, \t \n \r
/// \f \v \xHH \uHHHH, ., groups (also (?:…)), |, ? * + {m} {m,} {m,n}, ^ and $ at the ends of the top-level
/// alternatives. Without an anchor the pattern may match anywhere, as JSON Schema says. Errors: any other construct
/// is refused by name.
/// </summary>
internal sealed class PatternParser
{
    private readonly string _text;
    private readonly string _pointer;
    private int _at;
    private int _depth;

    private PatternParser(string text, string pointer) => (_text, _pointer) = (text, pointer);

    public static PatternNode Parse(string text, string pointer)
    {
        if (text.Length > GrammarLimits.PatternCharsMax)
            throw SchemaRefusedException.At("pattern", pointer,
                $"longer than {GrammarLimits.PatternCharsMax} characters; shorten it");
        return new PatternParser(text, pointer).TopLevel();
    }

    private PatternNode TopLevel()
    {
        var options = new List<PatternNode>();
        do
        {
            var parts = new List<PatternNode>();
            if (!Take('^'))
                parts.Add(new PatternNode.Repeat(PatternNode.Any, 0, -1));
            parts.Add(Sequence());
            if (!Take('$'))
                parts.Add(new PatternNode.Repeat(PatternNode.Any, 0, -1));
            options.Add(new PatternNode.Sequence(parts));
        }
        while (Take('|'));
        if (_at < _text.Length)
            throw Refused(_text[_at] == ')' ? "a ) without ("
                : $"'{_text[_at]}' here; an anchor may only begin or end the pattern");
        return options.Count == 1 ? options[0] : new PatternNode.Choice(options);
    }

    private PatternNode.Choice Group()
    {
        if (++_depth > GrammarLimits.PatternDepthMax)
            throw Refused($"more than {GrammarLimits.PatternDepthMax} nested groups");
        var options = new List<PatternNode>();
        do
            options.Add(Sequence());
        while (Take('|'));
        if (!Take(')'))
            throw Refused(_at < _text.Length ? "an anchor inside a group; put it at the ends of the pattern"
                : "a ( without )");
        _depth--;
        return new PatternNode.Choice(options);
    }

    private PatternNode.Sequence Sequence()
    {
        var parts = new List<PatternNode>();
        while (_at < _text.Length && _text[_at] is not ('|' or ')' or '^' or '$'))
            parts.Add(Quantified(Atom()));
        return new PatternNode.Sequence(parts);
    }

    private PatternNode Quantified(PatternNode atom)
    {
        if (_at >= _text.Length)
            return atom;
        int min, max;
        switch (_text[_at])
        {
            case '?': (min, max) = (0, 1); break;
            case '*': (min, max) = (0, -1); break;
            case '+': (min, max) = (1, -1); break;
            case '{': (min, max) = Braces(); break;
            default: return atom;
        }
        _at++;
        if (_at < _text.Length && _text[_at] is '?' or '+' or '*' or '{')
            throw Refused("a lazy, possessive or doubled quantifier; it says nothing about what matches");
        return new PatternNode.Repeat(atom, min, max);
    }

    /// <summary>{m}, {m,} or {m,n}; leaves the position on the closing brace.</summary>
    private (int Min, int Max) Braces()
    {
        var close = _text.IndexOf('}', _at);
        var body = close < 0 ? "" : _text[(_at + 1)..close];
        var comma = body.IndexOf(',');
        var first = comma < 0 ? body : body[..comma];
        var second = comma < 0 ? body : body[(comma + 1)..];
        if (!Number(first, out var min) || !(Number(second, out var max) || (comma >= 0 && second.Length == 0)))
            throw Refused("a { that is not {m}, {m,} or {m,n}; write \\{ for the character");
        if (second.Length == 0)
            max = -1;
        if (min > GrammarLimits.RepeatMax || max > GrammarLimits.RepeatMax || (max >= 0 && max < min))
            throw Refused($"{{{body}}}: a repetition must rise and stay within {GrammarLimits.RepeatMax}");
        _at = close;
        return (min, max);
    }

    private static bool Number(string digits, out int value) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private PatternNode Atom()
    {
        var c = _text[_at];
        switch (c)
        {
            case '(':
                _at++;
                if (Take('?') && !Take(':'))
                    throw Refused("a (?…) group (look-around, name or flag); only ( ) and (?: ) are known");
                return Group();
            case '[':
                _at++;
                return new PatternNode.Set(Class());
            case '.':
                _at++;
                return new PatternNode.Set(CodePoints.Complement(CodePoints.LineEnd));
            case '\\':
                var ranges = new List<(int Lo, int Hi)>();
                var single = Escape(ranges, inClass: false);
                return new PatternNode.Set(single >= 0 ? [(single, single)] : CodePoints.Normalise(ranges));
            case '*' or '+' or '?' or '{' or '}' or ']':
                throw Refused($"'{c}' with nothing to repeat or open; write \\{c} for the character");
            default:
                var literal = Literal();
                return new PatternNode.Set([(literal, literal)]);
        }
    }

    private List<(int Lo, int Hi)> Class()
    {
        var negated = Take('^');
        var ranges = new List<(int Lo, int Hi)>();
        while (true)
        {
            if (_at >= _text.Length)
                throw Refused("a [ without ]");
            if (Take(']'))
                break;
            var lo = ClassItem(ranges, negated);
            if (lo < 0 || _at + 1 >= _text.Length || _text[_at] != '-' || _text[_at + 1] == ']')
            {
                if (lo >= 0)
                    ranges.Add((lo, lo));
                continue;
            }
            _at++;
            var hi = ClassItem(ranges, negated);
            if (hi < lo)
                throw Refused("a range in [ ] that falls or ends in a class");
            ranges.Add((lo, hi));
        }
        var set = negated ? CodePoints.Complement(ranges) : CodePoints.Normalise(ranges);
        return set.Count > 0 ? set : throw Refused("a class [ ] that matches nothing");
    }

    private int ClassItem(List<(int Lo, int Hi)> ranges, bool negated)
    {
        if (_text[_at] == '\\')
            return Escape(ranges, inClass: true, negated);
        return _text[_at] == '[' ? throw Refused("'[' inside [ ]; write \\[ for the character") : Literal();
    }

    /// <summary>A code point, or -1 after adding a whole class to <paramref name="ranges"/>.</summary>
    private int Escape(List<(int Lo, int Hi)> ranges, bool inClass, bool negated = false)
    {
        if (++_at >= _text.Length)
            throw Refused("a \\ at the end");
        var c = _text[_at++];
        switch (c)
        {
            case 'd': ranges.AddRange(CodePoints.Digit); return -1;
            case 'D': ranges.AddRange(CodePoints.Complement(CodePoints.Digit)); return -1;
            case 'w': ranges.AddRange(CodePoints.Word); return -1;
            case 'W': ranges.AddRange(CodePoints.Complement(CodePoints.Word)); return -1;
            // Engines differ in what else is a space: take the reading that every one of them accepts.
            case 's': ranges.AddRange(negated ? CodePoints.SpaceWide : CodePoints.Space); return -1;
            case 'S': ranges.AddRange(CodePoints.Complement(negated ? CodePoints.Space
                : CodePoints.SpaceWide)); return -1;
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'x': return Hex(2);
            case 'u': return Hex(4);
            case >= '0' and <= '9': throw Refused($"\\{c} (a back-reference); repeat the part itself");
            case >= 'a' and <= 'z' or >= 'A' and <= 'Z':
                throw Refused($"\\{c}{(inClass ? " in a class" : "")}; known escapes are "
                    + "\\d \\w \\s \\D \\W \\S \\t \\n \\r \\f \\v \\xHH \\uHHHH");
            default:
                _at--;
                return Literal();
        }
    }

    private int Hex(int digits)
    {
        if (_at + digits > _text.Length
            || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out var value))
            throw Refused($"an escape that needs {digits} hexadecimal digits");
        _at += digits;
        return value is >= 0xD800 and <= 0xDFFF ? throw Refused("half a surrogate pair; write the character itself")
            : value;
    }

    private int Literal()
    {
        if (char.IsHighSurrogate(_text[_at]) && _at + 1 < _text.Length && char.IsLowSurrogate(_text[_at + 1]))
        {
            _at += 2;
            return char.ConvertToUtf32(_text[_at - 2], _text[_at - 1]);
        }
        return char.IsSurrogate(_text[_at]) ? throw Refused("half a surrogate pair") : _text[_at++];
    }

    private bool Take(char c)
    {
        if (_at >= _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private SchemaRefusedException Refused(string what) =>
        SchemaRefusedException.At("pattern", _pointer, $"at character {_at}: {what}");
}
