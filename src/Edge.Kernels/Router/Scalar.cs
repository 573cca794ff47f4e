namespace Edge.Kernels;

/// <summary>Choice of experts. Every variant chooses the same experts; weights within the softmax bound.</summary>
public static unsafe class RouterScalar
{
    /// <summary>Softmax over the experts, then the <paramref name="used"/> most probable, best first, the lower number
    /// on ties; their probabilities, divided by their sum when <paramref name="renormalise"/> is not 0.
    /// Shapes: logits is float[count], overwritten; experts is int[used], weights float[used]; 1 ≤ used ≤
    /// count.</summary>
    public static void TopK(float* logits, int* experts, float* weights, long count, long used, int renormalise)
    {
        Choose(logits, experts, count, used);
        SoftmaxScalar.InPlace(logits, count);
        Weigh(logits, experts, weights, used, renormalise);
    }

    /// <summary>Chooses on the logits themselves, which no variant rounds.</summary>
    internal static void Choose(float* logits, int* experts, long count, long used)
    {
        for (long k = 0; k < used; k++)
        {
            long best = -1;
            for (long e = 0; e < count; e++)
            {
                if ((best < 0 || logits[e] > logits[best]) && !Taken(experts, k, e)) best = e;
            }
            experts[k] = (int)best;
        }
    }

    internal static void Weigh(float* probabilities, int* experts, float* weights, long used, int renormalise)
    {
        float sum = 0;
        for (long k = 0; k < used; k++)
        {
            weights[k] = probabilities[experts[k]];
            sum += weights[k];
        }
        float scale = renormalise != 0 ? 1 / sum : 1;
        for (long k = 0; k < used; k++) weights[k] *= scale;
    }

    private static bool Taken(int* experts, long chosen, long expert)
    {
        for (long k = 0; k < chosen; k++)
        {
            if (experts[k] == expert) return true;
        }
        return false;
    }
}
