using Edge.Gguf;
using Edge.Tests.Gguf;
using Edge.Weights;
using Edge.Weights.Policies;
using Xunit;

namespace Edge.Tests.Weights;

/// <summary>Slices that come, stay while they are pinned, and leave as the policy says.</summary>
public sealed unsafe partial class ResidencyTests : IDisposable
{
    /// <summary>Two ranges a slice: one longer than a read, one that ends inside a page.</summary>
    private const int FirstBytes = 1_200_000, SecondBytes = 5000, Units = 6;
    private const int Stride = 1 << 21;
    private readonly TemporaryFile _file = new();
    private readonly byte[] _bytes = new byte[Units * Stride];

    public ResidencyTests()
    {
        new Random(5).NextBytes(_bytes);
        File.WriteAllBytes(_file.Path, _bytes);
    }

    public void Dispose() => _file.Dispose();

    private static long Second(int unit) => unit * (long)Stride + (1 << 20) + (1 << 19);

    private SliceRanges[] Slices(bool digests = true)
    {
        var slices = new SliceRanges[2 * Units];
        for (int u = 0; u < Units; u++)
        {
            ByteRange Range(long at, int bytes)
            {
                var sum = new Checksum();
                sum.Add(_bytes.AsSpan((int)at, bytes));
                return new ByteRange(at, bytes, digests ? sum.Value : null);
            }

            slices[CacheShape.Hi(u)] =
                new SliceRanges(0, [Range(u * (long)Stride, FirstBytes), Range(Second(u), SecondBytes)]);
            slices[CacheShape.Lo(u)] = SliceRanges.None;
        }
        return slices;
    }

    private static EvictionPolicy Lru() =>
        PolicyTable.Create("lru", new CacheShape(Units, 1, [FirstBytes], [0]));

    private Residency Make(int slots, EvictionPolicy? policy, IWeightStorage? storage = null)
    {
        SliceRanges[] slices = Slices();
        return new Residency(storage ?? StorageFile.Open(_file.Path), _file.Path, slices,
            [new SlotClass(slots, slices[0].SlotBytes)], policy);
    }

    private void AssertHolds(Residency residency, int unit)
    {
        int slice = CacheShape.Hi(unit);
        byte* first = *residency.Cell(slice, 0);
        byte* second = *residency.Cell(slice, 1);
        Assert.Equal(0, (nint)first % 4096);
        Assert.Equal(0, (nint)second % 4096);
        Assert.True(new ReadOnlySpan<byte>(first, FirstBytes)
            .SequenceEqual(_bytes.AsSpan(unit * Stride, FirstBytes)));
        Assert.True(new ReadOnlySpan<byte>(second, SecondBytes)
            .SequenceEqual(_bytes.AsSpan((int)Second(unit), SecondBytes)));
    }

    private static void Bring(Residency residency, int unit)
    {
        Assert.True(residency.Want(CacheShape.Hi(unit), ReadPriority.Demand));
        residency.Pin(CacheShape.Hi(unit));
    }

    [Fact]
    public void Pin_EverySlice_HoldsTheFilesBytes()
    {
        using var residency = Make(Units, null);
        for (int u = 0; u < Units; u++) Bring(residency, u);
        for (int u = 0; u < Units; u++) AssertHolds(residency, u);
        ResidencyStatistics s = residency.Statistics;
        Assert.Equal((Units, Units, 0), (s.Slots, s.SlotsUsed, s.Failures));
        // Two pieces of the first range, one of the second.
        Assert.Equal(3 * Units, s.Reads);
        Assert.True(s.BytesRead >= Units * (FirstBytes + SecondBytes) && s.ReadMicros > 0);
        Assert.True(residency.IsIdle);
    }

    [Fact]
    public void Open_BufferedStorage_ReadsTheSame()
    {
        using var residency = Make(2, null, StorageFile.OpenBuffered(_file.Path));
        Bring(residency, 3);
        AssertHolds(residency, 3);
        Assert.Equal("buffered", residency.StorageName);
    }

