using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>NEON twin of <see cref="CappedAttentionScalar"/>: the bodies of <see cref="AttentionNeon"/>, and what caps
/// their scores.</summary>
public static unsafe class CappedAttentionNeon
{
    /// <inheritdoc cref="CappedAttentionScalar.HeadF32"/>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        AttentionNeon.Head<float>(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch);

    /// <inheritdoc cref="CappedAttentionScalar.HeadF16"/>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        AttentionNeon.Head<ushort>(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch);

    /// <summary>n scores capped, and what lies behind them up to a multiple of four.</summary>
    internal static void Cap(float* score, float cap, long n)
    {
        Vector128<float> caps = Vector128.Create(cap), one = Vector128.Create(1f), two = Vector128.Create(2f);
        var inverse = Vector128.Create(2 / cap);
        for (long i = 0; i < n; i += 4)
        {
            var e = SoftmaxNeon.Exp(AdvSimd.LoadVector128(score + i) * inverse);
            AdvSimd.Store(score + i, caps * (one - two / (one + e)));
        }
    }
}
