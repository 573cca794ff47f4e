namespace Edge.Text;

/// <summary>
/// State of one constrained reply: which tokens may come next. Allocates only when made; made for one grammar and
/// vocabulary it serves one reply after another (<see cref="Reset"/>) and keeps its masks. Not for use by several
/// threads at once.
/// </summary>
public sealed class TokenConstraint
{
    private readonly Grammar _grammar;
    private readonly TokenTrie _trie;
    private readonly ThreadSets _threads;
    private readonly MaskCache _masks;
    private readonly int _words;
    private bool _ended;

    public TokenConstraint(Grammar grammar, TokenTrie trie)
    {
        (_grammar, _trie) = (grammar, trie);
        _words = (trie.VocabularySize + 63) / 64;
        // A vocabulary that lacks bytes closes fewer texts: its own costs know which.
        var costs = trie.HasEveryByte ? grammar.Costs : new ClosingCosts(grammar.Automaton, trie.SingleBytes);
        var least = costs.Converged ? costs.At(grammar.Automaton.Start, 0, 0) : GrammarLimits.Never;
        MinimumTokens = least >= GrammarLimits.Never ? int.MaxValue : least;
        _threads = new ThreadSets(grammar.Automaton, costs, trie.LongestToken);
        _masks = new MaskCache(_words);
    }

    /// <summary>Errors: the trie must have been built from this tokenizer.</summary>
    public TokenConstraint(Grammar grammar, TokenTrie trie, Tokenizer tokenizer)
        : this(grammar, trie)
    {
        if (tokenizer.VocabularySize != trie.VocabularySize)
            throw new ArgumentException("The trie was built from another tokenizer.", nameof(trie));
    }

    /// <summary>
    /// The budget with which a reply can surely be closed: one token for each byte of the shortest reply.
    /// <see cref="int.MaxValue"/>: this vocabulary lacks single-byte tokens that every reply needs. A request with
    /// fewer tokens is refused before it starts.
    /// </summary>
    public int MinimumTokens { get; }

    /// <summary>
    /// Sets bit i of <paramref name="mask"/> (64 tokens a word) where token i may come next; end-of-generation tokens
    /// only when <see cref="CanEnd"/>. Units: <paramref name="tokensLeft"/> counts the next token and those after it,
    /// without the end token; only tokens after which the reply can still be closed are set. False: none is, because
    /// the reply has ended or the budget was below <see cref="MinimumTokens"/> from the start.
    /// </summary>
    public bool FillMask(Span<ulong> mask, int tokensLeft)
    {
        mask.Clear();
        if (_ended || tokensLeft <= 0)
            return false;
        mask = mask[.._words];
        if (!_masks.TryCopy(_threads, _trie.LongestToken, tokensLeft - 1, mask))
            Walk(mask, tokensLeft - 1);
        return mask.ContainsAnyExcept(0UL);
    }

    private void Walk(Span<ulong> mask, int budget)
    {
        if (CanEnd)
        {
            for (var id = 0; id < _trie.Ends.Length; id++)
            {
                if (_trie.Ends[id])
                    mask[id >> 6] |= 1UL << (id & 63);
            }
        }
        _threads.Steps = 0;
        var (costliest, withinBudget) = (0, true);
        var nodes = _trie.Nodes;
        var cost = _threads.CostToClose(0);
        if (cost <= budget && _threads.IsFreeText(out var room))
        {
            // Most of a vocabulary is plain text, which never makes a string costlier to close: only the rest is
            // walked.
            costliest = cost;
            nodes = _trie.MixedNodes;
            foreach (var token in _trie.PlainTokens(room))
                mask[token >> 6] |= 1UL << (token & 63);
        }
        for (var i = 0; i < nodes.Length;)
        {
            ref readonly var node = ref nodes[i];
            if (_threads.Step(node.Depth - 1, node.Symbol) == 0)
            {
                i = node.End;
                continue;
            }
            if (node.Token >= 0)
            {
                cost = _threads.CostToClose(node.Depth);
                costliest = Math.Max(costliest, cost);
                if (cost <= budget)
                    Allow(mask, node.Token);
                else
                    withinBudget = false;
            }
            i = _threads.Steps < GrammarLimits.MaskStepsMax ? i + 1 : node.End;
        }
        if (withinBudget)
            _masks.Keep(mask, costliest);
    }

    private void Allow(Span<ulong> mask, int token)
    {
        for (; token >= 0; token = _trie.SameBytes[token])
            mask[token >> 6] |= 1UL << (token & 63);
    }

    /// <summary>Advances by a token; false (state unchanged) when the token is not allowed. The budget is the mask's
    /// matter.</summary>
    public bool Accept(int token)
    {
        if (_ended || (uint)token >= (uint)_trie.VocabularySize)
            return false;
        if (_trie.Ends[token])
            return _ended = CanEnd;
        var bytes = _trie.TokenBytes(token);
        if (bytes.Length == 0 || bytes.Length > _trie.LongestToken)
            return false;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (_threads.Step(i, bytes[i]) == 0)
                return false;
        }
        _threads.Commit(bytes.Length);
        return true;
    }

    /// <summary>The text so far is a whole, valid reply.</summary>
    public bool CanEnd => _threads.IsWhole(out _);

    /// <summary>The text is whole and nothing but the end may follow.</summary>
    public bool MustEnd => _ended || (_threads.IsWhole(out var only) && only);

    public void Reset()
    {
        _ended = false;
        _threads.Reset();
    }

    /// <summary>Copies the state (not the masks), so that speculation can go back. Errors: both must have the same
    /// grammar and trie.</summary>
    public void CopyTo(TokenConstraint other)
    {
        if (other._grammar != _grammar || other._trie != _trie)
            throw new ArgumentException("Only a constraint of the same grammar and vocabulary can take this state.",
                nameof(other));
        other._ended = _ended;
        _threads.CopyTo(other._threads);
    }
}
