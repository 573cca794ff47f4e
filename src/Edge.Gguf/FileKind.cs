namespace Edge.Gguf;

/// <summary>Tells what a file that does not begin with "GGUF" is: mostly a failed download.</summary>
internal static class FileKind
{
    private static readonly (byte[] Start, string Is)[] Known =
    [
        ("version https://git-lfs"u8.ToArray(),
            "a git-lfs pointer, not the model; run 'git lfs pull' or download the file itself"),
        ("<!DOCTYPE"u8.ToArray(), "a web page, not a model; use the direct download link"),
        ("<!doctype"u8.ToArray(), "a web page, not a model; use the direct download link"),
        ("<html"u8.ToArray(), "a web page, not a model; use the direct download link"),
        ("{\"error"u8.ToArray(), "a web server's error message; download the model again"),
        ("FUGG"u8.ToArray(), "a GGUF file with its bytes swapped; take the ordinary download of the model"),
        ("lmgg"u8.ToArray(), "a ggml file from before GGUF; take a GGUF download of the model"),
        ("tjgg"u8.ToArray(), "a ggml file from before GGUF; take a GGUF download of the model"),
        ("fmgg"u8.ToArray(), "a ggml file from before GGUF; take a GGUF download of the model"),
        ("PK\u0003\u0004"u8.ToArray(), "a zip archive or PyTorch checkpoint; take a GGUF download or convert it"),
        ([0x1f, 0x8b], "a gzip archive; unpack it first"),
        ([0x28, 0xb5, 0x2f, 0xfd], "a zstd archive; unpack it first"),
        ("Entry not found"u8.ToArray(), "a web server's 'Entry not found'; correct the download link"),
        ("Invalid username"u8.ToArray(), "a web server's refusal; log in there and download the model again"),
    ];

    /// <summary>Takes the four bytes of the magic. Errors: GgufException that names what the file is instead.</summary>
    public static void RequireGguf(HeaderCursor cursor)
    {
        if (cursor.FileBytes == 0) throw new GgufException("the file is empty; download it again", 0);
        int peek = (int)Math.Min(32, cursor.FileBytes);
        ReadOnlySpan<byte> start = cursor.Peek(peek);
        if (start.StartsWith("GGUF"u8)) cursor.Take(4, "the magic");
        else throw new GgufException(Describe(start), 0);
    }

    private static string Describe(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] known, string what) in Known)
            if (start.StartsWith(known)) return $"this is {what}";
        if (start.Length >= 10 && start[8] == '{' && start[9] == '"')
            return "this is a safetensors file; take a GGUF download of the model or convert it";
        if ("GGUF"u8.StartsWith(start)) return $"truncated: the file has {start.Length} bytes; download it again";
        if (start.IndexOfAnyExcept((byte)0) < 0)
            return "the file begins with zeros (a download that was reserved and never finished?); download it again";
        string first = Convert.ToHexString(start[..Math.Min(4, start.Length)]);
        return $"the first bytes are {first}, not 'GGUF' (47475546); this is no GGUF file, take a GGUF download";
    }
}
