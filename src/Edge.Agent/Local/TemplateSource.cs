using Edge.Text;

namespace Edge.Agent;

/// <summary>A chat template that takes the place of the model file's own.</summary>
internal static class TemplateSource
{
    private const int BytesMax = 256 * 1024;

    public static string Help { get; } =
        $"A chat template instead of the model's own: a file of Jinja text, or one of {KnownTemplates.Names}.";

    /// <summary>The Jinja text of a name or a file; null of null. Errors: UserErrorException naming the file and what
    /// is wrong with it.</summary>
    public static string? Read(string? nameOrFile)
    {
        if (nameOrFile is null) return null;
        if (KnownTemplates.Find(nameOrFile) is { } known) return known;
        InputFile.Require(
            nameOrFile, $"a template is a file of Jinja text or one of {KnownTemplates.Names}", BytesMax);
        try
        {
            string text = File.ReadAllText(nameOrFile);
            _ = ChatTemplate.Parse(text);
            return text;
        }
        catch (TemplateException e)
        {
            throw new UserErrorException($"template {nameOrFile}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"template {nameOrFile} cannot be read: {Sentence.Of(e)}");
        }
    }
}
