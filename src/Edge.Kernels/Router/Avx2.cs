namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="RouterScalar"/>: the softmax is vectorised, the choice among at most a few hundred
/// experts is not worth it.</summary>
public static unsafe class RouterAvx2
{
    /// <inheritdoc cref="RouterScalar.TopK"/>
    public static void TopK(float* logits, int* experts, float* weights, long count, long used, int renormalise)
    {
        RouterScalar.Choose(logits, experts, count, used);
        SoftmaxAvx2.InPlace(logits, count);
        RouterScalar.Weigh(logits, experts, weights, used, renormalise);
    }
}
