namespace Edge.Kernels;

/// <summary>
/// Grouped-query attention of one token and one key/value head over the cache, with an online softmax in chunks of
/// <see cref="Chunk"/> positions, so that scratch does not grow with the context. Chunks start at position 0 whatever
/// the batch, so a token's result does not depend on what else was computed with it.
/// <para>Bound: variants agree within 2e-5 · max |v|.</para>
/// </summary>
public static unsafe class AttentionScalar
{
    public const int Chunk = 64;

    /// <summary>Floats of scratch that one call needs: scores, their maxima and sums, and a chunk of keys or values
    /// for the variants that convert halves once.</summary>
    public static long ScratchFloats(long group, long headSize) => group * (Chunk + 2) + Chunk * headSize;

    /// <summary>y[g] = Σ softmax(scale · q[g]·k[p]) v[p] over positions p &lt; length.
    /// Shapes: q and y are float[group][headSize]; k and v are float[length][headSize] of one key/value head;
    /// scratch is float[<see cref="ScratchFloats"/>]; length ≥ 1.</summary>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, false);

    /// <summary>As <see cref="HeadF32"/>, with k and v as half: finite, as <see cref="ActivationsScalar.ToF16"/> stores
    /// them.</summary>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, true);

    private static void Head(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch, bool half)
    {
        float* max = scratch + group * Chunk;
        float* sum = max + group;
        for (long g = 0; g < group; g++)
        {
            max[g] = float.NegativeInfinity;
            sum[g] = 0;
        }
        for (long i = 0; i < group * headSize; i++) y[i] = 0;
        for (long p0 = 0; p0 < length; p0 += Chunk)
        {
            long n = length - p0 < Chunk ? length - p0 : Chunk;
            for (long g = 0; g < group; g++)
            {
                float* score = scratch + g * Chunk;
                float top = max[g];
                for (long p = 0; p < n; p++)
                {
                    float dot = 0;
                    for (long i = 0; i < headSize; i++)
                        dot += q[g * headSize + i] * At(k, (p0 + p) * headSize + i, half);
                    score[p] = dot * scale;
                    if (score[p] > top) top = score[p];
                }
                // What was summed under the old maximum shrinks to the new one; the first chunk multiplies zeros.
                float shrink = SoftmaxScalar.Exp(max[g] - top);
                max[g] = top;
                sum[g] *= shrink;
                for (long i = 0; i < headSize; i++) y[g * headSize + i] *= shrink;
                for (long p = 0; p < n; p++)
                {
                    float weight = SoftmaxScalar.Exp(score[p] - top);
                    sum[g] += weight;
                    for (long i = 0; i < headSize; i++)
                        y[g * headSize + i] += weight * At(v, (p0 + p) * headSize + i, half);
                }
            }
        }
        for (long g = 0; g < group; g++)
        {
            float inverse = 1 / sum[g];
            for (long i = 0; i < headSize; i++) y[g * headSize + i] *= inverse;
        }
    }

    internal static float At(byte* values, long i, bool half) =>
        half ? FloatScalar.FromF16(((ushort*)values)[i]) : ((float*)values)[i];
}
