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
        error = FindNonFinite(logits);
        if (error is not null) return false;
        if (options.RepetitionPenalty != 1 && options.RepetitionWindow > 0)
            logits = Penalise(logits, history, options);
        token = options.Temperature == 0
            ? Greedy(logits, mask)
            : Draw(logits, mask, options, ref random);
        if (token >= 0) return true;
        error = "the token mask is empty: no token may follow here";
        return false;
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

    private int Draw(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> mask, SamplingOptions options,
        ref SamplerRandom random)
    {
        _candidates.Clear();
        for (int id = 0; id < logits.Length; id++)
            if (mask.IsEmpty || (mask[id >> 6] >> (id & 63) & 1) != 0) _candidates.Add(id, logits[id]);
        if (_candidates.Count == 0) return -1;
        if (options.TopK > 0) _candidates.KeepLikeliest(options.TopK);
        if (options.TopP < 1) _candidates.KeepShare(options.TopP);
        if (options.MinP > 0) _candidates.KeepFraction(options.MinP);
        return _candidates.Draw(_candidates.Weigh(options.Temperature), random.NextDouble());
    }
}
