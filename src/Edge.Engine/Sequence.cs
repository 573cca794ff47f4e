using System.Diagnostics.CodeAnalysis;
using Edge.Engine.Speculation;
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
    private readonly Speculator? _speculator;
    private readonly KvCache _cache;
    private readonly int[] _tokens;
    private readonly ulong[] _mask;
    private readonly ReplyText _text;
    private TokenConstraint? _constraint;
    private Grammar? _grammar; // of the constraint: a repeated grammar needs no new one
    private SamplerRandom _random;
    private Ticket? _ticket;
    private FinishReason? _end; // of the step that runs
    private string? _error;
    private int _count; // tokens known; the cache holds the first _cache.Length of them
    private volatile int _kept; // tokens that the cache is known to hold, for other threads
    private int _completion, _maxTokens, _cached;
    private long _startedAt, _firstAt, _lastAt;

    public Sequence(SequenceParts parts, int contextLength, Action<Ticket, GenerationResult> ended,
        Speculator? speculator = null)
    {
        (_parts, _ended, _speculator) = (parts, ended, speculator);
        _cache = parts.Model.CreateCache(contextLength);
        _tokens = new int[contextLength];
        _mask = new ulong[(parts.Model.Config.VocabularySize + 63) / 64];
        _text = new ReplyText(parts.Tokenizer, contextLength);
        Drafts = speculator?.CreateDrafts(contextLength);
    }

    [MemberNotNullWhen(true, nameof(_ticket))]
    public bool IsRunning => _ticket is not null;
    public bool IsDecoding => IsRunning && _completion > 0;
    public bool IsPrefilling => IsRunning && _completion == 0;
    /// <summary>Tokens known but not run: the rest of the prompt, or the one that was sampled last.</summary>
    public int Pending => _count - _cache.Length;
    /// <summary>Rows of a step that decodes: the last token and its drafts.</summary>
    public int DecodeRows => 1 + (Drafts?.Count ?? 0);
    /// <summary>Null: without speculation.</summary>
    public Drafts? Drafts { get; }
    /// <summary>Of prompt and reply; drafts stand behind the first <see cref="Count"/>.</summary>
    public int[] Tokens => _tokens;
    public int Count => _count;
    /// <summary>Tokens that the reply may still have.</summary>
    public int Left => _maxTokens - _completion;
    public SamplingOptions Sampling => _ticket!.Request.Sampling;
    /// <summary>Its drafts are drawn by chance, and judged by the odds that they had.</summary>
    public bool IsSampled => _speculator is { UsesModel: true } && Sampling.Temperature > 0;
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
        _text.Reset(request.Stop, prompt);
        if (request.Grammar is not null && request.Grammar == _grammar) _constraint!.Reset();
        else
            _constraint = request.Grammar is null ? null
                : new TokenConstraint(request.Grammar, _parts.Trie.Value, _parts.Tokenizer);
        _grammar = request.Grammar;
        Drafts?.Start(request, _parts, _cached, _speculator!.SampledLength);
        _ticket = ticket;
    }

    /// <summary>Ends the reply when it was cancelled or its time is over.</summary>
    public void CheckLimits(long now)
    {
        if (_ticket?.MustEnd(now) is FinishReason reason) Finish(reason, null);
    }

    public bool Ends(int token) => _parts.Tokenizer.IsEndOfGeneration(token);

    /// <summary>The drafts' form is the reply's so far.</summary>
    public void SyncForm()
    {
        if (Drafts!.Form is { } form) _constraint!.CopyTo(form);
    }

    /// <summary>Writes up to all of <paramref name="rows"/>, drafts behind known tokens; true when logits are wanted:
    /// the last known token's, and every draft's.</summary>
    public bool AddRows(Span<BatchRow> rows)
    {
        int from = _cache.Length;
        bool last = rows.Length >= Pending;
        for (int i = 0; i < rows.Length; i++)
            rows[i] = new BatchRow(_tokens[from + i], _cache, from + i >= _count - 1);
        return last;
    }

    /// <summary>A step ran prompt rows: the cache holds more.</summary>
    public void NoteRun() => _kept = Math.Min(_cache.Length, _count);

    /// <summary>Chooses the next token from the logits of the last one, and as long as it is the one that was drafted,
    /// the next one after it from the draft's; may end the reply. Returns how many tokens the reply has more, and how
    /// many of those had been drafted.</summary>
    public (int Tokens, int Accepted) Advance(ReadOnlySpan<float> logits, long now)
    {
        int vocabulary = _parts.Model.Config.VocabularySize, before = _completion;
        int rows = logits.Length / vocabulary, drafts = Drafts?.Pending ?? 0;
        int judged = 0, accepted = 0;
        bool asDrafted = true;
        for (int i = 0; i < rows && asDrafted && _end is null; i++)
        {
            int draft = i < drafts ? _tokens[_count] : -1, count = _count;
            if (!TryChoose(logits.Slice(i * vocabulary, vocabulary), draft, i, out int token)) break;
            if (draft >= 0) judged++;
            if (draft == token) accepted++;
            Append(token, now);
            asDrafted = token == draft || _count == count; // a token that only ends the reply stands in no cache
        }
        if (drafts > 0)
        {
            _speculator!.NoteVerdict(Drafts!.Confidence, Math.Min(rows, drafts), judged, accepted);
            Drafts.Settle(Math.Min(rows, drafts), judged, accepted);
        }
        // What was refused leaves both caches; the token in its place is yet to be run.
        int valid = asDrafted ? _count : _count - 1;
        if (_cache.Length > valid) _cache.Truncate(valid);
        if (Drafts is { Pending: 0 } || _end is not null) Drafts?.Forget(valid);
        _kept = _cache.Length;
        if (_end is { } end) Finish(end, _error);
        return (_completion - before, accepted);
    }

    private bool TryChoose(ReadOnlySpan<float> logits, int draft, int row, out int token)
    {
        GenerationRequest request = _ticket!.Request;
        ReadOnlySpan<ulong> mask = default;
        if (_constraint is not null)
        {
            Array.Clear(_mask);
            _constraint.FillMask(_mask, Left);
            mask = _mask;
        }
        ReadOnlySpan<int> history = _tokens.AsSpan(0, _count);
        // A draft that was looked up had the odds 1: drawing as always, and taking it when it is drawn, is the rule.
        bool chosen = draft >= 0 && IsSampled
            ? _parts.Sampler.TryJudge(logits, mask, history, request.Sampling, ref _random, draft,
                Drafts!.Odds(row), out token, out string? error)
            : _parts.Sampler.TrySample(logits, mask, history, request.Sampling, ref _random, out token, out error);
        if (!chosen) End(FinishReason.Failed, error);
        return chosen;
    }

    private void Append(int token, long now)
    {
        if (_completion == 0) _firstAt = now;
        _lastAt = now;
        if (_parts.Tokenizer.IsEndOfGeneration(token))
        {
            End(FinishReason.Stop, null);
            return;
        }
        if (_constraint is not null && !_constraint.Accept(token))
        {
            End(FinishReason.Failed, $"the grammar allowed token {token} and then refused it; please report this");
            return;
        }
        _tokens[_count++] = token;
        _completion++;
        _text.Append(token, _completion, _ticket!.Request.Sink);
        if (_text.Stopped || _constraint is { MustEnd: true }) End(FinishReason.Stop, null);
        else if (_completion == _maxTokens)
            End(_constraint is { CanEnd: true } ? FinishReason.Stop : FinishReason.Length, null);
    }

    // Later: first the caches are put in order.
    private void End(FinishReason reason, string? error) => (_end, _error) = (reason, error);

    /// <summary>The step failed half-way: what the cache holds is unknown, so all of it is forgotten.</summary>
    public void Fail(string error)
    {
        _cache.Truncate(0);
        _kept = 0;
        Drafts?.Forget(0);
        Finish(FinishReason.Failed, error);
    }

    public void Finish(FinishReason reason, string? error)
    {
        Ticket ticket = _ticket!;
        GenerationRequest request = ticket.Request;
        (_end, _error) = (null, null);
        _text.Flush(_completion, request.Sink);
        TimeProvider clock = _parts.Clock;
        TouchedAt = clock.GetTimestamp();
        double Ms(long from, long to) => to <= from ? 0 : clock.GetElapsedTime(from, to).TotalMilliseconds;
        double decodeMs = Ms(_firstAt, _lastAt);
        var timings = new GenerationTimings(
            QueueMs: Ms(ticket.AcceptedAt, _startedAt), PromptMs: Ms(_startedAt, _firstAt),
            TtftMs: Ms(ticket.AcceptedAt, _firstAt),
            TokensPerSecond: _completion > 1 && decodeMs > 0 ? (_completion - 1) * 1000 / decodeMs : 0, _cached,
            Drafts?.Drafted ?? 0, Drafts?.Accepted ?? 0);
        _ticket = null;
        _ended(ticket,
            new GenerationResult(_text.Text, reason, request.Prompt.Count, _completion, timings, error));
    }

    public void Dispose()
    {
        Drafts?.Dispose();
        _cache.Dispose();
    }
}
