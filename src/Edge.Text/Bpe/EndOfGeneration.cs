namespace Edge.Text;

/// <summary>Which tokens end a reply.</summary>
internal static class EndOfGeneration
{
    // Spellings of the public model families: a file's eos_token_id alone misses the end of a turn in many of them.
    private static readonly string[] Spellings =
    [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>",
        "<|return|>", "<|call|>",
        "<end_of_turn>", "<end_of_utterance>", "<EOT>", "</s>",
    ];

    /// <summary>A spelling that no ordinary text token has.</summary>
    public static bool IsUnmistakable(string token) =>
        token.StartsWith("<|", StringComparison.Ordinal) && IsSpelling(token);

    /// <summary>One flag per token. Errors: GgufException where an id is out of range.</summary>
    public static bool[] Mark(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        var marks = new bool[vocabulary.Count];
        foreach (string key in new[] { TokenizerMetadata.EosKey, TokenizerMetadata.EotKey, TokenizerMetadata.EomKey })
        {
            if (metadata.FindId(key) is { } id) marks[id] = true;
        }
        foreach (int id in metadata.EndIds()) marks[id] = true;
        for (int id = 0; id < marks.Length; id++)
        {
            bool special = vocabulary.Type(id) is TokenType.Control or TokenType.UserDefined;
            if (special && IsSpelling(metadata.Tokens[id])) marks[id] = true;
        }
        return marks;
    }

    private static bool IsSpelling(string token) =>
        token.Length <= 20 && token.StartsWith('<') && Spellings.Contains(token);
}
