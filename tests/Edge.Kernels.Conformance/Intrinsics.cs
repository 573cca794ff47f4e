// Declarations of the vector types and intrinsics that kernels use. The compiler knows each by its class, name and
// operand types and emits the instruction; a body that calls itself is never compiled. Families of overloads are one
// generic method here: the call reads the same.
using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics
{
    [Intrinsic]
    public readonly struct Vector64<T> { private readonly ulong _00; }

    [Intrinsic]
    public readonly struct Vector128<T>
    {
        private readonly ulong _00, _01;
        public static Vector128<T> Zero { [Intrinsic] get => Zero; }
        [Intrinsic] public static Vector128<T> operator +(Vector128<T> a, Vector128<T> b) => a + b;
        [Intrinsic] public static Vector128<T> operator -(Vector128<T> a, Vector128<T> b) => a - b;
        [Intrinsic] public static Vector128<T> operator *(Vector128<T> a, Vector128<T> b) => a * b;
        [Intrinsic] public static Vector128<T> operator *(Vector128<T> a, T b) => a * b;
        [Intrinsic] public static Vector128<T> operator /(Vector128<T> a, Vector128<T> b) => a / b;
        [Intrinsic] public static Vector128<T> operator &(Vector128<T> a, Vector128<T> b) => a & b;
        [Intrinsic] public static Vector128<T> operator |(Vector128<T> a, Vector128<T> b) => a | b;
        [Intrinsic] public static Vector128<T> operator ^(Vector128<T> a, Vector128<T> b) => a ^ b;
        [Intrinsic] public static Vector128<T> operator ~(Vector128<T> a) => ~a;
        [Intrinsic] public static Vector128<T> operator -(Vector128<T> a) => -a;
        [Intrinsic] public static Vector128<T> operator <<(Vector128<T> a, int n) => a << n;
        [Intrinsic] public static Vector128<T> operator >>(Vector128<T> a, int n) => a >> n;
        [Intrinsic] public static Vector128<T> operator >>>(Vector128<T> a, int n) => a >>> n;
    }

    public static unsafe class Vector64
    {
        [Intrinsic] public static Vector64<T> Create<T>(T v) => Create(v);
        [Intrinsic] public static T ToScalar<T>(this Vector64<T> v) => ToScalar(v);
        [Intrinsic] public static T GetElement<T>(this Vector64<T> v, int i) => GetElement(v, i);
        [Intrinsic] public static Vector64<int> AsInt32<T>(this Vector64<T> v) => AsInt32(v);
        [Intrinsic] public static Vector64<float> AsSingle<T>(this Vector64<T> v) => AsSingle(v);
        [Intrinsic] public static Vector128<T> ToVector128Unsafe<T>(this Vector64<T> v) => ToVector128Unsafe(v);
    }

    public static unsafe partial class Vector128
    {
        [Intrinsic] public static Vector128<T> Create<T>(T v) => Create(v);
        [Intrinsic] public static Vector128<T> Create<T>(Vector64<T> low, Vector64<T> high) => Create(low, high);
        [Intrinsic] public static Vector128<int> Create(int a, int b, int c, int d) => Create(a, b, c, d);
        [Intrinsic] public static Vector128<uint> Create(uint a, uint b, uint c, uint d) => Create(a, b, c, d);
        [Intrinsic] public static Vector128<float> Create(float a, float b, float c, float d) => Create(a, b, c, d);
        [Intrinsic] public static Vector128<ulong> Create(ulong a, ulong b) => Create(a, b);
        [Intrinsic]
        public static Vector128<byte> Create(byte a, byte b, byte c, byte d, byte e, byte f, byte g, byte h,
            byte i, byte j, byte k, byte l, byte m, byte n, byte o, byte p) =>
                Create(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        [Intrinsic]
        public static Vector128<sbyte> Create(sbyte a, sbyte b, sbyte c, sbyte d, sbyte e, sbyte f, sbyte g, sbyte h,
            sbyte i, sbyte j, sbyte k, sbyte l, sbyte m, sbyte n, sbyte o, sbyte p) =>
                Create(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        [Intrinsic] public static Vector128<T> CreateScalar<T>(T v) => CreateScalar(v);
        [Intrinsic] public static Vector128<T> CreateScalarUnsafe<T>(T v) => CreateScalarUnsafe(v);
        [Intrinsic] public static Vector128<TTo> As<T, TTo>(this Vector128<T> v) => As<T, TTo>(v);
        [Intrinsic] public static Vector128<byte> AsByte<T>(this Vector128<T> v) => AsByte(v);
        [Intrinsic] public static Vector128<sbyte> AsSByte<T>(this Vector128<T> v) => AsSByte(v);
        [Intrinsic] public static Vector128<short> AsInt16<T>(this Vector128<T> v) => AsInt16(v);
        [Intrinsic] public static Vector128<ushort> AsUInt16<T>(this Vector128<T> v) => AsUInt16(v);
        [Intrinsic] public static Vector128<int> AsInt32<T>(this Vector128<T> v) => AsInt32(v);
        [Intrinsic] public static Vector128<uint> AsUInt32<T>(this Vector128<T> v) => AsUInt32(v);
        [Intrinsic] public static Vector128<long> AsInt64<T>(this Vector128<T> v) => AsInt64(v);
        [Intrinsic] public static Vector128<ulong> AsUInt64<T>(this Vector128<T> v) => AsUInt64(v);
        [Intrinsic] public static Vector128<float> AsSingle<T>(this Vector128<T> v) => AsSingle(v);
        [Intrinsic] public static Vector64<T> GetLower<T>(this Vector128<T> v) => GetLower(v);
        [Intrinsic] public static Vector64<T> GetUpper<T>(this Vector128<T> v) => GetUpper(v);
        [Intrinsic] public static T GetElement<T>(this Vector128<T> v, int i) => GetElement(v, i);
        [Intrinsic] public static T ToScalar<T>(this Vector128<T> v) => ToScalar(v);
        [Intrinsic] public static Vector128<T> Sqrt<T>(Vector128<T> v) => Sqrt(v);
    }
}
