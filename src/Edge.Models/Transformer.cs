using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Models;

/// <summary>
/// What all architectures have: weights, threads, the run state, and the frame around their <see cref="Run"/>. All
/// memory is taken here; the state's names are the field's letters.
/// </summary>
internal abstract unsafe class Transformer : Model
{
    private readonly Tensors _tensors;
    private readonly WorkerPool _pool;
    private readonly NativeArena _memory;
    private readonly ModelOptions _options;
    private readonly List<RopeTables> _ropes = [];
    private readonly Batch _batch;
    private readonly RowBuffer _logits;
    private bool _disposed;

    /// <summary>Binds the table, the output norm and the head; the architecture binds its layers.
    /// <paramref name="extraWidth"/>: floats per row of the buffers that only this architecture takes.</summary>
    protected Transformer(ModelSource source, long extraWidth = 0, string outputNorm = "output_norm.weight")
    {
        (Config, _options, _tensors) = (source.Config, source.Options, source.Tensors);
        (File, KernelSetName, Plan) = (source.File, source.Kernels.Name, source.Plan);
        ModelConfig c = Config;
        // Tied: the table is the head as well, and stands in the head's layout, unless it streams.
        bool tied = source.File.Find("output.weight") is null;
        Output = source.Tensors.Matrix(
            tied ? "token_embd.weight" : "output.weight", c.VocabularySize, c.EmbeddingLength);
        TokenEmbd = tied && Output.Cell == null ? Output
            : source.Tensors.Table("token_embd.weight", c.VocabularySize, c.EmbeddingLength);
        OutputNorm = source.Tensors.Vector(outputNorm, c.EmbeddingLength);
        int pairs = c.RopeDimensionCount / 2;
        float* factors = source.Tensors.FindVector("rope_freqs.weight", pairs);
        if (factors == null) factors = source.Tensors.FindVector("rope_factors_short.weight", pairs);
        float* longFactors = source.Tensors.FindVector("rope_factors_long.weight", pairs);
        _pool = source.Pool;
        Threads = _pool.Count;
        BatchRowsMax = _options.BatchRowsMax;
        long stateBytes = StateBytes(c, extraWidth, BatchRowsMax, Threads);
        long memoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (stateBytes > memoryBytes)
            throw new GgufException($"the metadata asks for {stateBytes >> 20} MiB of run state, this machine has " +
                $"{memoryBytes >> 20}", Metadata.OffsetOf($"{c.Architecture}.feed_forward_length"));
        _memory = new NativeArena(stateBytes);
        Rope = TakeRope(new RopeRule(c.RopeDimensionCount, c.RopeFreqBase, c.RopeScaling), factors, longFactors);
        _batch = new Batch(BatchRowsMax);
        X = Take(c.EmbeddingLength);
        Xb = Take(c.EmbeddingLength);
        Q = Take(c.QueryLength);
        K = Take(c.KvLength);
        V = Take(c.KvLength);
        Att = Take(c.QueryLength);
        float* logits = _memory.TakeFloats((long)BatchRowsMax * c.VocabularySize);
        _logits = new RowBuffer(logits, default, c.VocabularySize);
        Ops = new Ops(source, Rope, _memory) { Batch = _batch };
    }

    public override ModelConfig Config { get; }
    public override GgufMetadata Metadata => File.Metadata;
    public override string KernelSetName { get; }
    public override int Threads { get; }
    public override int ActiveThreads { get => _pool.Active; set => _pool.Active = value; }
    public override int BatchRowsMax { get; }
    public override MemoryPlan? Plan { get; }
    public override StreamStatistics? Stream => _tensors.Stream?.Statistics;
    /// <summary>A mixture's extra row may want as many experts again: drafts stay off where they stream.</summary>
    public override SweepCost? Sweep => Plan switch
    {
        { Kind: MemoryPlanKind.LayerWindow } plan => new(plan.ReadBytesPerToken, 0),
        { Kind: MemoryPlanKind.ExpertCache } plan => new(plan.ReadBytesPerToken, plan.ReadBytesPerToken),
        _ => null,
    };
    public override WeightTraffic Traffic => _tensors.Stream?.Traffic ?? default;
    public override long WeightBytesPerToken =>
        LayerBytesPerToken + Output.Bytes + TokenEmbd.Bytes / TokenEmbd.Rows;

    internal GgufFile File { get; }
    /// <summary>Hears which experts the rows chose, layer by layer; for traces and tests.</summary>
    internal RoutedLayer? OnRouted { get; set; }

