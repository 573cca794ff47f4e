using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Models.Pack;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>What storage does wrong while a model streams: a pass fails or slows, and the next one is right.</summary>
[Collection("packed demo")]
public sealed class StreamFaultsTests(PackedDemo demo, TinyDense tiny) : IClassFixture<TinyDense>
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 30).Select(i => (i * 37 + 5) % TinyDense.Vocabulary)];

    /// <summary>What streams; of a packed file, or of one as it was downloaded (raw).</summary>
    public static TheoryData<string> Kinds() =>
        ["experts", "layers", "matrices", "one slot", "raw experts", "raw layers", "raw one slot"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_ReadFailsOnce_IsTriedAgain(string kind)
    {
        (Model model, FaultyStorage storage) = Load(kind);
        using (model)
        {
            float[] expected = Run(model);
            int left = 2;
            storage.OnRead = (_, _, _) =>
            {
                if (Interlocked.Decrement(ref left) == 0) throw new IOException("Input/output error");
            };
            Assert.Equal(expected, Run(model));
            ResidencyStatistics s = model.Stream!.Value.Residency;
            Assert.Equal((1, 0), (s.Retries, s.Failures));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_DeviceFails_FailsThePassAndTheNextWorks(string kind)
    {
        (Model model, FaultyStorage storage) = Load(kind);
        using (model)
        {
            float[] expected = Run(model);
            storage.OnRead = (_, _, _) => throw new IOException("Input/output error");
            for (int i = 0; i < 3; i++)
            {
                var e = Assert.Throws<WeightReadException>(() => Run(model));
                Assert.Equal(ReadFailure.DeviceError, e.Failure);
                Assert.Contains("Input/output error", e.Message, StringComparison.Ordinal);
                Assert.Contains("dmesg", e.Message, StringComparison.Ordinal);
            }
            storage.OnRead = null;
            Assert.Equal(expected, Run(model));
            Assert.True(model.Stream!.Value.Residency.Failures >= 3);
        }
    }

    /// <summary>What .NET makes of EACCES, EPERM and EBADF, of ECANCELED, and of what it has no exception for; thrown
    /// by a read or when the file's state is asked for, on a lane or for a row of the embedding.</summary>
    public static TheoryData<string, bool, bool> Refusals()
    {
        var all = new TheoryData<string, bool, bool>();
        foreach (string exception in (string[])["access", "cancelled", "io"])
            foreach (bool isState in (bool[])[false, true])
                foreach (bool isRow in (bool[])[false, true])
                    all.Add(exception, isState, isRow);
        return all;
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Forward_SystemRefuses_FailsThePassAndTheNextWorks(string exception, bool isState, bool isRow)
    {
        void Refuse() => throw (exception switch
        {
            "access" => new UnauthorizedAccessException("Permission denied"),
            "cancelled" => new OperationCanceledException("Operation canceled"),
            _ => new IOException("Stale file handle"),
        });
        var storages = new List<FaultyStorage>();
        using Model model = Model.Load(tiny.Packed, new ModelOptions
        {
            Threads = 2, Memory = BudgetOf("layers"),
            OpenStorage = path =>
            {
                storages.Add(new FaultyStorage(path));
                return storages[^1];
            },
        });
        float[] expected = Run(model);
        // The rows' storage is opened first, then the lanes'.
        Assert.Equal(2, storages.Count);
        FaultyStorage storage = storages[isRow ? 0 : 1];
        if (isState) storage.OnState = Refuse;
        else storage.OnRead = (_, _, _) => Refuse();
        for (int i = 0; i < 2; i++)
        {
            var e = Assert.Throws<WeightReadException>(() => Run(model));
            Assert.Equal(ReadFailure.DeviceError, e.Failure);
            Assert.Contains(tiny.Packed, e.Message, StringComparison.Ordinal);
            Assert.Contains(exception == "access" ? "restart edge" : "check the storage", e.Message,
                StringComparison.Ordinal);
        }
        (storage.OnState, storage.OnRead) = (null, null);
        Assert.Equal(expected, Run(model));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_ShortRead_NamesTheByte(string kind)
    {
        (Model model, FaultyStorage storage) = Load(kind);
        using (model)
        {
            float[] expected = Run(model);
            storage.Change = (_, _, _, got) => Math.Min(got, 100);
            var e = Assert.Throws<WeightReadException>(() => Run(model));
            Assert.Equal(ReadFailure.ShortRead, e.Failure);
            Assert.Equal(100, e.ByteOffset % 4096);
            storage.Change = null;
            Assert.Equal(expected, Run(model));
        }
    }

    [Theory]
    [InlineData("experts", true)]
    [InlineData("experts", false)]
    [InlineData("layers", true)]
    [InlineData("layers", false)]
    [InlineData("one slot", false)]
    public unsafe void Forward_FlippedBit_IsFoundAtTheFirstRead(string kind, bool once)
    {
        // From the start: the first read of every slice is checked.
        int flips = 0;
        (Model model, FaultyStorage storage) = Load(kind, (_, _, at, got) =>
        {
            if (!once || Interlocked.Increment(ref flips) == 5) ((byte*)at)[got / 2] ^= 4;
            return got;
        });
        using (model)
        {
            if (once)
            {
                Run(model);
                Assert.Equal((1, 0), (model.Stream!.Value.Residency.Retries, model.Stream.Value.Residency.Failures));
            }
            else
            {
                var e = Assert.Throws<WeightReadException>(() => Run(model));
                Assert.Equal(ReadFailure.WrongChecksum, e.Failure);
                Assert.Contains("pack the model again", e.Message, StringComparison.Ordinal);
            }
            storage.Change = null;
            (Model whole, _) = Load(kind);
            using (whole) Assert.Equal(Run(whole), Run(model));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_FileWrittenTo_IsRefusedUntilItIsBack(string kind)
    {
        (Model model, FaultyStorage storage) = Load(kind);
        using (model)
        {
            float[] expected = Run(model);
            StorageState before = storage.State;
            storage.State = before with { LastWriteUtc = before.LastWriteUtc.AddSeconds(1) };
            var e = Assert.Throws<WeightReadException>(() => Run(model));
            Assert.Equal(ReadFailure.FileChanged, e.Failure);
            Assert.Contains("restart edge", e.Message, StringComparison.Ordinal);
            storage.State = before;
            Assert.Equal(expected, Run(model));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_FileCutOnDisk_FailsThePassAndNotTheProcess(string kind)
    {
        using var copy = new TemporaryFile();
        File.Copy(PathOf(kind), copy.Path);
        using Model model = Model.Load(copy.Path, new ModelOptions { Threads = 2, Memory = BudgetOf(kind) });
        float[] expected = Run(model);
        long bytes = new FileInfo(copy.Path).Length;
        byte[] whole = File.ReadAllBytes(copy.Path);
        using (var stream = new FileStream(copy.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(bytes / 3);
        var e = Assert.Throws<WeightReadException>(() => Run(model));
        Assert.True(e.Failure is ReadFailure.ShortRead or ReadFailure.FileChanged, e.Message);
        Assert.NotEqual(expected, []);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_FileReplacedUnderItsName_ReadsTheOneThatItOpened(string kind)
    {
        using var copy = new TemporaryFile();
        File.Copy(PathOf(kind), copy.Path);
        using Model model = Model.Load(copy.Path, new ModelOptions { Threads = 2, Memory = BudgetOf(kind) });
        float[] expected = Run(model);
        File.Delete(copy.Path);
        File.WriteAllText(copy.Path, "another model");
        Assert.Equal(expected, Run(model));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_StreamedAndWarm_AllocatesNothing(string kind)
    {
        // What each thread that reads has allocated, as it begins a read; by the thread's number.
        var lanes = new long[1 << 16];
        using Model model = Model.Load(PathOf(kind), new ModelOptions
        {
            Threads = 2, Memory = BudgetOf(kind),
            OpenStorage = path => new FaultyStorage(path)
            {
                OnRead = (_, _, _) =>
                    lanes[Environment.CurrentManagedThreadId] = GC.GetAllocatedBytesForCurrentThread(),
            },
        });
        using KvCache cache = model.CreateCache(256);
        var rows = new BatchRow[1];
        long Decode(int tokens)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < tokens; i++)
            {
                rows[0] = new BatchRow((i * 31 + 7) % TinyDense.Vocabulary, cache, true);
                model.Forward(rows);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Decode(60);
        long own = long.MaxValue, readers = long.MaxValue;
        for (int i = 0; i < 8; i++) // the compiler may still be at work, and allocates for itself
        {
            long before = lanes.Sum();
            own = Math.Min(own, Decode(20));
            readers = Math.Min(readers, lanes.Sum() - before);
        }
        Assert.Equal(0, own);
        Assert.Equal(0, readers);
        Assert.True(model.Stream!.Value.Residency.Misses > 10);
    }

    private string PathOf(string kind) => kind switch
    {
        "experts" => demo.Get("q4_0", new PackOptions { Target = PackTarget.Keep }).Path,
        "raw experts" => DemoModel.File("q4_0"),
        _ => kind.StartsWith("raw", StringComparison.Ordinal) ? tiny.Source : tiny.Packed,
    };

    private MemoryBudget BudgetOf(string kind) => kind.Split(' ')[^1] switch
    {
        "experts" => StreamedExpertsTests.Budget(PathOf(kind), 9),
        "layers" => StreamedLayersTests.Budget(PathOf(kind), 2),
        "matrices" => StreamedLayersTests.Budget(PathOf(kind), 3, WindowGrain.Matrices),
        _ => StreamedLayersTests.Budget(PathOf(kind), 0, WindowGrain.MatricesAndHead),
    };

    private (Model Model, FaultyStorage Storage) Load(string kind, Func<long, long, nint, int, int>? change = null)
    {
        FaultyStorage? last = null;
        int opened = 0;
        Model model = Model.Load(PathOf(kind), new ModelOptions
        {
            Threads = 2, Memory = BudgetOf(kind),
            // The last one opened is the residency's; the embedding's rows, which have no checksum, have their own.
            OpenStorage = path => last = new FaultyStorage(path)
            {
                DelayMicrosMax = 50, Change = kind == "experts" || opened++ == 1 ? change : null,
            },
        });
        return (model, last!);
    }

    private static float[] Run(Model model)
    {
        using KvCache cache = model.CreateCache(256);
        return DemoModel.Run(model, cache, Ids, 8);
    }
}
