using Edge.Gguf;
using Edge.Text;

namespace Edge.Tests.Engine;

/// <summary>One token per byte (id = byte) and an end token, through the real tokenizer.</summary>
internal static class TinyVocabulary
{
    public const int End = 256;
    public const int Size = 257;

    public static Tokenizer Tokenizer { get; } = Build();

    public static int[] Ids(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text).Select(b => (int)b)];

    private static Tokenizer Build()
    {
        string path = Path.GetTempFileName();
        try
        {
            Write(path, Spellings());
            return Tokenizer.FromGguf(GgufFile.Open(path).Metadata);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static void Write(string path, string[] spellings)
    {
        using var writer = new GgufWriter(path);
        writer.Set("general.architecture", "llama");
        writer.Set("tokenizer.ggml.model", "gpt2");
        writer.Set("tokenizer.ggml.pre", "gpt-2");
        writer.SetArray("tokenizer.ggml.tokens", spellings);
        int[] types = [.. Enumerable.Repeat(1, 256), 3];
        writer.SetArray<int>("tokenizer.ggml.token_type", types);
        writer.SetArray("tokenizer.ggml.merges", []);
        writer.Set("tokenizer.ggml.eos_token_id", (uint)End);
        writer.Complete();
    }

    // GPT-2 spells the bytes that are no visible Latin-1 character as U+0100 and up.
    public static string[] Spellings()
    {
        var spellings = new string[Size];
        int next = 256;
        for (int b = 0; b < 256; b++)
            spellings[b] = ((char)(b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++)).ToString();
        spellings[End] = "<|end|>";
        return spellings;
    }
}
