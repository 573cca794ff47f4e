namespace Edge.Gguf;

/// <summary>A file that cannot be read as GGUF; the message names the byte offset, what is wrong and what to do. It is
/// one printable line, whatever of the file it quotes.</summary>
public sealed class GgufException(string what, long byteOffset)
    : Exception($"GGUF at byte {byteOffset}: {Printable.Line(what)}")
{
    /// <summary>Where in the file the fault was found, in bytes from its start.</summary>
    public long ByteOffset { get; } = byteOffset;
}
