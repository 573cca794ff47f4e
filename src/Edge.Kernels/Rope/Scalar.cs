namespace Edge.Kernels;

/// <summary>Rotary position embedding with tables; every variant gives the same bits (products and sums are not
/// fused).</summary>
public static unsafe class RopeScalar
{
    /// <summary>Rotates neighbours (x[2i], x[2i+1]) of every head in place, llama's order.
    /// Shapes: x is float[heads][headSize]; cos and sin are float[headSize / 2] of this position.</summary>
    public static void Pairs(float* x, float* cos, float* sin, long headSize, long heads)
    {
        for (long h = 0; h < heads; h++, x += headSize)
        {
            for (long i = 0; i < headSize / 2; i++)
            {
                float a = x[2 * i], b = x[2 * i + 1];
                x[2 * i] = a * cos[i] - b * sin[i];
                x[2 * i + 1] = b * cos[i] + a * sin[i];
            }
        }
    }

    /// <summary>Rotates halves (x[i], x[i + headSize / 2]) of every head in place, NEOX order (qwen). Shapes: as
    /// <see cref="Pairs"/>.</summary>
    public static void Halves(float* x, float* cos, float* sin, long headSize, long heads)
    {
        long half = headSize / 2;
        for (long h = 0; h < heads; h++, x += headSize)
        {
            for (long i = 0; i < half; i++)
            {
                float a = x[i], b = x[i + half];
                x[i] = a * cos[i] - b * sin[i];
                x[i + half] = b * cos[i] + a * sin[i];
            }
        }
    }
}
