namespace Edge.Text;

internal enum TokenKind { Data, PrintBegin, PrintEnd, BlockBegin, BlockEnd, Name, Text, Integer, Real, Sign, End }

/// <summary>One token of a template. Text: the characters, for Text with escapes resolved.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, Place Place)
{
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.PrintEnd => "'}}'",
        TokenKind.Data or TokenKind.PrintBegin or TokenKind.BlockBegin => "the end of the expression",
        _ => $"'{(Text.Length <= 40 ? Text : Text[..40] + "…")}'",
    };
}
