namespace Edge.Text;

/// <summary>Which tokens end a reply.</summary>
internal static class EndOfGeneration
{
    // Spellings of the public model families: a file's eos_token_id alone misses the end of a turn in many of them.
    private static readonly string[] Spellings =
    [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", Message, "<|endoftext|>", "<|end_of_text|>",
        "<|return|>", "<|call|>", "<|calls|>", "<|flush|>",
        "<end_of_turn>", "<end_of_utterance>", "<EOT>", "_<EOT>", "<\uff5cend\u2581of\u2581sentence\uff5c>",
    ];

    /// <summary>Texts that mean something else in other vocabularies: in Gemma's the tag of HTML. They end a reply only
    /// as control tokens.</summary>
    private static readonly string[] Mistakable = ["</s>", "<eos>", "[EOS]", "[EOT]", "[e~["];

    /// <summary>Ends a turn (Phi 3), or one message of several in a turn (gpt-oss, Solar).</summary>
    private const string Message = "<|end|>";

    private const int CharsMax = 20;

    /// <summary>A spelling that no ordinary text token has.</summary>
    public static bool IsUnmistakable(string token) =>
        token.StartsWith("<|", StringComparison.Ordinal) && IsOneOf(Spellings, token);

    /// <summary>One flag per token.</summary>
    public static bool[] Mark(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        var marks = new bool[vocabulary.Count];
        foreach (string key in new[] { TokenizerMetadata.EosKey, TokenizerMetadata.EotKey, TokenizerMetadata.EomKey })
        {
            if (metadata.FindId(key) is { } id) marks[id] = true;
        }
        var found = new HashSet<string>();
        int message = -1;
        for (int id = 0; id < marks.Length; id++)
        {
            TokenType type = vocabulary.Type(id);
            if (type is not (TokenType.Control or TokenType.UserDefined)) continue;
            string token = metadata.Tokens[id];
            bool ends = IsOneOf(Spellings, token) || (type == TokenType.Control && IsOneOf(Mistakable, token));
            if (!ends) continue;
            marks[id] = true;
            found.Add(token);
            if (token == Message) message = id;
        }
        // Whoever has tokens of their own for the end of a reply, ends only a message by this one.
        bool calls = found.Contains("<|call|>") || found.Contains("<|calls|>");
        if (message >= 0 && calls && (found.Contains("<|return|>") || found.Contains("<|flush|>")))
            marks[message] = false;
        return marks;
    }

    private static bool IsOneOf(string[] spellings, string token) =>
        token.Length <= CharsMax && spellings.Contains(token);
}
