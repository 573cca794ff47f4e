namespace Edge.Text;

/// <summary>Cuts a template into tokens; whitespace around tags as Jinja has it with trim_blocks and lstrip_blocks
/// on.</summary>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    // Line and column are counted on from here, so that asking for a place does not scan the source again.
    private int _placeAt, _placeLine = 1, _placeLineStart;
    private bool _lineStarting = true;

    private TemplateLexer(string source)
    {
        _source = source.Replace("\r\n", "\n").Replace('\r', '\n');
        if (_source.EndsWith('\n')) _source = _source[..^1];
    }

    public static List<TemplateToken> Cut(string source)
    {
        if (source.Length > TemplateLimits.SourceCharsMax)
        {
            throw new TemplateException(
                $"chat template of {source.Length} characters; the limit is {TemplateLimits.SourceCharsMax}");
        }
        var lexer = new TemplateLexer(source);
        while (lexer._at < lexer._source.Length) lexer.DataThenTag();
        lexer.Add(TokenKind.End, "", lexer.Here());
        return lexer._tokens;
    }

    private void DataThenTag()
    {
        int start = _at, open = NextTag();
        char kind = open < _source.Length ? _source[open + 1] : '\0';
        int inner = open + 2;
        char sign = inner < _source.Length && kind != '\0' ? _source[inner] : '\0';
        Place dataPlace = Here();
        AddData(start, DataEnd(start, open, kind, sign), dataPlace);
        _at = open;
        if (kind == '\0') return;
        Place place = Here();
        _at = sign is '-' or '+' ? inner + 1 : inner;
        if (kind == '#') Comment(place);
        else if (kind == '{') Inside(TokenKind.PrintBegin, TokenKind.PrintEnd, "}}", place);
        else if (!TryRaw(place)) Inside(TokenKind.BlockBegin, TokenKind.BlockEnd, "%}", place);
    }

    private int NextTag()
    {
        for (int at = _at; (at = _source.IndexOf('{', at)) >= 0 && at + 1 < _source.Length; at++)
        {
            if (_source[at + 1] is '{' or '%' or '#') return at;
        }
        return _source.Length;
    }

    private int DataEnd(int start, int open, char kind, char sign)
    {
        int end = open;
        if (sign == '-')
        {
            while (end > start && char.IsWhiteSpace(_source[end - 1])) end--;
        }
        else if (sign != '+' && kind is '%' or '#')
        {
            while (end > start && _source[end - 1] != '\n' && char.IsWhiteSpace(_source[end - 1])) end--;
            bool lineStart = end > start ? _source[end - 1] == '\n' : _lineStarting;
            if (!lineStart) end = open;
        }
        return end;
    }

    private void AddData(int start, int end, Place place)
    {
        if (end > start) Add(TokenKind.Data, _source[start..end], place);
    }

    private void Comment(Place place)
    {
        int close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0) throw place.Error("the comment '{#' has no '#}'");
        // In '{#-#}' one sign serves both sides.
        char sign = close > 0 ? _source[close - 1] : '\0';
        AfterTag(close + 2, sign, trimNewline: true);
    }

    private bool TryRaw(Place place)
    {
        int at = SkipSpaces(_at);
        if (!_source.AsSpan(at).StartsWith("raw")) return false;
        at = SkipSpaces(at + 3);
        bool strips = at < _source.Length && _source[at] == '-';
        if (strips) at++;
        if (!_source.AsSpan(at).StartsWith("%}")) return false;
        int start = strips ? SkipSpaces(at + 2) : at + 2;
        for (int open = start; (open = _source.IndexOf("{%", open, StringComparison.Ordinal)) >= 0; open++)
        {
            char sign = open + 2 < _source.Length ? _source[open + 2] : '\0';
            int name = SkipSpaces(sign is '-' or '+' ? open + 3 : open + 2);
            if (!_source.AsSpan(name).StartsWith("endraw")) continue;
            int close = SkipSpaces(name + 6);
            char closeSign = close < _source.Length ? _source[close] : '\0';
            if (closeSign is '-' or '+') close++;
            if (!_source.AsSpan(close).StartsWith("%}")) continue;
            _lineStarting = false;
            AddData(start, DataEnd(start, open, '%', sign), place);
            AfterTag(close + 2, closeSign, trimNewline: true);
            return true;
        }
        throw place.Error("'{% raw %}' has no '{% endraw %}'");
    }

    private void Inside(TokenKind begin, TokenKind end, string close, Place place)
    {
        Add(begin, "", place);
        var open = new Stack<char>();
        while (true)
        {
            _at = SkipSpaces(_at);
            if (_at >= _source.Length) throw place.Error($"the tag has no '{close}'");
            ReadOnlySpan<char> rest = _source.AsSpan(_at);
            char sign = rest[0] is '-' or '+' ? rest[0] : '\0';
            if (open.Count == 0 && rest[(sign == '\0' ? 0 : 1)..].StartsWith(close))
            {
                Add(end, "", Here());
                AfterTag(_at + (sign == '\0' ? 2 : 3), sign, trimNewline: end == TokenKind.BlockEnd);
                return;
            }
            TemplateToken token = ExpressionTokens.Read(_source, ref _at, Here());
            if (token.Kind == TokenKind.Sign && token.Text is "(" or "[" or "{") open.Push(token.Text[0]);
            else if (token.Kind == TokenKind.Sign && token.Text is ")" or "]" or "}")
            {
                if (!open.TryPop(out char opened) || "([{".IndexOf(opened) != ")]}".IndexOf(token.Text[0]))
                {
                    throw token.Place.Error($"unexpected '{token.Text}'");
                }
            }
            _tokens.Add(token);
        }
    }

    private void AfterTag(int at, char sign, bool trimNewline)
    {
        int end = at;
        if (sign == '-') end = SkipSpaces(at);
        else if (sign != '+' && trimNewline && at < _source.Length && _source[at] == '\n') end = at + 1;
        _lineStarting = end > at && _source[end - 1] == '\n';
        _at = end;
    }

    private int SkipSpaces(int at)
    {
        while (at < _source.Length && char.IsWhiteSpace(_source[at])) at++;
        return at;
    }

    private Place Here()
    {
        for (; _placeAt < _at; _placeAt++)
        {
            if (_source[_placeAt] == '\n') (_placeLine, _placeLineStart) = (_placeLine + 1, _placeAt + 1);
        }
        return new(_placeLine, _at - _placeLineStart + 1);
    }

    private void Add(TokenKind kind, string text, Place place) => _tokens.Add(new(kind, text, place));
}
