using Edge.Gguf;

namespace Edge.Agent;

/// <summary>Files that options name and that must be there, told apart in what is wrong with them.</summary>
internal static class InputFile
{
    /// <summary>Null when the file is there; else what is wrong, with <paramref name="remedy"/>, which says what is
    /// taken.</summary>
    public static string? Problem(string path, string remedy)
    {
        if (File.Exists(path)) return null;
        if (Directory.Exists(path)) return $"{path} is a directory; {remedy}";
        return IsDenied(path)
            ? $"{path} cannot be reached: this user may not enter its folder; give it the right, or copy the file"
            : $"{path} does not exist; {remedy}";
    }

    /// <summary>Errors: UserErrorException naming the file and the remedy.</summary>
    public static void Require(string path, string remedy, long bytesMax = long.MaxValue)
    {
        if (Problem(path, remedy) is { } problem) throw new UserErrorException(problem);
        if (FileFacts.LengthOf(path) > bytesMax)
            throw new UserErrorException($"{path} is larger than {bytesMax} bytes; take a part of it");
    }

    /// <summary>Without the byte-order mark that some editors put in front, which is no JSON.</summary>
    public static ReadOnlyMemory<byte> JsonOf(byte[] bytes) =>
        bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;

    // Exists answers false for both; only this call tells them apart.
    private static bool IsDenied(string path)
    {
        try
        {
            File.GetAttributes(path);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
