// Vector256, the SSE classes, Avx, Avx2, Fma and AvxVnni as far as kernels use them; see Intrinsics.cs.
using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics
{
    [Intrinsic]
    public readonly struct Vector256<T>
    {
        private readonly Vector128<T> _lower, _upper;
        public static Vector256<T> Zero { [Intrinsic] get => Zero; }
        [Intrinsic] public static Vector256<T> operator +(Vector256<T> a, Vector256<T> b) => a + b;
        [Intrinsic] public static Vector256<T> operator -(Vector256<T> a, Vector256<T> b) => a - b;
        [Intrinsic] public static Vector256<T> operator *(Vector256<T> a, Vector256<T> b) => a * b;
        [Intrinsic] public static Vector256<T> operator *(Vector256<T> a, T b) => a * b;
        [Intrinsic] public static Vector256<T> operator &(Vector256<T> a, Vector256<T> b) => a & b;
        [Intrinsic] public static Vector256<T> operator |(Vector256<T> a, Vector256<T> b) => a | b;
        [Intrinsic] public static Vector256<T> operator ^(Vector256<T> a, Vector256<T> b) => a ^ b;
        [Intrinsic] public static Vector256<T> operator ~(Vector256<T> a) => ~a;
        [Intrinsic] public static Vector256<T> operator <<(Vector256<T> a, int n) => a << n;
        [Intrinsic] public static Vector256<T> operator >>(Vector256<T> a, int n) => a >> n;
        [Intrinsic] public static Vector256<T> operator >>>(Vector256<T> a, int n) => a >>> n;
    }

    public static unsafe partial class Vector128
    {
        [Intrinsic] public static Vector256<T> ToVector256Unsafe<T>(this Vector128<T> v) => ToVector256Unsafe(v);
    }

    public static unsafe partial class Vector256
    {
        [Intrinsic] public static Vector256<T> Create<T>(T v) => Create(v);
        // No intrinsic: the compiler would take the halves for two elements.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<T> Create<T>(Vector128<T> low, Vector128<T> high) =>
            WithUpper(Vector128.ToVector256Unsafe(low), high);
        [Intrinsic]
        public static Vector256<T> WithUpper<T>(this Vector256<T> v, Vector128<T> high) => WithUpper(v, high);
        [Intrinsic]
        public static Vector256<int> Create(int a, int b, int c, int d, int e, int f, int g, int h) =>
            Create(a, b, c, d, e, f, g, h);
        [Intrinsic]
        public static Vector256<uint> Create(uint a, uint b, uint c, uint d, uint e, uint f, uint g, uint h) =>
            Create(a, b, c, d, e, f, g, h);
        [Intrinsic]
        public static Vector256<byte> Create(
            byte a, byte b, byte c, byte d, byte e, byte f, byte g, byte h,
            byte i, byte j, byte k, byte l, byte m, byte n, byte o, byte p,
            byte q, byte r, byte s, byte t, byte u, byte v, byte w, byte x,
            byte y, byte z, byte aa, byte bb, byte cc, byte dd, byte ee, byte ff) => Create(
                a, b, c, d, e, f, g, h,
                i, j, k, l, m, n, o, p,
                q, r, s, t, u, v, w, x,
                y, z, aa, bb, cc, dd, ee, ff);
        [Intrinsic] public static Vector256<byte> AsByte<T>(this Vector256<T> v) => AsByte(v);
        [Intrinsic] public static Vector256<sbyte> AsSByte<T>(this Vector256<T> v) => AsSByte(v);
        [Intrinsic] public static Vector256<short> AsInt16<T>(this Vector256<T> v) => AsInt16(v);
        [Intrinsic] public static Vector256<ushort> AsUInt16<T>(this Vector256<T> v) => AsUInt16(v);
        [Intrinsic] public static Vector256<int> AsInt32<T>(this Vector256<T> v) => AsInt32(v);
        [Intrinsic] public static Vector256<uint> AsUInt32<T>(this Vector256<T> v) => AsUInt32(v);
        [Intrinsic] public static Vector256<long> AsInt64<T>(this Vector256<T> v) => AsInt64(v);
        [Intrinsic] public static Vector256<float> AsSingle<T>(this Vector256<T> v) => AsSingle(v);
        [Intrinsic] public static Vector128<T> GetLower<T>(this Vector256<T> v) => GetLower(v);
        [Intrinsic] public static Vector128<T> GetUpper<T>(this Vector256<T> v) => GetUpper(v);
        [Intrinsic] public static T GetElement<T>(this Vector256<T> v, int i) => GetElement(v, i);
        [Intrinsic] public static T ToScalar<T>(this Vector256<T> v) => ToScalar(v);
    }
}

