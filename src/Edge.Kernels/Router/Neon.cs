namespace Edge.Kernels;

/// <summary>Choice of experts with NEON: the choice itself is scalar (few experts), the softmax is not.</summary>
public static unsafe class RouterNeon
{
    /// <inheritdoc cref="RouterScalar.TopK"/>
    public static void TopK(float* logits, int* experts, float* weights, long count, long used, int renormalise)
    {
        RouterScalar.Choose(logits, experts, count, used);
        SoftmaxNeon.InPlace(logits, count);
        RouterScalar.Weigh(logits, experts, weights, used, renormalise);
    }
}