    [Fact]
    public void Pin_LastPageOfTheFile_MayBeShort()
    {
        byte[] odd = _bytes[..(2 * Stride + 4096 + 77)];
        File.WriteAllBytes(_file.Path, odd);
        var slices = new[] { new SliceRanges(0, [new ByteRange(2 * Stride, 4096 + 77, null)]), SliceRanges.None };
        using var residency = new Residency(
            StorageFile.Open(_file.Path), _file.Path, slices, [new SlotClass(1, 8192)], null);
        residency.Want(0, ReadPriority.Demand);
        residency.Pin(0);
        Assert.True(new ReadOnlySpan<byte>(*residency.Cell(0, 0), 4096 + 77).SequenceEqual(odd.AsSpan(2 * Stride)));
    }

    [Fact]
    public void Want_AllSlotsPinned_IsRefusedUntilOneIsFree()
    {
        using var residency = Make(2, Lru());
        Bring(residency, 0);
        Bring(residency, 1);
        Assert.False(residency.Want(CacheShape.Hi(2), ReadPriority.Demand));
        Assert.False(residency.TryPin(CacheShape.Hi(2)));
        residency.Unpin(CacheShape.Hi(1));
        Bring(residency, 2);
        AssertHolds(residency, 0);
        AssertHolds(residency, 2);
        Assert.False(residency.IsReady(CacheShape.Hi(1)));
        Assert.True(*residency.Cell(CacheShape.Hi(1), 0) == null);
    }

    [Fact]
    public void Want_PolicySays_WhoLeaves()
    {
        EvictionPolicy policy = Lru();
        using var residency = Make(3, policy);
        foreach (int u in (int[])[0, 1, 2])
        {
            Bring(residency, u);
            residency.Unpin(CacheShape.Hi(u));
        }
        foreach (int u in (int[])[1, 0, 2])
            policy.Route(new RoutedRow { Token = u, Layer = 0, Experts = [u], Weights = [1f] });
        Bring(residency, 5);
        Assert.Equal([true, false, true], new[] { 0, 1, 2 }.Select(u => residency.IsReady(CacheShape.Hi(u))));
    }

    [Fact]
    public void Want_IdleReadOfLessWorth_DrivesNobodyOut()
    {
        EvictionPolicy policy = Lru();
        using var residency = Make(1, policy);
        policy.Route(new RoutedRow { Token = 0, Layer = 0, Experts = [4], Weights = [1f] });
        Bring(residency, 4);
        residency.Unpin(CacheShape.Hi(4));
        Assert.False(residency.Want(CacheShape.Hi(5), ReadPriority.Idle));
        Assert.True(residency.IsReady(CacheShape.Hi(4)));
        residency.Protect(CacheShape.Hi(4), true);
        Assert.False(residency.Want(CacheShape.Hi(5), ReadPriority.Prefetch));
        Assert.True(residency.Want(CacheShape.Hi(5), ReadPriority.Demand));
    }

    [Fact]
    public void Drop_PinnedSlice_Stays()
    {
        using var residency = Make(1, null);
        Bring(residency, 0);
        residency.Drop(CacheShape.Hi(0));
        AssertHolds(residency, 0);
        residency.Unpin(CacheShape.Hi(0));
        residency.Drop(CacheShape.Hi(0));
        Bring(residency, 1);
        AssertHolds(residency, 1);
    }

    [Fact]
    public void Want_DemandAfterPrefetch_OvertakesTheQueue()
    {
        using var gate = new ManualResetEventSlim();
        using var done = new ManualResetEventSlim();
        var storage = new FaultyStorage(_file.Path)
        {
            OnRead = (_, offset, _) =>
            {
                gate.Wait();
                // Two lanes have begun with unit 0. Both would stand here if what comes next were next in the queue.
                if (offset / Stride is > 0 and < 5) done.Wait();
            },
        };
        using var residency = Make(Units, null, storage);
        for (int u = 0; u < Units; u++) residency.Want(CacheShape.Hi(u), ReadPriority.Prefetch);
        residency.Want(CacheShape.Hi(5), ReadPriority.Demand);
        gate.Set();
        var reader = new Thread(() => residency.Pin(CacheShape.Hi(5)));
        reader.Start();
        bool came = reader.Join(TimeSpan.FromSeconds(60));
        done.Set();
        reader.Join();
        Assert.True(came, "what was demanded waits behind what was only expected");
    }