namespace System.Runtime.Intrinsics.X86
{
    [Intrinsic]
    public abstract unsafe class Sse
    {
        [Intrinsic] public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => Add(a, b);
        [Intrinsic] public static Vector128<float> LoadVector128(float* p) => LoadVector128(p);
        [Intrinsic] public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Max(a, b);
        [Intrinsic] public static Vector128<float> MaxScalar(Vector128<float> a, Vector128<float> b) => MaxScalar(a, b);
        [Intrinsic]
        public static Vector128<float> MoveHighToLow(Vector128<float> a, Vector128<float> b) => MoveHighToLow(a, b);
        [Intrinsic] public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => Multiply(a, b);
        [Intrinsic] public static void Prefetch0(void* p) => Prefetch0(p);
        [Intrinsic] public static void Prefetch1(void* p) => Prefetch1(p);
        [Intrinsic]
        public static Vector128<float> Shuffle(Vector128<float> a, Vector128<float> b, byte n) => Shuffle(a, b, n);
        [Intrinsic]
        public static Vector128<float> UnpackHigh(Vector128<float> a, Vector128<float> b) => UnpackHigh(a, b);
        [Intrinsic] public static Vector128<float> UnpackLow(Vector128<float> a, Vector128<float> b) => UnpackLow(a, b);
    }

    [Intrinsic]
    public abstract unsafe class Sse2
    {
        [Intrinsic] public static Vector128<T> Add<T>(Vector128<T> a, Vector128<T> b) => Add(a, b);
        [Intrinsic] public static Vector128<T> And<T>(Vector128<T> a, Vector128<T> b) => And(a, b);
        [Intrinsic] public static Vector128<T> LoadVector128<T>(T* p) => LoadVector128(p);
        [Intrinsic]
        public static Vector128<int> MultiplyAddAdjacent(Vector128<short> a, Vector128<short> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic] public static Vector128<T> Or<T>(Vector128<T> a, Vector128<T> b) => Or(a, b);
        [Intrinsic] public static Vector128<T> ShiftRightLogical<T>(Vector128<T> a, byte n) => ShiftRightLogical(a, n);
        [Intrinsic] public static Vector128<T> Shuffle<T>(Vector128<T> a, byte n) => Shuffle(a, n);
        [Intrinsic] public static void Store<T>(T* p, Vector128<T> v) => Store(p, v);
        [Intrinsic] public static Vector128<T> Subtract<T>(Vector128<T> a, Vector128<T> b) => Subtract(a, b);
    }

    [Intrinsic]
    public abstract class Ssse3
    {
        [Intrinsic]
        public static Vector128<short> MultiplyAddAdjacent(Vector128<byte> a, Vector128<sbyte> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic] public static Vector128<T> Shuffle<T>(Vector128<T> a, Vector128<T> n) => Shuffle(a, n);
    }

    [Intrinsic]
    public abstract class Sse41
    {
        [Intrinsic]
        public static Vector128<ushort> PackUnsignedSaturate(Vector128<int> a, Vector128<int> b) =>
            PackUnsignedSaturate(a, b);
    }

