using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>Measures the kernels of the table on this machine.</summary>
public static unsafe class KernelTiming
{
    public const int ThreadsMax = ModelOptions.ThreadsMax;
    /// <summary>Tokens of a prompt that pass through a matrix together.</summary>
    public const int PrefillTokens = 16;
    private const long Columns = 1024;
    private const long MemoryBytes = 128L << 20;

    /// <summary>Another set than the first that runs must be faster by this much to win: less is noise.</summary>
    private const double Margin = 0.03;

    // 24 KiB leaves room for activations in the 32 KiB of small cores; 256 KiB is half a Cortex-A76's second level.
    private static readonly (string Name, long Bytes, int Tokens)[] Levels =
        [("l1", 24 << 10, 1), ("l2", 256 << 10, 1), ("memory", MemoryBytes, 1), ("l2", 256 << 10, PrefillTokens)];

    /// <summary>The types of weights that have kernels.</summary>
    public static IReadOnlyList<QuantType> Types { get; } =
        Array.ConvertAll([.. QuantTypes.Rows.Where(row => row is { Runs: true, IsSparse: false })], row => row.Id);

    /// <summary>Every runnable set × type × size that is wanted, measured one after another while being
    /// enumerated.</summary>
    public static IEnumerable<KernelSpeed> Matrices(int threads, Func<string, QuantType, bool> wanted)
    {
        foreach (QuantType type in Types)
        {
            foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable && wanted(set.Name, type)))
            {
                foreach ((string level, long bytes, int tokens) in Levels)
                    yield return Measure(set, type, level, bytes, tokens, threads);
            }
        }
    }

    /// <summary>Preparation of activations by every runnable set, in every format that its kernels read, on one
    /// thread.</summary>
    public static IEnumerable<PreparationSpeed> Preparations() =>
        from set in KernelSet.All
        where set.IsRunnable
        from format in (ActivationFormat[])[ActivationFormat.Blocks, ActivationFormat.Groups, ActivationFormat.Token,
            ActivationFormat.Tables]
        where format != ActivationFormat.Tables || set.Digits2Layout == TileLayout.Digits2Lut
        select Prepare(set, format);

    /// <summary>Time in the matrices of a model file per token, for every runnable set, at the shapes of these
    /// matrices: one token, and <see cref="PrefillTokens"/> together. Errors: as <see cref="Model.Load"/>.</summary>
    public static IReadOnlyList<SetSpeed> OfModel(string path, int threads, Action<long, long>? progress = null)
    {
        GgufFile file = GgufFile.Open(path);
        ArchitectureTable.RequireKnown(file.Metadata);
        List<ModelMatrix> matrices = ModelMatrix.Of(file, ConfigReader.Read(file.Metadata));
        KernelSet[] sets = [.. KernelSet.All.Where(set => set.IsRunnable)];
        long done = 0, all = 2L * sets.Length * matrices.Count;
        var speeds = new List<SetSpeed>();
        foreach (KernelSet set in sets)
        {
            Spread Total(int tokens)
            {
                Spread sum = default;
                foreach (ModelMatrix matrix in matrices)
                {
                    Spread ns = Nanoseconds(set, matrix, tokens, threads).Times((double)matrix.Uses / tokens);
                    sum = new Spread(sum.Median + ns.Median, sum.Low + ns.Low, sum.High + ns.High, ns.Runs);
                    progress?.Invoke(++done, all);
                }
                return sum;
            }
            speeds.Add(new SetSpeed(set.Name, Total(1), Total(PrefillTokens)));
        }
        return speeds;
    }

    /// <summary>The set to prefer: the first of the list unless another is faster beyond doubt.</summary>
    public static SetSpeed Preferred(IReadOnlyList<SetSpeed> speeds)
    {
        SetSpeed best = speeds.MinBy(speed => speed.NsPerToken)!;
        return best.NsPerToken < speeds[0].NsPerToken * (1 - Margin) ? best : speeds[0];
    }

    /// <summary>GB/s of weights, each thread on a matrix of its own.</summary>
    private static Spread Rate(KernelSet set, QuantType type, long rows, long columns, int tokens, long copies,
        int threads)
    {
        var probes = new MatrixProbe[threads];
        try
        {
            for (int i = 0; i < threads; i++) probes[i] = new MatrixProbe(set, type, rows, columns, tokens, copies);
            probes[0].Calibrate();
            for (int i = 1; i < threads; i++) probes[i].CalibrateLike(probes[0]);
            double gigabytes = threads * probes[0].BytesPerRun / 1e9;
            return Spread.Of(Array.ConvertAll(TimedRuns.Measure(threads, i => probes[i].Run()), s => gigabytes / s));
        }
        finally
        {
            foreach (MatrixProbe? probe in probes) probe?.Dispose();
        }
    }

    private static KernelSpeed Measure(KernelSet set, QuantType type, string level, long bytes, int tokens, int threads)
    {
        // Memory is shared, caches are each core's own. Ten tiles: a layout may have a header.
        int tile = MatrixProbe.TileRows(set, type);
        long own = level == "memory" ? bytes / threads : bytes;
        long rows = Math.Max(1, 10 * own / MatrixProbe.MatrixBytes(set, type, 10 * tile, Columns)) * tile;
        Spread rate = Rate(set, type, rows, Columns, tokens, 1, threads);
        double bytesPerWeight = (double)MatrixProbe.MatrixBytes(set, type, rows, Columns) / (rows * Columns);
        string family = set.Tiled(type) != null || type == QuantType.NESTED4_LO ? type.ToString() : "Float";
        return new KernelSpeed(family, set.Name, type.ToString(), level, rows, Columns, tokens, threads,
            8 * bytesPerWeight, rate, rate.Median / bytesPerWeight * tokens);
    }

    /// <summary>Of one pass over the matrix by all threads together, each doing its share.</summary>
    private static Spread Nanoseconds(KernelSet set, ModelMatrix matrix, int tokens, int threads)
    {
        long rows = Math.Min(matrix.Rows, Math.Max(32, MemoryBytes / threads / matrix.Columns / 4));
        long bytes = MatrixProbe.MatrixBytes(set, matrix.Type, rows, matrix.Columns);
        long copies = Math.Max(1, Math.Min(matrix.ModelBytes, MemoryBytes) / threads / bytes);
        Spread rate = Rate(set, matrix.Type, rows, matrix.Columns, tokens, copies, threads);
        double gigabytes = (double)bytes / rows * matrix.Rows / 1e9;
        // The slow end of the times is the low end of the rates.
        return new Spread(
            gigabytes / rate.Median * 1e9, gigabytes / rate.High * 1e9, gigabytes / rate.Low * 1e9, rate.Runs);
    }

    private static PreparationSpeed Prepare(KernelSet set, ActivationFormat format)
    {
        const int Repeats = 64;
        long bytes = PreparedRows.Bytes(format, (int)Columns);
        using var memory = new NativeArena((Columns * sizeof(float) + bytes) * PrefillTokens);
        float* x = memory.TakeFloats(Columns * PrefillTokens);
        byte* q = memory.Take(bytes * PrefillTokens);
        QuantizeKernel kernel = set.Preparation(format);
        string family = format switch
        {
            ActivationFormat.Blocks => "Activations.Quantize",
            ActivationFormat.Groups => "Digits.QuantizeGroups",
            ActivationFormat.Token => "Digits.QuantizeTokens",
            _ => "Digits2Lut.Tables",
        };
        var random = new Random(1);
        for (long i = 0; i < Columns * PrefillTokens; i++) x[i] = random.NextSingle() * 2 - 1;
        kernel(x, q, Columns, PrefillTokens); // warm-up
        double[] seconds = TimedRuns.Measure(1, _ =>
        {
            for (int i = 0; i < Repeats; i++) kernel(x, q, Columns, PrefillTokens);
        });
        double activations = (double)Repeats * PrefillTokens * Columns;
        return new PreparationSpeed(family, set.Name, Columns,
            Spread.Of(Array.ConvertAll(seconds, s => s * 1e9 / activations)));
    }
}
