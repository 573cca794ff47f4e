using Edge.Gguf;
using Edge.Text;

namespace Edge.Agent;

/// <summary>Turns what can be wrong with a model file into messages that name the file and the remedy.</summary>
internal static class ModelFile
{
    /// <summary>The path itself, or that of the store's model where it is a name of one and no file here.</summary>
    public static string Named(string path)
    {
        if (path.Contains('/') || File.Exists(path) || StateDirectory.Path is null) return path;
        string stored = ModelStore.Own.PathOf(path);
        return File.Exists(stored) ? stored : path;
    }

    public static GgufFile OpenHeader(string path)
    {
        Require(path);
        return Explain(path, () => GgufFile.Open(path));
    }

    public static void Require(string path)
    {
        if (Directory.Exists(path))
            throw new UserErrorException($"{path} is a directory; name the .gguf file in it");
        if (InputFile.Problem(path, "--model takes the path of a .gguf file or a name that 'edge models list' shows")
            is { } problem)
            throw new UserErrorException($"model file {problem}");
    }

    /// <summary>The name by which requests may ask for the model: its file's name without the ending.</summary>
    public static string NameOf(string path) => Path.GetFileNameWithoutExtension(path);

    public static T Explain<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is GgufException or TemplateException)
        {
            throw new UserErrorException($"{path}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} cannot be read: {Sentence.Of(e)}");
        }
    }
}