    [Intrinsic]
    public abstract unsafe class Avx
    {
        [Intrinsic] public static Vector256<T> Add<T>(Vector256<T> a, Vector256<T> b) => Add(a, b);
        [Intrinsic] public static Vector256<T> AddSubtract<T>(Vector256<T> a, Vector256<T> b) => AddSubtract(a, b);
        [Intrinsic] public static Vector256<T> And<T>(Vector256<T> a, Vector256<T> b) => And(a, b);
        [Intrinsic] public static Vector256<T> Blend<T>(Vector256<T> a, Vector256<T> b, byte n) => Blend(a, b, n);
        [Intrinsic]
        public static Vector256<float> BroadcastScalarToVector256(float* p) => BroadcastScalarToVector256(p);
        [Intrinsic]
        public static Vector256<int> ConvertToVector256Int32(Vector256<float> v) => ConvertToVector256Int32(v);
        [Intrinsic]
        public static Vector256<float> ConvertToVector256Single(Vector256<int> v) => ConvertToVector256Single(v);
        [Intrinsic] public static Vector256<T> Divide<T>(Vector256<T> a, Vector256<T> b) => Divide(a, b);
        [Intrinsic] public static Vector256<T> HorizontalAdd<T>(Vector256<T> a, Vector256<T> b) => HorizontalAdd(a, b);
        [Intrinsic] public static Vector256<T> LoadVector256<T>(T* p) => LoadVector256(p);
        [Intrinsic] public static Vector256<T> MaskLoad<T>(T* p, Vector256<T> m) => MaskLoad(p, m);
        [Intrinsic] public static void MaskStore<T>(T* p, Vector256<T> m, Vector256<T> v) => MaskStore(p, m, v);
        [Intrinsic] public static Vector256<T> Max<T>(Vector256<T> a, Vector256<T> b) => Max(a, b);
        [Intrinsic] public static Vector256<T> Min<T>(Vector256<T> a, Vector256<T> b) => Min(a, b);
        [Intrinsic] public static Vector256<T> Multiply<T>(Vector256<T> a, Vector256<T> b) => Multiply(a, b);
        [Intrinsic] public static Vector256<T> Permute<T>(Vector256<T> v, byte n) => Permute(v, n);
        [Intrinsic]
        public static Vector256<T> Permute2x128<T>(Vector256<T> a, Vector256<T> b, byte n) => Permute2x128(a, b, n);
        [Intrinsic] public static Vector256<T> Shuffle<T>(Vector256<T> a, Vector256<T> b, byte n) => Shuffle(a, b, n);
        [Intrinsic] public static void Store<T>(T* p, Vector256<T> v) => Store(p, v);
        [Intrinsic] public static Vector256<T> Subtract<T>(Vector256<T> a, Vector256<T> b) => Subtract(a, b);
        [Intrinsic] public static Vector256<T> Xor<T>(Vector256<T> a, Vector256<T> b) => Xor(a, b);
    }

