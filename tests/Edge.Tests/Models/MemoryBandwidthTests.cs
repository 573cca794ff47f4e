using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

public sealed class MemoryBandwidthTests
{
    [Theory]
    [InlineData(4, 430L << 20, 14_090_240)] // a Raspberry Pi Zero 2 W
    [InlineData(4, 8L << 30, 128L << 20)]
    [InlineData(2, 64L << 20, 4L << 20)]
    [InlineData(64, 1L << 30, 4L << 20)]
    public void BytesPerThread_LittleMemory_IsAnEighthOfItInAll(int threads, long memory, long expected) =>
        Assert.Equal(expected, MemoryBandwidth.BytesPerThread(threads, memory));

    [Fact]
    public void Best_MoreThreadsThanCores_IsMeasuredAllTheSame() =>
        Assert.True(MemoryBandwidth.Best(threads: 256) > 0);
}
