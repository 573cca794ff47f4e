using Edge.Text;

namespace Edge.Engine;

/// <summary>From tokens to the sink: the answer's tokens, whole characters, stop strings cut, what may become one held
/// back.</summary>
internal sealed class ReplyText(Tokenizer tokenizer, int contextLength)
{
    // A guess that fits nearly all text; a longer reply grows the buffer once and keeps it.
    private const int CharsPerToken = 8;
    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly ReplyChannels? _channels = ReplyChannels.Find(tokenizer);
    private readonly StopMatcher _matcher = new(contextLength * CharsPerToken);

    public bool Stopped => _matcher.Stopped;
    public string Text => _matcher.Text;

    public void Reset(IReadOnlyList<string> stops, IReadOnlyList<int> prompt)
    {
        _detokenizer.Reset();
        _channels?.Begin(prompt);
        _matcher.Reset(stops);
    }

    public void Append(int token, int tokens, ITokenSink sink)
    {
        Span<char> room = _matcher.Room(_detokenizer.MaxCharsPerToken);
        // What is no answer ends a character that the answer left unfinished.
        bool shown = _channels is null || _channels.Shows(token);
        int chars = shown ? _detokenizer.Append(token, room) : _detokenizer.Flush(room);
        Show(_matcher.Take(chars), tokens, sink);
    }

    /// <summary>The reply is over: shows what was held back, unless a stop string ended it.</summary>
    public void Flush(int tokens, ITokenSink sink)
    {
        if (!Stopped)
        {
            int chars = _detokenizer.Flush(_matcher.Room(_detokenizer.MaxCharsPerToken));
            Show(_matcher.Take(chars), tokens, sink);
        }
        Show(_matcher.Flush(), tokens, sink);
    }

    private static void Show(ReadOnlySpan<char> text, int tokens, ITokenSink sink)
    {
        if (!text.IsEmpty) sink.OnText(text, tokens);
    }
}
