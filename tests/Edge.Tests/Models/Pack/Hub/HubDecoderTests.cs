using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;
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
