using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Models.Pack.Hub;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>GPTQ's variants, value by value.</summary>
public sealed unsafe class HubDecoderTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Gptq_EveryVariant_GivesScaleTimesDistanceFromZero(int zeroOffset, bool isReordered)
    {
        const int Rows = 16, Columns = 24, Groups = 3;
        var random = new Random(zeroOffset + (isReordered ? 10 : 0));
        var q = new int[Columns, Rows];
        var z = new int[Groups, Rows];
        uint[] weights = new uint[Columns / 8 * Rows], zeros = new uint[Groups * Rows / 8];
        var scales = new float[Groups * Rows];
        int[] groups = [.. Enumerable.Range(0, Columns).Select(c => isReordered ? (c * 7 + 1) % Groups : c / 8)];
        for (int r = 0; r < Rows; r++)
        {
            for (int c = 0; c < Columns; c++)
            {
                q[c, r] = random.Next(16);
                weights[c / 8 * Rows + r] |= (uint)q[c, r] << c % 8 * 4;
            }
            for (int g = 0; g < Groups; g++)
            {
                z[g, r] = random.Next(16);
                zeros[(g * Rows + r) / 8] |= (uint)z[g, r] << r % 8 * 4;
                scales[g * Rows + r] = random.Next(1, 9) / 8f;
            }
        }
        var decoded = new float[Rows * Columns];
        fixed (uint* w = weights, zero = zeros)
        fixed (float* s = scales, to = decoded)
        fixed (int* g = groups)
            HubDecoder.Gptq(w, zero, s, isReordered ? g : null, to, Rows, Columns, Groups, zeroOffset, Entry());
        for (int r = 0; r < Rows; r++)
            for (int c = 0; c < Columns; c++)
            {
                int g = groups[c];
                Assert.Equal((q[c, r] - z[g, r] - zeroOffset) * scales[g * Rows + r], decoded[r * Columns + c]);
            }
    }

    [Fact]
    public void Gptq_GroupBeyondTheLast_IsRefused()
    {
        var room = new float[64 * 8];
        int[] groups = [0, 0, 0, 1, 0, 0, 0, 0];
        var error = Assert.Throws<ModelFolderException>(() =>
        {
            fixed (float* floats = room)
            fixed (int* g = groups)
                HubDecoder.Gptq((uint*)floats, (uint*)floats, floats, g, floats + 64, 8, 8, 1, 1, Entry());
        });
        Assert.Contains("has its column 3 in group 1 of 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BitNet_FourthCode_IsRefused()
    {
        byte[] codes = [0b00_01_10_00, 0b00_11_00_00];
        var room = new float[8];
        var error = Assert.Throws<ModelFolderException>(() =>
        {
            fixed (byte* from = codes)
            fixed (float* to = room) HubDecoder.BitNet(from, 0.5f, to, 4, 2, Entry());
        });
        Assert.Contains("in row 0, column 1", error.Message, StringComparison.Ordinal);
        Assert.Equal([-0.5f, -0.5f, 0.5f, -0.5f, 0, 0, -0.5f, 0], room);
    }

    /// <summary>Blocks are the same numbers as the floats that the decoder gives.</summary>
    [Theory]
    [InlineData(false, 1, 128)]
    [InlineData(false, 0, 64)]
    [InlineData(true, 0, 128)]
    [InlineData(true, 0, 32)]
    public void Write_BlocksOfEveryForm_AreTheFloats(bool isAwq, int zeroOffset, int group)
    {
        const int Rows = 16, Columns = 256;
        var random = new Random(group + zeroOffset);
        uint[] weights = new uint[Rows * Columns / 8], zeros = new uint[Columns / group * Rows / 8];
        foreach (uint[] words in (uint[][])[weights, zeros])
            for (int i = 0; i < words.Length; i++) words[i] = (uint)random.NextInt64(1L << 32);
        ushort[] halves = [.. Enumerable.Range(0, Columns / group * Rows).Select(_ =>
            BitConverter.HalfToUInt16Bits((Half)(random.NextDouble() + 0.01)))];
        float[] scales = [.. halves.Select(half => (float)BitConverter.UInt16BitsToHalf(half))];
        foreach (QuantType type in (QuantType[])[QuantType.Q8_0, QuantType.Q4_0])
        {
            if (type == QuantType.Q4_0) Array.Fill(zeros, 0x88888888 - (uint)zeroOffset * 0x11111111);
            float[] expected = new float[Rows * Columns], floats = new float[Rows * Columns];
            byte[] blocks = new byte[Rows * QuantTypes.RowBytes(type, Columns)];
            fixed (uint* w = weights, z = zeros)
            fixed (float* s = scales, to = expected, from = floats)
            fixed (ushort* h = halves)
            fixed (byte* b = blocks)
            {
                if (isAwq) HubDecoder.Awq(w, z, s, to, Rows, Columns, Columns / group);
                else HubDecoder.Gptq(w, z, s, null, to, Rows, Columns, Columns / group, zeroOffset, Entry());
                HubForm form = isAwq ? HubForm.Awq : HubForm.Gptq;
                HubBlocks.Write(form, type, w, z, h, b, Rows, Columns, Columns / group, zeroOffset);
                for (int r = 0; r < Rows; r++)
                    SourceRows.Decode(b + r * blocks.Length / Rows, from + r * Columns, Columns, type);
            }
            Assert.True(expected.Distinct().Count() > 100);
            Assert.Equal(expected, floats);
        }
    }

    [Theory]
    [InlineData("F16", 0x3C00, 7, 0, QuantType.Q4_0)]
    [InlineData("BF16", 0x3F80, 7, 0, QuantType.Q4_0)]
    [InlineData("F16", 0x3C00, 6, 0, QuantType.Q8_0)]
    [InlineData("F16", 0x6BFF, 6, 0, QuantType.Q8_0)] // sixteen times it is the largest half
    [InlineData("F16", 0x6C00, 6, 0, QuantType.F32)] // its offset would be infinite
    [InlineData("F16", 0x6C00, 7, 0, QuantType.Q4_0)] // and there is none
    [InlineData("F16", 0x7C00, 7, 0, QuantType.F32)] // infinite
    [InlineData("BF16", 0x7F00, 7, 0, QuantType.F32)] // more than a half can be
    [InlineData("BF16", 0x3001, 7, 0, QuantType.F32)] // finer than a half can be
    [InlineData("F16", 0x3C00, 7, 1, QuantType.F32)] // columns in another order
    public void TypeOf_ScalesZerosAndOrder_IsTheNarrowestThatHoldsThem(
        string scaleType, int scale, int zero, int order, QuantType expected)
    {
        const int Rows = 8, Columns = 64;
        byte[] scales = [.. Enumerable.Repeat<byte[]>([(byte)scale, (byte)(scale >> 8)], Rows * 2).SelectMany(b => b)];
        byte[] zeros = [.. Enumerable.Repeat((byte)(zero * 17), 2 * Rows / 2)];
        zeros[3] = 0x77;
        byte[] groups = [.. Enumerable.Range(0, Columns).SelectMany(c =>
            BitConverter.GetBytes((c ^ (order == 1 && c is 31 or 32 ? 63 : 0)) / 32))];
        string path = Path.Combine(Path.GetTempPath(), $"edge-test-{Guid.NewGuid():N}.safetensors");
        try
        {
            using SafetensorsFile file = HubFolders.Write(path,
                ("w", "I32", [Columns / 8, Rows], new byte[Columns / 8 * 32]),
                ("s", scaleType, [2, Rows], scales), ("z", "I32", [2, 1], zeros), ("g", "I32", [Columns], groups));
            var part = new HubPart(file.Entries[0], 0, Rows, Columns)
            {
                Scales = file.Entries[1], Zeros = file.Entries[2], Groups = file.Entries[3],
            };
            Assert.Equal(expected, HubExactness.TypeOf([part], HubForm.Gptq, zeroOffset: 1, out string? why));
            Assert.Equal(expected == QuantType.F32,
                why?.EndsWith("kept exactly, as F32", StringComparison.Ordinal) ?? false);
            Assert.Equal(QuantType.F32,
                HubExactness.TypeOf([part with { IsTransposed = true }], HubForm.Gptq, zeroOffset: 1, out _));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What no mutation of digits makes: blocks of one matrix, not of a stack.</summary>
    [Fact]
    public void Of_BlocksWithoutExperts_AreRefused()
    {
        using HubJson json = HubJson.Get(HubFolders.FolderOf("gpt-oss-mx"), "config.json", 1 << 20);
        HubModel model = HubModel.Of(json);
        var cuts = new HubCuts(new HubConfig(model.TextOf(json), model));
        string path = Path.Combine(Path.GetTempPath(), $"edge-test-{Guid.NewGuid():N}.safetensors");
        try
        {
            using SafetensorsFile file = HubFolders.Write(path, ("b", "U8", [4, 2, 16], new byte[128]));
            foreach (HubPlace place in HubNames.PlacesOf("model.layers.0.mlp.experts.gate_up_proj_blocks", true))
                Assert.Contains("has 3 dimensions", Assert.Throws<ModelFolderException>(
                    () => cuts.Of(file.Entries[0], HubForm.Mxfp4, place)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static SafetensorsEntry Entry()
    {
        byte[] header = Encoding.ASCII.GetBytes("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}");
        string path = Path.Combine(Path.GetTempPath(), $"edge-test-{Guid.NewGuid():N}.safetensors");
        byte[] bytes = new byte[8 + header.Length + 1];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        File.WriteAllBytes(path, bytes);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Entries[0];
        }
        finally
        {
            File.Delete(path);
        }
    }
}
