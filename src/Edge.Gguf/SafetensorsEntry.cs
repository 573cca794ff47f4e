namespace Edge.Gguf;

/// <summary>One tensor of a safetensors file. Shape[0] is the outermost dimension; Offset is absolute, in bytes; Place
/// is where the header names it.</summary>
public sealed record SafetensorsEntry(
    SafetensorsFile File, string Name, string Type, IReadOnlyList<long> Shape, long Offset, long Bytes, long Place)
{
    public long Elements
    {
        get
        {
            long n = 1;
            foreach (long length in Shape) n *= length;
            return n;
        }
    }

    /// <summary>An error at this tensor.</summary>
    public ModelFolderException Wrong(string what) =>
        new(Path.GetFileName(File.Path), $"byte {Place}", $"tensor {Printable.Quote(Name)} {what}");
}