    /// <summary>From now on <paramref name="sink"/> hears of every activation that meets a matrix; null: nobody
    /// does.</summary>
    internal void Record(ActivationSink? sink) =>
        Ops.Recorder = sink is null ? null : new ActivationRecorder(_tensors, sink);

    protected Ops Ops { get; }
    protected RopeTables Rope { get; }
    protected Matrix TokenEmbd { get; }
    protected Matrix Output { get; }
    protected float* OutputNorm { get; }
    /// <summary>The residual stream.</summary>
    protected RowBuffer X { get; }
    /// <summary>The residual stream, normed for the next matrices.</summary>
    protected RowBuffer Xb { get; }
    protected RowBuffer Q { get; }
    protected RowBuffer K { get; }
    protected RowBuffer V { get; }
    protected RowBuffer Att { get; }
    /// <summary>Bytes of the layers' matrices that one token reads.</summary>
    protected long LayerBytesPerToken { get; set; }

    public override long CacheBytes(int contextLength) =>
        SequenceCache.BytesOf(Config, _options.KvType, contextLength, BatchRowsMax);

    public override KvCache CreateCache(int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contextLength, ConfigReader.ContextMax);
        return new SequenceCache(this, Config, _options.KvType, contextLength, BatchRowsMax);
    }

    public override ReadOnlySpan<float> Forward(ReadOnlySpan<BatchRow> rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rows.IsEmpty) return default;
        _batch.Set(rows, this, Config.VocabularySize);
        foreach (RopeTables rope in _ropes) rope.Fill(_batch);
        try
        {
            Ops.Begin();
            Ops.Embed(TokenEmbd, X);
            Run();
            Ops.Logits(X, OutputNorm, Output, Xb, _logits);
            Ops.Leave();
        }
        catch (WeightReadException)
        {
            // Nothing stays pinned: the next pass begins anew.
            _tensors.Stream?.Reset();
            throw;
        }
        FinishLogits(_logits, _batch.WantedCount);
        return new ReadOnlySpan<float>(_logits.Data, checked(_batch.WantedCount * Config.VocabularySize));
    }

    public override void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _pool.Dispose();
        _memory.Dispose();
        _tensors.Dispose();
    }

    /// <summary>All layers: X in, X out.</summary>
    protected abstract void Run();

    /// <summary>What the architecture does to logits after the head.</summary>
    protected virtual void FinishLogits(RowBuffer logits, int rows) { }

    /// <summary>Tables of angles, filled for every pass.</summary>
    protected RopeTables TakeRope(RopeRule rule, float* factors = null, float* longFactors = null)
    {
        var rope = new RopeTables(rule, factors, longFactors, _memory, BatchRowsMax);
        _ropes.Add(rope);
        return rope;
    }

    /// <summary>A state buffer for the rows of a batch, with prepared rows beside it where integer kernels may read
    /// it.</summary>
    protected RowBuffer Take(int width, int rowsPerToken = 1)
    {
        long rows = (long)BatchRowsMax * rowsPerToken;
        float* data = _memory.TakeFloats(rows * width);
        return new RowBuffer(data, new PreparedRows(_tensors.Activations(width), _memory, rows, width), width);
    }

    /// <summary>An architecture says so after every Route; <paramref name="scores"/> hold probabilities by then.
    /// </summary>
    protected void Routed(int layer, RowBuffer scores, Routing routing) =>
        OnRouted?.Invoke(layer, scores, routing, _batch);

    protected Routing TakeRouting() => new(Config, _memory, BatchRowsMax);

    /// <summary>Room for every buffer that any architecture takes.</summary>
    private static long StateBytes(ModelConfig c, long extraWidth, int rowsMax, int threads)
    {
        long used = Math.Max(1, c.ExpertUsedCount);
        long ff = Math.Max(c.FeedForwardLength, (long)c.ExpertFeedForwardLength * used);
        long wide = 3L * c.EmbeddingLength + 2L * c.QueryLength + 2L * c.KvLength + 3 * ff
            + 2 * used * c.EmbeddingLength + c.ExpertCount + extraWidth;
        // Beside a float stand at most 1.25, 1.625, 1.5, 1 and (tables) 17 prepared bytes, and per row 192 and 3968 for
        // outliers; pages that nobody writes take no memory. Cos, sin and logits are floats alone.
        long perRow = checked(wide * 27 + 4224 * (32 + 8 * used + 2L * c.HeadCount)
            + 4L * (2 * c.RopeDimensionCount + c.VocabularySize));
        return checked(perRow * rowsMax + Ops.ArenaBytes(c, threads) + Routing.Bytes(c, rowsMax));
    }
}
