using Edge.Weights;
using Edge.Weights.Policies;
using Xunit;

namespace Edge.Tests.Weights;

/// <summary>Ranges that begin and end inside pages.</summary>
public sealed unsafe partial class ResidencyTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pin_RangesInsidePages_HoldTheFilesBytes(bool beginsOnPage)
    {
        // Neighbours share pages; one range ends with its page, one with the file.
        byte[] file = _bytes[..(3 * Stride + 1234)];
        File.WriteAllBytes(_file.Path, file);
        (long At, int Bytes)[] ranges =
        [
            (32, 1_500_000), (1_500_032, 3000), (1_503_032, 4096 * 400 - 1_503_032),
            (Stride + 4095, 1), (Stride + 4096, 8192), (2 * Stride - 64, file.Length - 2 * Stride + 64),
        ];
        int arranged = 0;
        ByteRange Range(int i)
        {
            var sum = new Checksum();
            sum.Add(file.AsSpan((int)ranges[i].At, ranges[i].Bytes));
            return new ByteRange(ranges[i].At, ranges[i].Bytes, sum.Value)
            {
                BeginsOnPage = beginsOnPage,
                Arrange = at => (beginsOnPage ? at % 4096 == 0 : at % 4096 == ranges[i].At % 4096)
                    && Interlocked.Increment(ref arranged) > 0,
            };
        }

        var slices = new[]
        {
            new SliceRanges(0, [Range(0), Range(1), Range(2)]), SliceRanges.None,
            new SliceRanges(0, [Range(3), Range(4), Range(5)]), SliceRanges.None,
        };
        long slotBytes = slices.Max(slice => slice.SlotBytes);
        using var residency = new Residency(
            StorageFile.Open(_file.Path), _file.Path, slices, [new SlotClass(2, slotBytes)], null);
        Bring(residency, 0);
        Bring(residency, 1);
        for (int i = 0; i < ranges.Length; i++)
        {
            byte* at = *residency.Cell(CacheShape.Hi(i / 3), i % 3);
            Assert.Equal(beginsOnPage ? 0 : ranges[i].At % 4096, (nint)at % 4096);
            Assert.True(new ReadOnlySpan<byte>(at, ranges[i].Bytes)
                .SequenceEqual(file.AsSpan((int)ranges[i].At, ranges[i].Bytes)), $"range {i}");
        }
        Assert.Equal(ranges.Length, arranged);
        Assert.Equal(0, residency.Statistics.Retries);
    }

    [Fact]
    public void Pin_RangeInsideAPageBehindTheEnd_NamesTheByte()
    {
        File.WriteAllBytes(_file.Path, _bytes[..10_000]);
        var slices = new[] { new SliceRanges(0, [new ByteRange(5000, 6000, null)]), SliceRanges.None };
        using var residency = new Residency(
            StorageFile.Open(_file.Path), _file.Path, slices, [new SlotClass(1, 8192)], null);
        residency.Want(0, ReadPriority.Demand);
        var e = Assert.Throws<WeightReadException>(() => residency.Pin(0));
        Assert.Equal((ReadFailure.ShortRead, 10_000), (e.Failure, e.ByteOffset));
        Assert.Contains("up to byte 11000", e.Message, StringComparison.Ordinal);
    }
}
