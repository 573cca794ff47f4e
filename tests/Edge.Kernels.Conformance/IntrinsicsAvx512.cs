// Vector512, Avx512F and Avx512BW as far as kernels use them; see Intrinsics.cs.
using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics
{
    [Intrinsic]
    public readonly struct Vector512<T>
    {
        private readonly Vector256<T> _lower, _upper;
        public static Vector512<T> Zero { [Intrinsic] get => Zero; }
    }

    public static unsafe partial class Vector256
    {
        [Intrinsic] public static Vector512<T> ToVector512Unsafe<T>(this Vector256<T> v) => ToVector512Unsafe(v);
    }

    public static unsafe class Vector512
    {
        [Intrinsic] public static Vector512<T> Create<T>(T v) => Create(v);
        // No intrinsic, as that of Vector256.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Create<T>(Vector256<T> low, Vector256<T> high) =>
            WithUpper(Vector256.ToVector512Unsafe(low), high);
        [Intrinsic]
        public static Vector512<T> WithUpper<T>(this Vector512<T> v, Vector256<T> high) => WithUpper(v, high);
        [Intrinsic] public static Vector512<sbyte> AsSByte<T>(this Vector512<T> v) => AsSByte(v);
        [Intrinsic] public static Vector512<short> AsInt16<T>(this Vector512<T> v) => AsInt16(v);
    }
}

namespace System.Runtime.Intrinsics.X86
{
    [Intrinsic]
    public abstract unsafe class Avx512F
    {
        [Intrinsic] public static Vector512<T> Add<T>(Vector512<T> a, Vector512<T> b) => Add(a, b);
        [Intrinsic]
        public static Vector512<float> ConvertToVector512Single(Vector512<int> v) => ConvertToVector512Single(v);
        [Intrinsic] public static Vector512<T> LoadVector512<T>(T* p) => LoadVector512(p);
        [Intrinsic] public static Vector512<T> Multiply<T>(Vector512<T> a, Vector512<T> b) => Multiply(a, b);
        [Intrinsic]
        public static Vector512<T> ShiftLeftLogicalVariable<T>(Vector512<T> a, Vector512<uint> n) =>
            ShiftLeftLogicalVariable(a, n);
        [Intrinsic] public static void Store<T>(T* p, Vector512<T> v) => Store(p, v);
        [Intrinsic] public static Vector512<T> Subtract<T>(Vector512<T> a, Vector512<T> b) => Subtract(a, b);
    }

    [Intrinsic]
    public abstract unsafe class Avx512BW
    {
        [Intrinsic] public static Vector512<T> Add<T>(Vector512<T> a, Vector512<T> b) => Add(a, b);
        [Intrinsic] public static Vector512<T> LoadVector512<T>(T* p) => LoadVector512(p);
        [Intrinsic]
        public static Vector512<short> MultiplyAddAdjacent(Vector512<byte> a, Vector512<sbyte> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic]
        public static Vector512<int> MultiplyAddAdjacent(Vector512<short> a, Vector512<short> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic] public static Vector512<T> MultiplyLow<T>(Vector512<T> a, Vector512<T> b) => MultiplyLow(a, b);
    }
}
