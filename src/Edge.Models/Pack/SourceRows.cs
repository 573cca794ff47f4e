using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Rows of a source file as float32: the bits of <see cref="FloatScalar.Decode"/>, in vectors for the types
/// that large files have.</summary>
internal static unsafe class SourceRows
{
    /// <summary>Decodes a row; returns how many of its weights are infinite or no number.</summary>
    public static long Decode(byte* row, float* y, int columns, QuantType type)
    {
        int step = Vector<ushort>.Count, whole = columns / step * step;
        switch (type)
        {
            case QuantType.F16:
                for (int c = 0; c < whole; c += step) FromF16(Load<ushort>(row + 2 * c), y + c);
                FloatScalar.Decode(row + 2 * whole, y + whole, columns - whole, (int)type);
                break;
            case QuantType.BF16:
                for (int c = 0; c < whole; c += step)
                {
                    Vector.Widen(Load<ushort>(row + 2 * c), out Vector<uint> low, out Vector<uint> high);
                    Store(Vector.ShiftLeft(low, 16), y + c);
                    Store(Vector.ShiftLeft(high, 16), y + c + step / 2);
                }
                FloatScalar.Decode(row + 2 * whole, y + whole, columns - whole, (int)type);
                break;
            case QuantType.F32:
                Buffer.MemoryCopy(row, y, 4L * columns, 4L * columns);
                break;
            case var _ when Vector<sbyte>.Count > 32:
                FloatScalar.Decode(row, y, columns, (int)type);
                break;
            case QuantType.Q8_0:
                for (int c = 0; c < columns; c += 32, row += 34)
                    FromIntegers((sbyte*)row + 2, FloatScalar.FromF16(*(ushort*)row), y + c);
                break;
            case QuantType.Q4_0:
                sbyte* nibbles = stackalloc sbyte[32];
                for (int c = 0; c < columns; c += 32, row += 18)
                {
                    Vector128<byte> pairs = Vector128.Load(row + 2);
                    ((pairs & Vector128.Create((byte)15)).AsSByte() - Vector128.Create((sbyte)8)).Store(nibbles);
                    ((pairs >>> 4).AsSByte() - Vector128.Create((sbyte)8)).Store(nibbles + 16);
                    FromIntegers(nibbles, FloatScalar.FromF16(*(ushort*)row), y + c);
                }
                break;
            default:
                FromBlocks(row, y, columns, type);
                break;
        }
        return CountBad(y, columns);
    }

    private static long CountBad(float* y, int columns)
    {
        var least = new Vector<float>(float.MaxValue);
        Vector<int> bad = default;
        int c = 0;
        // Each lane counts down by one for every number that is not.
        for (; c + Vector<float>.Count <= columns; c += Vector<float>.Count)
            bad += Vector.OnesComplement(Vector.LessThanOrEqual(Vector.Abs(Load<float>((byte*)(y + c))), least));
        long count = -Vector.Sum(bad);
        for (; c < columns; c++)
            if (!float.IsFinite(y[c])) count++;
        return count;
    }

    /// <summary>Exponents are moved by a multiplication, which is exact and gives subnormals their value; infinities
    /// and what is no number become numbers above 65504 by it, and are put back.</summary>
    private static void FromF16(Vector<ushort> halves, float* y)
    {
        Vector.Widen(halves, out Vector<uint> low, out Vector<uint> high);
        Store(Widened(low), y);
        Store(Widened(high), y + Vector<uint>.Count);

        static Vector<uint> Widened(Vector<uint> half)
        {
            Vector<uint> magnitude = Vector.BitwiseAnd(half, new Vector<uint>(0x7FFF));
            var exponent = new Vector<float>(BitConverter.UInt32BitsToSingle((127 - 15 + 127) << 23));
            Vector<uint> value = Vector.AsVectorUInt32(
                Vector.AsVectorSingle(Vector.ShiftLeft(magnitude, 13)) * exponent);
            Vector<uint> infinite = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7C00));
            value = Vector.BitwiseOr(value, Vector.BitwiseAnd(infinite, new Vector<uint>(0x7F800000)));
            return Vector.BitwiseOr(value,
                Vector.ShiftLeft(Vector.BitwiseAnd(half, new Vector<uint>(0x8000)), 16));
        }
    }

    private static void FromBlocks(byte* row, float* y, int columns, QuantType type)
    {
        sbyte* integers = stackalloc sbyte[Blocks.Group];
        float* scales = stackalloc float[4];
        for (int g = 0; g < columns / Blocks.Group; g++, y += Blocks.Group)
        {
            bool hasOffset = Blocks.Integers(row, g, (int)type, integers, scales);
            if (scales[0] == scales[1] && !hasOffset) FromIntegers(integers, scales[0], y);
            else FromHalves(integers, scales, hasOffset, y);
        }
    }

    /// <summary>32 integers of one scale.</summary>
    private static void FromIntegers(sbyte* integers, float one, float* y)
    {
        var scale = new Vector<float>(one);
        int quarter = Vector<float>.Count;
        for (int i = 0; i < 32; i += Vector<sbyte>.Count)
        {
            Vector.Widen(Load<sbyte>((byte*)integers + i), out Vector<short> low, out Vector<short> high);
            Vector.Widen(low, out Vector<int> a, out Vector<int> b);
            Vector.Widen(high, out Vector<int> c, out Vector<int> d);
            (Vector.ConvertToSingle(a) * scale).Store(y + i);
            (Vector.ConvertToSingle(b) * scale).Store(y + i + quarter);
            (Vector.ConvertToSingle(c) * scale).Store(y + i + 2 * quarter);
            (Vector.ConvertToSingle(d) * scale).Store(y + i + 3 * quarter);
        }
    }

    /// <summary>Two times 16 integers, each with its scale and offset.</summary>
    private static void FromHalves(sbyte* integers, float* scales, bool hasOffset, float* y)
    {
        int step = Vector<float>.Count;
        FromIntegers(integers, 1, y);
        for (int i = 0; i < 32; i += step)
        {
            Vector<float> product = Vector.Load(y + i) * new Vector<float>(scales[i >> 4]);
            (hasOffset ? product + new Vector<float>(scales[2 + (i >> 4)]) : product).Store(y + i);
        }
    }

    private static Vector<T> Load<T>(byte* at) where T : unmanaged => Unsafe.ReadUnaligned<Vector<T>>(at);

    private static void Store(Vector<uint> bits, float* y) => Unsafe.WriteUnaligned(y, bits);
}
