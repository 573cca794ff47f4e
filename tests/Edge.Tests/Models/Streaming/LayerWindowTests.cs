using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Weights;
using Edge.Weights;
using Edge.Weights.Policies;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>The ring, whatever order units come in.</summary>
public sealed unsafe class LayerWindowTests : IDisposable
{
    private const int Units = 9, Bytes = 5000;
    private readonly TemporaryFile _file = new();
    private readonly byte[] _bytes = new byte[Units * Bytes];

    public LayerWindowTests()
    {
        new Random(5).NextBytes(_bytes);
        File.WriteAllBytes(_file.Path, _bytes);
    }

    public void Dispose() => _file.Dispose();

    private Residency Make(int ring, FaultyStorage storage)
    {
        var slices = new SliceRanges[2 * Units];
        for (int u = 0; u < Units; u++)
        {
            slices[CacheShape.Hi(u)] = new SliceRanges(0, [new ByteRange(u * Bytes, Bytes, null)]);
            slices[CacheShape.Lo(u)] = SliceRanges.None;
        }
        return new Residency(
            storage, _file.Path, slices, [new SlotClass(ring, slices.Max(slice => slice.SlotBytes))], null);
    }

    private void AssertThere(Residency residency, int unit) => Assert.True(
        new ReadOnlySpan<byte>(*residency.Cell(CacheShape.Hi(unit), 0), Bytes)
            .SequenceEqual(_bytes.AsSpan(unit * Bytes, Bytes)));

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public void Enter_AnyOrderInAnyPass_TheUnitIsThere(int ring, bool isOrdered)
    {
        var random = new Random(7 + ring);
        bool[] stays = [.. Enumerable.Range(0, Units).Select(u => u % 4 == 2)];
        using var residency = Make(ring, new FaultyStorage(_file.Path, ring) { DelayMicrosMax = 300 });
        var window = new LayerWindow(residency, stays, ring, isOrdered);
        for (int pass = 0; pass < 60; pass++)
        {
            // Some passes in their own order, some with units left out, some that end in the middle.
            int[] order = [.. Enumerable.Range(0, Units)];
            if (pass % 3 == 0) random.Shuffle(order);
            int count = pass % 4 == 1 ? random.Next(Units) : Units;
            window.Begin(wantsHead: pass % 2 == 0);
            foreach (int u in order.AsSpan(0, count))
            {
                window.Enter(u);
                Assert.True(window.IsIn(u));
                if (!stays[u]) AssertThere(residency, u);
            }
            if (pass % 5 == 3)
            {
                window.Reset();
                residency.Reset();
            }
            else window.Leave();
        }
        Assert.Equal(60 - 12, window.Passes);
    }

    [Fact]
    public void Enter_OrderThatAPassShowed_IsReadAheadFromThenOn()
    {
        int[] order = [3, 0, 7, 1, 8, 2, 4, 6, 5];
        using var residency = Make(3, new FaultyStorage(_file.Path));
        var window = new LayerWindow(residency, new bool[Units], 3, isOrdered: false);
        for (int pass = 0; pass < 3; pass++)
        {
            for (int i = 0; i < Units; i++)
            {
                window.Enter(order[i]);
                for (int ahead = 1; ahead < 3 && pass > 0; ahead++)
                    Assert.True(residency.IsComing(CacheShape.Hi(order[(i + ahead) % Units])), $"{pass}: {i}");
            }
            window.Leave();
        }
        // Nothing was read twice, and nothing that was not used but what is ahead.
        Assert.InRange(residency.Statistics.Reads, 3 * Units, 3 * Units + 3);
    }

    [Fact]
    public void Begin_PassWithoutAHead_LeavesItOut()
    {
        const int head = Units - 1;
        using var residency = Make(2, new FaultyStorage(_file.Path));
        var window = new LayerWindow(residency, new bool[Units], 2, isOrdered: false);
        for (int pass = 0; pass < 6; pass++)
        {
            bool wants = pass % 3 == 2;
            window.Begin(wants);
            for (int u = 0; u < head; u++) window.Enter(u);
            Assert.Equal(wants && pass > 2, residency.IsComing(CacheShape.Hi(head)));
            if (wants) window.Enter(head);
            window.Leave();
        }
        Assert.InRange(residency.Statistics.Reads, 6 * head + 2, 6 * head + 2 + 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Enter_DeviceFails_TheNextPassBeginsAnew(int ring)
    {
        var storage = new FaultyStorage(_file.Path, 3) { DelayMicrosMax = 300 };
        using var residency = Make(ring, storage);
        var window = new LayerWindow(residency, new bool[Units], ring, isOrdered: false);
        for (int pass = 0; pass < 30; pass++)
        {
            storage.OnRead = pass % 2 == 0 ? (_, at, _) =>
            {
                if (at / Bytes == pass % Units) throw new IOException("Input/output error");
            } : null;
            try
            {
                for (int u = 0; u < Units; u++)
                {
                    window.Enter(u);
                    AssertThere(residency, u);
                }
                window.Leave();
            }
            catch (WeightReadException) when (pass % 2 == 0)
            {
                window.Reset();
                residency.Reset();
            }
        }
        Assert.InRange(window.Passes, 15, 30);
    }
}
