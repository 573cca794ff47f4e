using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack.Hub;

/// <summary>Which type of GGUF holds a 4-bit matrix of GPTQ or AWQ without a rounding: its integers less their zeros,
/// times a half-precision scale for 32 columns in a row.
/// <para>Q4_0 where every zero is 8 (what "sym" means), so that DIGITS4_G32 has the same integers and scales; Q8_0 for
/// other zeros, since the difference takes five bits; F32 where a group's columns do not stand together (act-order) or
/// are no multiple of 32, or scales are no halves.</para></summary>
internal static class HubExactness
{
    private const int Block = 32;
    private const uint Eights = 0x88888888;
    /// <summary>Of a scale, so that sixteen times it, the offset of the largest zero, is a half too.</summary>
    private const float AffineMax = 65504f / 16;

    /// <summary>The type that holds all matrices of the tensor; <paramref name="why"/>: it is F32.</summary>
    public static QuantType TypeOf(HubPart[] parts, HubForm form, int zeroOffset, out string? why)
    {
        bool isSymmetric = true;
        float largest = 0;
        SafetensorsEntry? seen = null;
        foreach (HubPart part in parts)
        {
            why = part.IsPlain ? NoBlocks(part) : "its 4-bit rows are turned round: kept exactly, as F32";
            if (why is not null) return QuantType.F32;
            if (ReferenceEquals(part.Weights, seen)) continue;
            seen = part.Weights;
            if (LargestHalf(part.Scales!) is not { } scale)
            {
                why = "its scales are no halves: kept exactly, as F32";
                return QuantType.F32;
            }
            largest = Math.Max(largest, scale);
            isSymmetric = isSymmetric && IsSymmetric(part.Zeros!, form == HubForm.Gptq ? zeroOffset : 0);
        }
        bool hasOffsets = isSymmetric || largest <= AffineMax;
        why = hasOffsets ? null : "its offsets are larger than a half can be: kept exactly, as F32";
        return isSymmetric ? QuantType.Q4_0 : hasOffsets ? QuantType.Q8_0 : QuantType.F32;
    }

    private static string? NoBlocks(HubPart part)
    {
        long groups = part.Scales!.Shape[0], size = part.Columns / groups;
        if (size % Block != 0) return $"its groups of {size} are no blocks of 32: kept exactly, as F32";
        if (part.Groups is null) return null;
        ReadOnlySpan<int> groupOf = MemoryMarshal.Cast<byte, int>(Read(part.Groups));
        for (int c = 0; c < groupOf.Length; c++)
            if (groupOf[c] != c / size) return "its groups' columns are scattered (act-order): kept exactly, as F32";
        return null;
    }

    /// <summary>The largest magnitude; null where a scale is no finite number of half precision.</summary>
    private static float? LargestHalf(SafetensorsEntry scales)
    {
        byte[] bytes = Read(scales);
        float largest = 0;
        for (int i = 0; i < scales.Elements; i++)
        {
            float scale = scales.Type switch
            {
                "F16" => FloatScalar.FromF16(MemoryMarshal.Read<ushort>(bytes.AsSpan(2 * i))),
                "F32" => MemoryMarshal.Read<float>(bytes.AsSpan(4 * i)),
                _ => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes.AsSpan(2 * i)) << 16),
            };
            if (!(Math.Abs(scale) <= 65504) || FloatScalar.FromF16(FloatScalar.ToF16(scale)) != scale) return null;
            largest = Math.Max(largest, Math.Abs(scale));
        }
        return largest;
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
