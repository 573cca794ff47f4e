using System.Text;
using System.Text.RegularExpressions;
using Edge.Gguf;
using Microsoft.ML.Tokenizers;
using Theirs = Microsoft.ML.Tokenizers.Tokenizer;

namespace Edge.Text.MicrosoftML;

/// <summary>Microsoft.ML.Tokenizers' own tokenizers, loaded from a model file: to compare with ours, or to use in their
/// place.</summary>
public static partial class MicrosoftTokenizers
{
    /// <summary>Errors: GgufException where the file is damaged or of a family that the library lacks.</summary>
    public static Theirs FromGguf(GgufMetadata file) => From(TokenizerMetadata.FromGguf(file));

    internal static Theirs From(TokenizerMetadata metadata) => metadata.Model switch
    {
        TokenizerMetadata.WordPiece => WordPiece(metadata),
        TokenizerMetadata.ByteLevel => ByteLevel(metadata),
        _ => SentencePiece(metadata),
    };

    private static BertTokenizer WordPiece(TokenizerMetadata metadata)
    {
        var lines = new StringBuilder();
        for (int id = 0; id < metadata.Tokens.Count; id++)
        {
            string token = metadata.Tokens[id];
            bool special = metadata.Types is { } types && types[id] != (long)TokenType.Normal;
            bool begins = token.StartsWith(ScorePairs.Space);
            lines.Append(special ? token : begins ? token[1..] : $"##{token}").Append('\n');
        }
        return BertTokenizer.Create(new MemoryStream(Encoding.UTF8.GetBytes(lines.ToString())), new BertOptions
        {
            LowerCaseBeforeTokenization = metadata.Lowercase, RemoveNonSpacingMarks = metadata.StripAccents,
        });
    }

    private static BpeTokenizer ByteLevel(TokenizerMetadata metadata)
    {
        Regex words = metadata.Pre switch
        {
            "gpt-2" => Gpt2(),
            "llama-bpe" or "llama3" => Llama3(),
            "qwen2" => Qwen2(),
            _ => throw metadata.Bad(TokenizerMetadata.PreKey, $"'{metadata.Pre}' has no counterpart in " +
                "Microsoft.ML.Tokenizers here; take gpt-2, llama-bpe or qwen2, or Edge.Text's own tokenizer"),
        };
        var vocabulary = new Dictionary<string, int>();
        for (int id = 0; id < metadata.Tokens.Count; id++) vocabulary.TryAdd(metadata.Tokens[id], id);
        return BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = metadata.Merges, ByteLevel = true, PreTokenizer = new RegexPreTokenizer(words, null),
        });
    }

    private static SentencePieceTokenizer SentencePiece(TokenizerMetadata metadata)
    {
        bool unigram = metadata.Model == TokenizerMetadata.Unigram || metadata.HasProbabilities();
        var stream = new MemoryStream(SentencePieceModel.Write(metadata, unigram));
        return SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2();

    [GeneratedRegex(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" +
        @"\s*[\r\n]+|\s+(?!\S)|\s+")]
    private static partial Regex Llama3();

    [GeneratedRegex(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" +
        @"\s*[\r\n]+|\s+(?!\S)|\s+")]
    private static partial Regex Qwen2();
}
