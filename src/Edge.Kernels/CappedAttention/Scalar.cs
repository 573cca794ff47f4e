namespace Edge.Kernels;

/// <summary>
/// Grouped-query attention as <see cref="AttentionScalar"/>, with two additions that some models make to the scores: a
/// soft cap (Gemma 2) and a sink, a score per head that takes part in the softmax and has no value (gpt-oss).
/// <para>Bound: variants agree within 2e-5 · max |v|.</para>
/// </summary>
public static unsafe class CappedAttentionScalar
{
    public const int Chunk = 64;

    /// <summary>y[g] = Σ softmax(score)[p] v[p] over positions p &lt; length, score = cap · tanh(scale · q[g]·k[p] /
    /// cap).
    /// Shapes: as <see cref="AttentionScalar.HeadF32"/>, scratch too; cap 0: no cap; sinks is float[group] or
    /// null.</summary>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        Head(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch, false);

    /// <summary>As <see cref="HeadF32"/>, with k and v as half.</summary>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        Head(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch, true);

    /// <summary>cap · tanh(score / cap).</summary>
    internal static float Cap(float score, float cap) =>
        cap * (1f - 2f / (1f + SoftmaxScalar.Exp(2f * (score / cap))));

    private static void Head(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* score, bool half)
    {
        for (long g = 0; g < group; g++, q += headSize, y += headSize)
        {
            // The sink is what the softmax starts from: a weight of 1 under its own score as the maximum.
            float max = sinks != null ? sinks[g] : float.NegativeInfinity, sum = sinks != null ? 1 : 0;
            for (long i = 0; i < headSize; i++) y[i] = 0;
            for (long p0 = 0; p0 < length; p0 += Chunk)
            {
                long n = length - p0 < Chunk ? length - p0 : Chunk;
                float top = max;
                for (long p = 0; p < n; p++)
                {
                    float dot = 0;
                    for (long i = 0; i < headSize; i++) dot += q[i] * At(k, (p0 + p) * headSize + i, half);
                    score[p] = dot * scale;
                    if (cap != 0) score[p] = Cap(score[p], cap);
                    if (score[p] > top) top = score[p];
                }
                float shrink = SoftmaxScalar.Exp(max - top);
                max = top;
                sum *= shrink;
                for (long i = 0; i < headSize; i++) y[i] *= shrink;
                for (long p = 0; p < n; p++)
                {
                    float weight = SoftmaxScalar.Exp(score[p] - top);
                    sum += weight;
                    for (long i = 0; i < headSize; i++) y[i] += weight * At(v, (p0 + p) * headSize + i, half);
                }
            }
            float inverse = 1 / sum;
            for (long i = 0; i < headSize; i++) y[i] *= inverse;
        }
    }

    internal static float At(byte* values, long i, bool half) =>
        half ? FloatScalar.FromF16(((ushort*)values)[i]) : ((float*)values)[i];
}
