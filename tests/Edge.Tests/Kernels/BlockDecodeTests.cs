using System.Text.Json;
using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>Every quantised type that runs, against values that scripts/golden/quant-types.py computed from the format
/// descriptions in exact rational arithmetic.</summary>
public sealed unsafe class BlockDecodeTests
{
    private static readonly JsonDocument Golden = JsonDocument.Parse(File.ReadAllBytes(
        Path.Combine(Edge.Tests.Models.DemoModel.Folder, "..", "quant-types.json")));

    public static TheoryData<QuantType> Types() => [.. QuantTypes.Rows
        .Where(row => row is { Runs: true, IsPacked: false } && row.Id != QuantType.F32).Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Decode_IndependentFixture_GivesTheBits(QuantType type)
    {
        var seen = new HashSet<float>();
        foreach (JsonElement row in Golden.RootElement.GetProperty(type.ToString()).EnumerateArray())
        {
            byte[] block = Convert.FromHexString(row.GetProperty("block").GetString()!);
            byte[] expected = Convert.FromHexString(row.GetProperty("values").GetString()!);
            int columns = expected.Length / sizeof(float);
            Assert.Equal(QuantTypes.Bytes(type, [columns, 1]), block.Length);
            using var source = new NativeBytes(block.Length);
            using var values = new NativeBytes(expected.Length, 0xFF);
            block.CopyTo(source.Span);
            if (QuantTypes.Of(type).MatrixTrailerBytes > 0)
            {
                TileLayout layout = TileLayout.OfBlocks(type)!;
                using var rows = new NativeBytes(layout.Bytes(1, columns));
                Assert.Equal(0, layout.Pack(source.Pointer, rows.Pointer, columns, 1));
                layout.DecodeRow(rows.Pointer, values.Floats, columns, 0);
            }
            else FloatScalar.Decode(source.Pointer, values.Floats, columns, (int)type);
            for (int i = 0; i < columns; i++)
            {
                float value = values.Floats[i], wanted = BitConverter.ToSingle(expected, 4 * i);
                // The fixture has one zero.
                Assert.True(value == wanted, $"{type}, value {i}: {value:R} instead of {wanted:R}");
                seen.Add(value);
            }
        }
        Assert.True(seen.Count > 12, "the fixture has no variety");
    }

    [Fact]
    public void Fixture_EveryRunnableType_IsThere() =>
        Assert.Equal(18, Golden.RootElement.EnumerateObject().Count());
}
