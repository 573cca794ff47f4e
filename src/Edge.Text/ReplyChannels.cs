namespace Edge.Text;

/// <summary>Which tokens of a reply are its answer, where a model writes in channels as gpt-oss does: those of the
/// final channel, not those in which it thinks. Follows prompt and reply token by token, allocates nothing per token.
/// One per slot, one thread at a time.</summary>
/// <remarks>Source: OpenAI's harmony format: a message is
/// <c>&lt;|start|&gt;ROLE&lt;|channel|&gt;NAME&lt;|message|&gt;TEXT&lt;|end|&gt;</c>; a reply goes on where the
/// template stopped, which is behind the role.</remarks>
public sealed class ReplyChannels
{
    /// <summary>Plain: no message has begun, as in a prompt of other form.</summary>
    private enum Part { Plain, Header, Name, Text }

    private readonly Tokenizer _tokenizer;
    private readonly int _start, _channel, _message, _end;
    private readonly int? _constrain;
    private readonly byte[] _name = new byte[16];
    private Part _part;
    private int _nameLength;
    private bool _hasName, _isAnswer, _mayLackHeader;

    private ReplyChannels(Tokenizer tokenizer, int start, int channel, int message, int end)
    {
        (_tokenizer, _start, _channel, _message, _end) = (tokenizer, start, channel, message, end);
        _constrain = tokenizer.FindSpecial("<|constrain|>");
    }

    /// <summary>Null where the vocabulary has no channels: then all of a reply is its answer.</summary>
    public static ReplyChannels? Find(Tokenizer tokenizer) =>
        tokenizer.FindSpecial("<|start|>") is { } start && tokenizer.FindSpecial("<|channel|>") is { } channel
            && tokenizer.FindSpecial("<|message|>") is { } message && tokenizer.FindSpecial("<|end|>") is { } end
            ? new(tokenizer, start, channel, message, end) : null;

    /// <summary>Starts a reply behind <paramref name="prompt"/>.</summary>
    public void Begin(IReadOnlyList<int> prompt)
    {
        (_part, _hasName, _isAnswer, _mayLackHeader) = (Part.Plain, false, true, false);
        for (int i = 0; i < prompt.Count; i++) Shows(prompt[i]);
        _mayLackHeader = AwaitsChannel;
    }

    /// <summary>Takes the next token; true where its text belongs to the answer.</summary>
    public bool Shows(int token)
    {
        bool mark = true;
        if (token == _start) (_part, _hasName) = (Part.Header, false);
        else if (token == _channel) (_part, _hasName, _nameLength) = (Part.Name, true, 0);
        else if (token == _message) (_part, _isAnswer) = (Part.Text, !_hasName || IsFinal());
        else if (token == _constrain) _part = _part == Part.Name ? Part.Header : _part;
        else if (token == _end || _tokenizer.IsEndOfGeneration(token))
            (_part, _hasName) = (_part == Part.Plain ? Part.Plain : Part.Header, true);
        else mark = false;
        // A reply that begins with text where a channel should stand is taken for an answer: better than none.
        if (!mark && _mayLackHeader) _part = Part.Plain;
        _mayLackHeader = false;
        if (!mark && _part == Part.Name) Spell(token);
        return !mark && (_part == Part.Plain || (_part == Part.Text && _isAnswer));
    }

    /// <summary>What to write behind <paramref name="prompt"/> so that the reply begins with its answer; nothing where
    /// it does already.</summary>
    public IReadOnlyList<int> AnswerPrefix(IReadOnlyList<int> prompt)
    {
        Begin(prompt);
        return !AwaitsChannel ? []
            : [_channel, .. _tokenizer.EncodeToIds("final", addSpecial: false, parseSpecial: false), _message];
    }

    private bool AwaitsChannel => _part == Part.Header && !_hasName;

    private void Spell(int token)
    {
        foreach (byte value in _tokenizer.TokenBytes(token))
            if (_nameLength < _name.Length) _name[_nameLength++] = value;
    }

    private bool IsFinal()
    {
        ReadOnlySpan<byte> name = _name.AsSpan(0, _nameLength).Trim((byte)' ');
        return name.SequenceEqual("final"u8) || name.StartsWith("final "u8);
    }
}