    [Fact]
    public void Pin_FailedPrefetchThatIsDemandedMeanwhile_IsReadAgain()
    {
        using var failed = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        int broken = 1;
        var storage = new FaultyStorage(_file.Path);
        storage.OnRead = (_, _, _) =>
        {
            if (Volatile.Read(ref broken) == 0) return;
            failed.Set();
            go.Wait();
            throw new IOException("broken");
        };
        using var residency = Make(2, null, storage);
        residency.Want(CacheShape.Hi(0), ReadPriority.Prefetch);
        failed.Wait();
        residency.Want(CacheShape.Hi(0), ReadPriority.Demand);
        // Both tries of the prefetch fail; the read that the demand gets of its own finds the device well again.
        int tries = 0;
        storage.OnRead = (_, _, _) =>
        {
            if (Interlocked.Increment(ref tries) <= 2) throw new IOException("broken");
        };
        Volatile.Write(ref broken, 0);
        go.Set();
        residency.Pin(CacheShape.Hi(0));
        AssertHolds(residency, 0);
        Assert.Equal(1, residency.Statistics.Failures);
    }

    [Fact]
    public void Want_MoreThanTheQueueHolds_IsRefused()
    {
        using var gate = new ManualResetEventSlim();
        var slices = new SliceRanges[2 * Residency.RequestsMax];
        for (int i = 0; i < slices.Length; i++) slices[i] = new SliceRanges(0, [new ByteRange(0, 100, null)]);
        var storage = new FaultyStorage(_file.Path) { OnRead = (_, _, _) => gate.Wait() };
        using var residency =
            new Residency(storage, _file.Path, slices, [new SlotClass(slices.Length, 4096)], null);
        for (int i = 0; i < Residency.RequestsMax; i++) Assert.True(residency.Want(i, ReadPriority.Demand));
        Assert.False(residency.Want(Residency.RequestsMax, ReadPriority.Demand));
        gate.Set();
        for (int i = 0; i < Residency.RequestsMax; i++) residency.Pin(i);
        Assert.True(residency.Want(Residency.RequestsMax, ReadPriority.Demand));
    }

    [Fact]
    public void Waits_ForWhatNobodyAskedFor_AreBugs()
    {
        using var residency = Make(1, null);
        Assert.Throws<InvalidOperationException>(() => residency.Pin(CacheShape.Hi(0)));
        Assert.Throws<InvalidOperationException>(() => residency.AwaitLanding(0));
        Assert.Throws<ArgumentException>(() => new Residency(
            StorageFile.Open(_file.Path), _file.Path, Slices(), [new SlotClass(1, 4096)], null));
    }

    [Fact]
    public void Dispose_WhileReading_Ends()
    {
        var residency = Make(Units, null, new FaultyStorage(_file.Path) { DelayMicrosMax = 2000 });
        for (int u = 0; u < Units; u++) residency.Want(CacheShape.Hi(u), ReadPriority.Demand);
        residency.Dispose();
        residency.Dispose();
    }

    [Fact]
    public void Row_AnyRowOfATable_IsRead()
    {
        const int rowBytes = 700, at = 12345;
        using var rows = new RowReader(StorageFile.Open(_file.Path), _file.Path, at, rowBytes, 1000);
        foreach (int row in (int[])[0, 1, 5, 6, 999])
            Assert.True(new ReadOnlySpan<byte>(rows.Row(row), rowBytes)
                .SequenceEqual(_bytes.AsSpan(at + row * rowBytes, rowBytes)));
        Assert.Throws<ArgumentOutOfRangeException>(() => (nint)rows.Row(1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => (nint)rows.Row(-1));
    }
}
