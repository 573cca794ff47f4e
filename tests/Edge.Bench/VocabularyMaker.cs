using System.Text;
using Edge.Gguf;
using Edge.Text;

namespace Edge.Bench;

/// <summary>A vocabulary of a text's own words for each family of tokenizers: no real one, but of a real one's size
/// and behaviour; frequent words are one token, the others several.</summary>
internal sealed class VocabularyMaker
{
    public static readonly string[] Families = ["gpt2", "llama", "t5", "bert"];

    private const int WordsMax = 12_000, WordCharsMax = 12;
    private const char SpaceMark = '\u2581';

    private readonly List<string> _words;
    private readonly Dictionary<string, int> _counts = [];

    public VocabularyMaker(string text)
    {
        foreach (string word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            // Long words are cut: a script without spaces has words too.
            for (int at = 0, length; at < word.Length; at += length)
            {
                length = Math.Min(word.Length - at, at == 0 ? WordCharsMax : 2 + (word[at] % 3));
                if (at + length < word.Length && char.IsHighSurrogate(word[at + length - 1])) length--;
                length = Math.Max(length, 1);
                string part = $"{(at == 0 ? " " : "")}{word.AsSpan(at, length)}";
                _counts[part] = _counts.GetValueOrDefault(part) + 1;
            }
        }
        _words = [.. _counts.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal)
            .Take(WordsMax).Select(w => w.Key)];
    }

    public Tokenizer Make(string family)
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-bench-{Guid.NewGuid():N}.gguf");
        try
        {
            using (var file = new GgufWriter(path))
            {
                file.Set("general.architecture", "llama");
                file.Set("tokenizer.ggml.model", family);
                if (family == "gpt2") AddByteLevel(file);
                else AddPieces(file, family);
                file.Complete();
            }
            return Tokenizer.FromGguf(GgufFile.Open(path).Metadata);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Every front of a word is a token: merges go from left to right.</summary>
    private void AddByteLevel(GgufWriter file)
    {
        string[] alphabet = [.. Enumerable.Range(0, 256).Select(b => Spell((byte)b))];
        var tokens = new List<string>(alphabet);
        var known = new HashSet<string>(tokens);
        var merges = new List<string>();
        foreach (string word in _words)
        {
            string front = "";
            foreach (byte b in Encoding.UTF8.GetBytes(word))
            {
                string next = front + alphabet[b];
                if (front.Length > 0 && known.Add(next))
                {
                    tokens.Add(next);
                    merges.Add($"{front} {alphabet[b]}");
                }
                front = next;
            }
        }
        file.Set("tokenizer.ggml.pre", "llama-bpe");
        file.SetArray("tokenizer.ggml.tokens", (string[])[.. tokens]);
        file.SetArray("tokenizer.ggml.merges", (string[])[.. merges]);
    }

    private void AddPieces(GgufWriter file, string family)
    {
        List<string> tokens = ["[UNK]"];
        List<int> types = [2];
        List<float> scores = [0];
        for (int b = 0; b < 256; b++) Add($"<0x{b:X2}>", 6, 0);
        var known = new HashSet<string>();
        double total = _counts.Values.Sum();
        foreach (string word in _words)
        {
            for (int length = 1; length <= word.Length; length++)
            {
                string front = word[..length].Replace(' ', SpaceMark);
                if (char.IsHighSurrogate(front[^1]) || !known.Add(front)) continue;
                // Merges by score go from left to right too; a whole word is more probable than its parts.
                double probability = (length == word.Length ? _counts[word] : 0.1) / total;
                Add(front, 1, (float)(family == "t5" ? Math.Log(probability) : -tokens.Count));
            }
            foreach (Rune rune in word.EnumerateRunes())
            {
                string single = rune.ToString().Replace(' ', SpaceMark);
                if (known.Add(single)) Add(single, 1, (float)(family == "t5" ? Math.Log(0.1 / total) : -tokens.Count));
            }
        }
        file.SetArray("tokenizer.ggml.tokens", (string[])[.. tokens]);
        file.SetArray("tokenizer.ggml.token_type", (int[])[.. types]);
        file.SetArray("tokenizer.ggml.scores", (float[])[.. scores]);
        file.Set("tokenizer.ggml.unknown_token_id", 0u);
        file.Set("tokenizer.ggml.eos_token_id", 0u);

        void Add(string token, int type, float score)
        {
            tokens.Add(token);
            types.Add(type);
            scores.Add(score);
        }
    }

    /// <summary>GPT-2's spelling of a byte.</summary>
    private static string Spell(byte value)
    {
        int others = Enumerable.Range(0, value).Count(b => !Printable(b));
        return ((char)(Printable(value) ? value : 256 + others)).ToString();

        static bool Printable(int b) => b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
    }
}
