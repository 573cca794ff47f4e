namespace Edge.Gguf;

/// <summary>A model folder (config.json, tokenizer.json, *.safetensors) that cannot be read; the message names the
/// file, the place in it, what is wrong and what to do. It is one printable line, whatever of the folder it
/// quotes.</summary>
/// <param name="place">"byte 17", or a key.</param>
public sealed class ModelFolderException(string file, string place, string what)
    : Exception(Printable.Line($"{file}, {place}: {what}"))
{
    /// <summary>The file's name in the folder.</summary>
    public string File { get; } = file;
    /// <summary>Where in the file the fault was found.</summary>
    public string Place { get; } = place;
}
