namespace Edge.Text;

/// <summary>Where a construct starts in a template's source; both count from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    public TemplateException Error(string what) => new($"chat template, line {Line}, column {Column}: {what}");
}
