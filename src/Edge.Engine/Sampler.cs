using System.Numerics;
using System.Runtime.InteropServices;

namespace Edge.Engine;

/// <summary>
/// Chooses one token from logits: mask → repetition penalty → top-k → top-p → min-p → temperature → draw. That is the
/// order of llama.cpp's default chain, so settings carry over: top-p and min-p see the untempered distribution, and
/// top-p the one that top-k left. The mask comes first, so a filter never spends its budget on tokens that cannot be
/// chosen. One sampler serves all replies of a thread in turn; all its memory is made here.
/// </summary>
internal sealed class Sampler(int vocabularySize)
{
    private readonly Candidates _candidates = new(vocabularySize);
    private readonly float[] _penalised = new float[vocabularySize];
    private readonly ulong[] _seen = new ulong[(vocabularySize + 63) / 64];

    /// <summary>False: no token can be chosen, and the error says why. Shapes: logits [vocabulary], mask [⌈vocabulary
    /// / 64⌉] or empty for no mask; <paramref name="history"/> is prompt and reply so far.</summary>
    public bool TrySample(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, ReadOnlySpan<int> history,
        SamplingOptions options, ref SamplerRandom random, out int token, out string? error)
    {
        token = -1;
        if (!TryFilter(ref logits, mask, history, options, out error)) return false;
        token = options.Temperature == 0
            ? Greedy(logits, mask)
            : _candidates.Count == 0 ? -1
            : _candidates.Draw(_candidates.Weigh(options.Temperature), random.NextDouble());
        return token >= 0 || Empty(out error);
    }

    /// <summary>As TrySample at a temperature above 0, and <paramref name="odds"/> receives the probability of every
    /// token. Shapes: odds [vocabulary].</summary>
    public bool TrySample(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, ReadOnlySpan<int> history,
        SamplingOptions options, ref SamplerRandom random, Span<float> odds, out int token, out string? error)
    {
        token = -1;
        if (!TryFilter(ref logits, mask, history, options, out error)) return false;
        if (_candidates.Count == 0) return Empty(out error);
        double sum = _candidates.Weigh(options.Temperature);
        _candidates.WriteOdds(odds, sum);
        token = _candidates.Draw(sum, random.NextDouble());
        return true;
    }

    /// <summary>Takes a token that was drawn from <paramref name="odds"/> with the probability min(1, p / odds), p
    /// being what TrySample draws from, and otherwise draws from what p has above the odds: together exactly p.
    /// Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding".</summary>
    public bool TryJudge(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, ReadOnlySpan<int> history,
        SamplingOptions options, ref SamplerRandom random, int draft, ReadOnlySpan<float> odds, out int token,
        out string? error)
    {
        token = -1;
        if (!TryFilter(ref logits, mask, history, options, out error)) return false;
        if (_candidates.Count == 0) return Empty(out error);
        double sum = _candidates.Weigh(options.Temperature);
        double wanted = _candidates.WeightOf(draft);
        if (random.NextDouble() * odds[draft] * sum < wanted)
        {
            token = draft;
            return true;
        }
        double rest = _candidates.Subtract(odds, sum);
        // Nothing is left where both agree to the last bit; then p itself is what remains.
        if (rest <= 0) rest = _candidates.Weigh(options.Temperature);
        token = _candidates.Draw(rest, random.NextDouble());
        return true;
    }

    private static bool Empty(out string? error)
    {
        error = "the token mask is empty: no token may follow here";
        return false;
    }

    // Penalty, mask and cuts; a greedy choice needs no candidates.
    private bool TryFilter(ref ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, ReadOnlySpan<int> history,
        SamplingOptions options, out string? error)
    {
        error = FindNonFinite(logits);
        if (error is not null) return false;
        if (options.RepetitionPenalty != 1 && options.RepetitionWindow > 0)
            logits = Penalise(logits, history, options);
        if (options.Temperature > 0) Collect(logits, mask, options);
        return true;
    }

    private static string? FindNonFinite(ReadOnlySpan<float> logits)
    {
        // x - x is 0 for a finite x and NaN for the others.
        var sum = Vector<float>.Zero;
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(logits);
        foreach (Vector<float> x in wide) sum += x - x;
        float rest = Vector.Sum(sum);
        foreach (float x in logits[(wide.Length * Vector<float>.Count)..]) rest += x - x;
        if (rest == 0) return null;
        int at = 0;
        while (float.IsFinite(logits[at])) at++;
        return $"the model's logit of token {at} is {logits[at]}: weights or arithmetic are damaged; " +
            "verify the model file's checksum";
    }

    private Span<float> Penalise(ReadOnlySpan<float> logits, ReadOnlySpan<int> history, SamplingOptions options)
    {
        logits.CopyTo(_penalised);
        if (history.Length > options.RepetitionWindow) history = history[^options.RepetitionWindow..];
        foreach (int id in history)
        {
            ulong bit = 1UL << (id & 63);
            if ((_seen[id >> 6] & bit) != 0) continue; // once, however often it came
            _seen[id >> 6] |= bit;
            float x = _penalised[id];
            _penalised[id] = x > 0 ? x / options.RepetitionPenalty : x * options.RepetitionPenalty;
        }
        foreach (int id in history) _seen[id >> 6] = 0;
        return _penalised;
    }

    private static int Greedy(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask)
    {
        int best = -1;
        if (mask.IsEmpty)
        {
            for (int id = 0; id < logits.Length; id++)
                if (best < 0 || logits[id] > logits[best]) best = id;
            return best;
        }
        for (int word = 0; word < mask.Length; word++)
            for (ulong bits = mask[word]; bits != 0; bits &= bits - 1)
            {
                int id = word * 64 + BitOperations.TrailingZeroCount(bits);
                if (id >= logits.Length) break;
                if (best < 0 || logits[id] > logits[best]) best = id;
            }
        return best;
    }

    private void Collect(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, SamplingOptions options)
    {
        _candidates.Clear();
        for (int id = 0; id < logits.Length; id++)
            if (mask.IsEmpty || (mask[id >> 6] >> (id & 63) & 1) != 0) _candidates.Add(id, logits[id]);
        if (options.TopK > 0) _candidates.KeepLikeliest(options.TopK);
        if (options.TopP < 1) _candidates.KeepShare(options.TopP);
        if (options.MinP > 0) _candidates.KeepFraction(options.MinP);
    }
}