    [Intrinsic]
    public abstract unsafe class Avx2
    {
        // Same type in and out
        [Intrinsic] public static Vector256<T> Add<T>(Vector256<T> a, Vector256<T> b) => Add(a, b);
        [Intrinsic] public static Vector256<T> And<T>(Vector256<T> a, Vector256<T> b) => And(a, b);
        [Intrinsic] public static Vector256<T> AndNot<T>(Vector256<T> a, Vector256<T> b) => AndNot(a, b);
        [Intrinsic]
        public static Vector256<T> BlendVariable<T>(Vector256<T> a, Vector256<T> b, Vector256<T> m) =>
            BlendVariable(a, b, m);
        [Intrinsic] public static Vector256<T> CompareEqual<T>(Vector256<T> a, Vector256<T> b) => CompareEqual(a, b);
        [Intrinsic]
        public static Vector256<T> CompareGreaterThan<T>(Vector256<T> a, Vector256<T> b) => CompareGreaterThan(a, b);
        [Intrinsic] public static Vector256<T> MultiplyLow<T>(Vector256<T> a, Vector256<T> b) => MultiplyLow(a, b);
        [Intrinsic] public static Vector256<T> Or<T>(Vector256<T> a, Vector256<T> b) => Or(a, b);
        [Intrinsic]
        public static Vector256<T> Permute2x128<T>(Vector256<T> a, Vector256<T> b, byte n) => Permute2x128(a, b, n);
        [Intrinsic]
        public static Vector256<T> PermuteVar8x32<T>(Vector256<T> v, Vector256<T> n) => PermuteVar8x32(v, n);
        [Intrinsic] public static Vector256<T> ShiftLeftLogical<T>(Vector256<T> a, byte n) => ShiftLeftLogical(a, n);
        [Intrinsic]
        public static Vector256<T> ShiftLeftLogical<T>(Vector256<T> a, Vector128<T> n) => ShiftLeftLogical(a, n);
        [Intrinsic]
        public static Vector256<T> ShiftLeftLogicalVariable<T>(Vector256<T> a, Vector256<uint> n) =>
            ShiftLeftLogicalVariable(a, n);
        [Intrinsic] public static Vector256<T> ShiftRightLogical<T>(Vector256<T> a, byte n) => ShiftRightLogical(a, n);
        [Intrinsic]
        public static Vector256<T> ShiftRightLogicalVariable<T>(Vector256<T> a, Vector256<uint> n) =>
            ShiftRightLogicalVariable(a, n);
        [Intrinsic] public static Vector256<T> Shuffle<T>(Vector256<T> a, Vector256<T> n) => Shuffle(a, n);
        [Intrinsic] public static Vector256<T> Sign<T>(Vector256<T> a, Vector256<T> b) => Sign(a, b);
        [Intrinsic] public static Vector256<T> Subtract<T>(Vector256<T> a, Vector256<T> b) => Subtract(a, b);
        [Intrinsic] public static Vector256<T> UnpackHigh<T>(Vector256<T> a, Vector256<T> b) => UnpackHigh(a, b);
        [Intrinsic] public static Vector256<T> UnpackLow<T>(Vector256<T> a, Vector256<T> b) => UnpackLow(a, b);
        [Intrinsic] public static Vector256<T> Xor<T>(Vector256<T> a, Vector256<T> b) => Xor(a, b);

        // Other types
        [Intrinsic] public static Vector256<byte> Abs(Vector256<sbyte> v) => Abs(v);
        [Intrinsic] public static Vector256<ushort> Abs(Vector256<short> v) => Abs(v);
        [Intrinsic] public static Vector256<uint> Abs(Vector256<int> v) => Abs(v);
        [Intrinsic] public static Vector256<T> BroadcastScalarToVector256<T>(T* p) => BroadcastScalarToVector256(p);
        [Intrinsic]
        public static Vector256<int> ConvertToVector256Int32<T>(T* p) => ConvertToVector256Int32(p);
        [Intrinsic]
        public static Vector256<int> ConvertToVector256Int32<T>(Vector128<T> v) => ConvertToVector256Int32(v);
        [Intrinsic]
        public static Vector256<short> MultiplyAddAdjacent(Vector256<byte> a, Vector256<sbyte> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic]
        public static Vector256<int> MultiplyAddAdjacent(Vector256<short> a, Vector256<short> b) =>
            MultiplyAddAdjacent(a, b);
        [Intrinsic]
        public static Vector256<sbyte> PackSignedSaturate(Vector256<short> a, Vector256<short> b) =>
            PackSignedSaturate(a, b);
        [Intrinsic]
        public static Vector256<short> PackSignedSaturate(Vector256<int> a, Vector256<int> b) =>
            PackSignedSaturate(a, b);
        [Intrinsic]
        public static Vector256<ushort> SumAbsoluteDifferences(Vector256<byte> a, Vector256<byte> b) =>
            SumAbsoluteDifferences(a, b);
    }

    [Intrinsic]
    public abstract class Fma
    {
        [Intrinsic]
        public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
            MultiplyAdd(a, b, c);
    }

    [Intrinsic]
    public abstract class AvxVnni
    {
        [Intrinsic]
        public static Vector256<int> MultiplyWideningAndAdd(Vector256<int> s, Vector256<byte> a, Vector256<sbyte> b) =>
            MultiplyWideningAndAdd(s, a, b);
    }
}
