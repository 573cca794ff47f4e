using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack.Hub;

/// <summary>Which type of GGUF holds a 4-bit matrix of GPTQ or AWQ without a rounding: its integers less their zeros,
/// times a half-precision scale for 32 columns in a row.
/// <para>Q4_0 where every zero is 8 (what "sym" means), so that DIGITS4_G32 has the same integers and scales; Q8_0 for
/// other zeros, since the difference takes five bits; F32 where a group's columns do not stand together (act-order), or
/// scales are no halves.</para></summary>
internal static class HubExactness
{
    private const int Block = 32;
    private const uint Eights = 0x88888888;

    /// <summary>The type that holds all matrices of the tensor.</summary>
    public static QuantType TypeOf(HubPart[] parts, HubForm form, int zeroOffset)
    {
        bool isSymmetric = true;
        SafetensorsEntry? seen = null;
        foreach (HubPart part in parts)
        {
            if (!part.IsPlain || !HasBlocks(part)) return QuantType.F32;
            if (ReferenceEquals(part.Weights, seen)) continue;
            seen = part.Weights;
            if (!HasHalves(part.Scales!)) return QuantType.F32;
            isSymmetric = isSymmetric && IsSymmetric(part.Zeros!, form == HubForm.Gptq ? zeroOffset : 0);
        }
        return isSymmetric ? QuantType.Q4_0 : QuantType.Q8_0;
    }

    private static bool HasBlocks(HubPart part)
    {
        long groups = part.Scales!.Shape[0], size = part.Columns / groups;
        if (size % Block != 0) return false;
        if (part.Groups is null) return true;
        ReadOnlySpan<int> groupOf = MemoryMarshal.Cast<byte, int>(Read(part.Groups));
        for (int c = 0; c < groupOf.Length; c++)
            if (groupOf[c] != c / size) return false;
        return true;
    }

    /// <summary>Every scale is a finite number of half precision.</summary>
    private static bool HasHalves(SafetensorsEntry scales)
    {
        byte[] bytes = Read(scales);
        if (scales.Type == "F16")
        {
            foreach (ushort half in MemoryMarshal.Cast<byte, ushort>(bytes))
                if ((half & 0x7C00) == 0x7C00) return false;
            return true;
        }
        for (int i = 0; i < scales.Elements; i++)
        {
            float scale = scales.Type == "F32" ? MemoryMarshal.Read<float>(bytes.AsSpan(4 * i))
                : BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes.AsSpan(2 * i)) << 16);
            if (!(Math.Abs(scale) <= 65504) || FloatScalar.FromF16(FloatScalar.ToF16(scale)) != scale) return false;
        }
        return true;
    }

    private static bool IsSymmetric(SafetensorsEntry zeros, int zeroOffset)
    {
        foreach (uint word in MemoryMarshal.Cast<byte, uint>(Read(zeros)))
            if (word != Eights - (uint)zeroOffset * 0x11111111) return false;
        return true;
    }

    private static byte[] Read(SafetensorsEntry entry)
    {
        byte[] bytes = new byte[entry.Bytes];
        entry.File.Read(entry, 0, bytes);
        return bytes;
    }
}
