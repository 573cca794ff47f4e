using System.Diagnostics.CodeAnalysis;
using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>What all slots of one thread share.</summary>
internal sealed record SequenceParts(
    Model Model, Tokenizer Tokenizer, Lazy<TokenTrie> Trie, Sampler Sampler, TimeProvider Clock)
{
    public static SequenceParts For(Model model, Tokenizer tokenizer, TimeProvider clock) => new(model, tokenizer,
        new Lazy<TokenTrie>(() => TokenTrie.Build(tokenizer)), new Sampler(model.Config.VocabularySize), clock);
}

/// <summary>One slot: a cache and the reply that is being written into it. Between replies the cache keeps its tokens,
/// so that a prompt that begins like the last one starts further on. Its thread is the only one to call it, but for
/// <see cref="SharedPrefix"/>.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly SequenceParts _parts;
    private readonly Action<Ticket, GenerationResult> _ended;
    private readonly KvCache _cache;
    private readonly int[] _tokens;
    private readonly ulong[] _mask;
    private readonly ReplyText _text;
    private TokenConstraint? _constraint;
    private Grammar? _grammar; // of the constraint: a repeated grammar needs no new one
    private SamplerRandom _random;
    private Ticket? _ticket;
    private int _count; // tokens known; the cache holds the first _cache.Length of them
    private volatile int _kept; // tokens that the cache is known to hold, for other threads
    private int _completion, _maxTokens, _cached;
    private long _startedAt, _firstAt, _lastAt;

    public Sequence(SequenceParts parts, int contextLength, Action<Ticket, GenerationResult> ended)
    {
        (_parts, _ended) = (parts, ended);
        _cache = parts.Model.CreateCache(contextLength);
        _tokens = new int[contextLength];
        _mask = new ulong[(parts.Model.Config.VocabularySize + 63) / 64];
        _text = new ReplyText(parts.Tokenizer, contextLength);
    }

    [MemberNotNullWhen(true, nameof(_ticket))]
    public bool IsRunning => _ticket is not null;
    public bool IsDecoding => IsRunning && _completion > 0;
    public bool IsPrefilling => IsRunning && _completion == 0;
    /// <summary>Tokens known but not run: the rest of the prompt, or the one that was sampled last.</summary>
    public int Pending => _count - _cache.Length;
    public int Kept => _kept;
    public int CachedTokens => _cached;
    /// <summary>Timestamp of the last start or end: the slot idle longest is reused first.</summary>
    public long TouchedAt { get; private set; }

    /// <summary>Tokens of the prompt that this slot's cache could serve. From another thread it is an estimate: the
    /// slot may take other tokens meanwhile.</summary>
    public int SharedPrefix(IReadOnlyList<int> prompt)
    {
        int limit = Math.Min(_kept, prompt.Count - 1); // one is always run: its logits are needed
        int n = 0;
        while (n < limit && _tokens[n] == prompt[n]) n++;
        return _cache.Reusable(n);
    }

    /// <summary>Takes an admitted request (prompt plus one token fits the context).</summary>
    public void Start(Ticket ticket)
    {
        GenerationRequest request = ticket.Request;
        IReadOnlyList<int> prompt = request.Prompt;
        _startedAt = TouchedAt = _parts.Clock.GetTimestamp();
        _cached = SharedPrefix(prompt);
        _cache.Truncate(_cached);
        _kept = _cached;
        for (int i = _cached; i < prompt.Count; i++) _tokens[i] = prompt[i];
        _count = prompt.Count;
        _completion = 0;
        _maxTokens = Math.Min(request.MaxTokens, _tokens.Length - prompt.Count);
        _firstAt = _lastAt = 0;
        _random = new SamplerRandom(request.Sampling.Seed);
        _text.Reset(request.Stop);
        if (request.Grammar is not null && request.Grammar == _grammar) _constraint!.Reset();
        else
            _constraint = request.Grammar is null ? null
                : new TokenConstraint(request.Grammar, _parts.Trie.Value, _parts.Tokenizer);
        _grammar = request.Grammar;
        _ticket = ticket;
    }

    /// <summary>Ends the reply when it was cancelled or its time is over.</summary>
    public void CheckLimits(long now)
    {
        if (_ticket?.MustEnd(now) is FinishReason reason) Finish(reason, null);
    }

    /// <summary>Writes up to all of <paramref name="rows"/>; true when the last one's logits are wanted.</summary>
    public bool AddRows(Span<BatchRow> rows)
    {
        bool last = rows.Length == Pending;
        int from = _cache.Length;
        for (int i = 0; i < rows.Length; i++)
            rows[i] = new BatchRow(_tokens[from + i], _cache, last && i == rows.Length - 1);
        return last;
    }

    /// <summary>A step ran: the cache holds more.</summary>
    public void NoteRun() => _kept = _cache.Length;

    /// <summary>Chooses the next token from the logits of the last one; may end the reply. True: the reply has a token
    /// more.</summary>
    public bool Advance(ReadOnlySpan<float> logits, long now)
    {
        GenerationRequest request = _ticket!.Request;
        ReadOnlySpan<ulong> mask = default;
        if (_constraint is not null)
        {
            Array.Clear(_mask);
            _constraint.FillMask(_mask, _maxTokens - _completion);
            mask = _mask;
        }
        if (!_parts.Sampler.TrySample(logits, mask, _tokens.AsSpan(0, _count), request.Sampling, ref _random,
            out int token, out string? error))
        {
            Finish(FinishReason.Failed, error);
            return false;
        }
        if (_completion == 0) _firstAt = now;
        _lastAt = now;
        if (_parts.Tokenizer.IsEndOfGeneration(token))
        {
            Finish(FinishReason.Stop, null);
            return false;
        }
        if (_constraint is not null && !_constraint.Accept(token))
        {
            Finish(FinishReason.Failed, $"the grammar allowed token {token} and then refused it; please report this");
            return false;
        }
        _tokens[_count++] = token;
        _completion++;
        _text.Append(token, _completion, request.Sink);
        if (_text.Stopped || _constraint is { MustEnd: true }) Finish(FinishReason.Stop, null);
        else if (_completion == _maxTokens)
            Finish(_constraint is { CanEnd: true } ? FinishReason.Stop : FinishReason.Length, null);
        return true;
    }

    /// <summary>The step failed half-way: what the cache holds is unknown, so all of it is forgotten.</summary>
    public void Fail(string error)
    {
        _cache.Truncate(0);
        _kept = 0;
        Finish(FinishReason.Failed, error);
    }

    public void Finish(FinishReason reason, string? error)
    {
        Ticket ticket = _ticket!;
        GenerationRequest request = ticket.Request;
        _text.Flush(_completion, request.Sink);
        TimeProvider clock = _parts.Clock;
        TouchedAt = clock.GetTimestamp();
        double Ms(long from, long to) => to <= from ? 0 : clock.GetElapsedTime(from, to).TotalMilliseconds;
        double decodeMs = Ms(_firstAt, _lastAt);
        var timings = new GenerationTimings(
            QueueMs: Ms(ticket.AcceptedAt, _startedAt), PromptMs: Ms(_startedAt, _firstAt),
            TtftMs: Ms(ticket.AcceptedAt, _firstAt),
            TokensPerSecond: _completion > 1 && decodeMs > 0 ? (_completion - 1) * 1000 / decodeMs : 0, _cached);
        _ticket = null;
        _ended(ticket,
            new GenerationResult(_text.Text, reason, request.Prompt.Count, _completion, timings, error));
    }

    public void Dispose() => _cache.Dispose();
}
