using Edge.Gguf;
using Edge.Text;

namespace Edge.Fuzz;

/// <summary>A file whose metadata is a tokenizer of one of the four families, damaged in its bytes or in its meaning:
/// refused with a place, or it encodes and decodes.</summary>
internal static class TokenizerTarget
{
    private const string Sample = "The dog's 12 ÄPFEL\t温度 e\u0301 🔥\u2581 <|im_end|>[SEP]\n\n  x ";
    private static readonly string[] Models = ["gpt2", "llama", "t5", "bert"];
    private static readonly string Folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    public static FuzzTarget Row { get; } = new("tokenizer", Run)
    {
        Refusals = [typeof(GgufException)],
        Complaint = static (e, input) => GgufTarget.Row.Complaint(e, input)
            ?? (e.Message.Contains(' ') ? null : "no sentence"),
        Generate = Generate,
    };

    private static string PathOf(string what) => Path.Combine(
        Folder, $"edge-fuzz-{what}-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.gguf");

    private static void Run(ReadOnlySpan<byte> input)
    {
        string path = PathOf("tokenizer");
        File.WriteAllBytes(path, input);
        try
        {
            Tokenizer tokenizer = Tokenizer.FromGguf(GgufFile.Open(path).Metadata);
            IReadOnlyList<int> ids = tokenizer.EncodeToIds(Sample);
            if (ids.Any(id => (uint)id >= (uint)tokenizer.VocabularySize))
                throw new InvalidOperationException("an id outside the vocabulary");
            string text = tokenizer.Decode(ids);
            var detokenizer = new StreamingDetokenizer(tokenizer);
            var buffer = new char[detokenizer.MaxCharsPerToken];
            int characters = ids.Sum(id => detokenizer.Append(id, buffer)) + detokenizer.Flush(buffer);
            if (characters - text.Length is not (0 or 1))
                throw new InvalidOperationException("streamed text has another length");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A whole vocabulary with, mostly, one thing wrong.</summary>
    private static byte[] Generate(Random random)
    {
        string path = PathOf("vocabulary");
        try
        {
            using (var file = new GgufWriter(path))
            {
                Write(file, Models[random.Next(Models.Length)], random);
                file.Complete();
            }
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Write(GgufWriter file, string model, Random random)
    {
        int fault = random.Next(14);
        List<string> tokens = Tokens(model, random);
        List<int> types = [.. tokens.Select(TypeOf)];
        List<float> scores = [.. tokens.Select((_, id) => model == "t5" ? -0.5f - id : -id)];
        if (fault == 0) tokens[random.Next(tokens.Count)] = tokens[random.Next(tokens.Count)];
        if (fault == 1) tokens[random.Next(tokens.Count)] = new string((char)random.Next(0xD7FF), random.Next(300));
        if (fault == 2) tokens.RemoveRange(random.Next(tokens.Count), 1);
        if (fault == 3) types[random.Next(types.Count)] = random.Next(-1, 9);
        if (fault == 4) scores[random.Next(scores.Count)] = BitConverter.Int32BitsToSingle(random.Next());
        if (fault == 5) scores[random.Next(scores.Count)] = float.NaN;
        if (fault == 6) types.RemoveAt(0);
        if (fault == 7) scores.RemoveAt(0);
        file.Set("tokenizer.ggml.model", fault == 8 ? "mystery" : model);
        if (model == "gpt2") file.Set("tokenizer.ggml.pre", fault == 9 ? "mystery" : "qwen2");
        file.SetArray("tokenizer.ggml.tokens", (string[])[.. tokens]);
        file.SetArray("tokenizer.ggml.token_type", (int[])[.. types]);
        if (fault != 10) file.SetArray("tokenizer.ggml.scores", (float[])[.. scores]);
        string[] merges = fault == 11 ? ["a", "b c d", " ", "zz zz"] : ["a b", "ab c"];
        file.SetArray("tokenizer.ggml.merges", merges);
        int id = fault == 12 ? random.Next(-3, tokens.Count * 2) : 0;
        file.Set("tokenizer.ggml.unknown_token_id", id);
        file.Set("tokenizer.ggml.eos_token_id", fault == 12 ? random.Next(-3, tokens.Count * 2) : 1);
        file.Set("tokenizer.ggml.add_eos_token", random.Next(2) == 0);
        file.Set("tokenizer.ggml.remove_extra_whitespaces", random.Next(2) == 0);
        if (model == "t5" && random.Next(2) == 0)
            file.SetArray<byte>("tokenizer.ggml.precompiled_charsmap", Map(random));
    }

    private static List<string> Tokens(string model, Random random)
    {
        List<string> tokens = model == "bert" ? ["[UNK]", "[SEP]", "[CLS]"] : ["<unk>", "<|im_end|>"];
        if (model == "gpt2")
        {
            // GPT-2's alphabet of bytes.
            for (int b = 0, others = 256; b < 256; b++)
            {
                bool itself = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
                tokens.Add(((char)(itself ? b : others++)).ToString());
            }
        }
        else if (model != "bert" && random.Next(3) > 0)
            for (int b = 0; b < 256; b++) tokens.Add($"<0x{b:X2}>");
        return [.. tokens, "ab", "abc", "\u2581", "\u2581the", "\u2581dog", "\u2581d", "og", "e", "x", "温"];
    }

    private static int TypeOf(string token) => token.StartsWith("<0x", StringComparison.Ordinal) ? 6
        : token == "<unk>" ? 2 : token.Length > 3 && token[0] is '<' or '[' && token[^1] is '>' or ']' ? 3 : 1;

    /// <summary>A map of nonsense, its lengths right more often than not.</summary>
    private static byte[] Map(Random random)
    {
        var map = new byte[4 + 4 * random.Next(1, 300) + random.Next(1, 50)];
        random.NextBytes(map);
        int array = (map.Length - 4) / 4 * 4 - 4 * random.Next(1, 10);
        BitConverter.TryWriteBytes(map, random.Next(5) == 0 ? random.Next() : Math.Max(4, array));
        // Values small enough to stand in the texts.
        for (int i = 7; i < map.Length - 1; i += 4) map[i] &= (byte)(random.Next(3) == 0 ? 0xFF : 0x7F);
        if (random.Next(6) > 0) map[^1] = 0;
        return map;
    }
}
