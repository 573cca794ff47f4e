namespace Edge.Text;

/// <summary>A place in the tokens of a template, and how deep in it the parser is.</summary>
internal sealed class TokenCursor(List<TemplateToken> tokens)
{
    private int _at, _nesting;

    public TemplateToken Current => tokens[_at];

    public TemplateToken Take() => Current.Kind == TokenKind.End ? Current : tokens[_at++];

    public bool Is(TokenKind kind) => Current.Kind == kind;

    public bool IsSign(string sign) => Current.Kind == TokenKind.Sign && Current.Text == sign;

    public bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    /// <summary>Takes the tag <c>{% name</c> when the next tag is that.</summary>
    public string? TagName() => Is(TokenKind.BlockBegin) && tokens[_at + 1].Kind == TokenKind.Name
        ? tokens[_at + 1].Text : null;

    public bool TakeSign(string sign)
    {
        if (!IsSign(sign)) return false;
        _at++;
        return true;
    }

    public bool TakeName(string name)
    {
        if (!IsName(name)) return false;
        _at++;
        return true;
    }

    public bool NextIsSign(string sign) =>
        _at + 1 < tokens.Count && tokens[_at + 1].Kind == TokenKind.Sign && tokens[_at + 1].Text == sign;

    public void ExpectSign(string sign)
    {
        if (!TakeSign(sign)) throw Current.Place.Error($"expected '{sign}', not {Current}");
    }

    public void ExpectName(string name)
    {
        if (!TakeName(name)) throw Current.Place.Error($"expected '{name}', not {Current}");
    }

    public TemplateToken Expect(TokenKind kind, string what) =>
        Is(kind) ? Take() : throw Current.Place.Error($"expected {what}, not {Current}");

    public void Enter()
    {
        if (++_nesting > TemplateLimits.NestingMax)
        {
            throw Current.Place.Error(
                $"the template exceeds the limit of {TemplateLimits.NestingMax} nested constructs");
        }
    }

    public void Leave() => _nesting--;
}
