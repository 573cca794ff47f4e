using Edge.Gguf;

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
    private readonly RopeTables _rope;
    private readonly Batch _batch;
    private readonly RowBuffer _logits;
    private bool _disposed;

    /// <summary>Binds the table, the output norm and the head; the architecture binds its layers.</summary>
    protected Transformer(ModelSource source)
    {
        (Config, _options, _tensors) = (source.Config, source.Options, source.Tensors);
        (Metadata, KernelSetName) = (source.File.Metadata, source.Kernels.Name);
        ModelConfig c = Config;
        // Tied: the table is the head as well, and stands in the head's layout.
        bool tied = source.File.Find("output.weight") is null;
        TokenEmbd = tied
            ? source.Tensors.Matrix("token_embd.weight", c.VocabularySize, c.EmbeddingLength)
            : source.Tensors.Table("token_embd.weight", c.VocabularySize, c.EmbeddingLength);
        Output = tied ? TokenEmbd : source.Tensors.Matrix("output.weight", c.VocabularySize, c.EmbeddingLength);
        OutputNorm = source.Tensors.Vector("output_norm.weight", c.EmbeddingLength);
        float* factors = source.Tensors.FindVector("rope_freqs.weight", c.KeyLength / 2);
        _pool = source.Pool;
        Threads = _pool.Count;
        BatchRowsMax = _options.BatchRowsMax;
        long stateBytes = StateBytes(c, BatchRowsMax, Threads);
        long memoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (stateBytes > memoryBytes)
            throw new GgufException($"the metadata asks for {stateBytes >> 20} MiB of run state, this machine has " +
                $"{memoryBytes >> 20}", Metadata.OffsetOf($"{c.Architecture}.feed_forward_length"));
        _memory = new NativeArena(stateBytes);
        _rope = new RopeTables(c, factors, _memory, BatchRowsMax);
        _batch = new Batch(BatchRowsMax);
        X = Take(c.EmbeddingLength);
        Xb = Take(c.EmbeddingLength);
        Q = Take(c.QueryLength);
        K = Take(c.KvLength);
        V = Take(c.KvLength);
        Att = Take(c.QueryLength);
        float* logits = _memory.TakeFloats((long)BatchRowsMax * c.VocabularySize);
        _logits = new RowBuffer(logits, default, c.VocabularySize);
        Ops = new Ops(source, _rope, _memory) { Batch = _batch };
    }

    public override ModelConfig Config { get; }
    public override GgufMetadata Metadata { get; }
    public override string KernelSetName { get; }
    public override int Threads { get; }
    public override int ActiveThreads { get => _pool.Active; set => _pool.Active = value; }
    public override int BatchRowsMax { get; }
    public override long WeightBytesPerToken =>
        LayerBytesPerToken + Output.Bytes + TokenEmbd.Bytes / TokenEmbd.Rows;

    protected Ops Ops { get; }
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

    public override KvCache CreateCache(int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contextLength, ConfigReader.ContextMax);
        return new SequenceCache(this, Config, _options.KvType, contextLength);
    }

    public override ReadOnlySpan<float> Forward(ReadOnlySpan<BatchRow> rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rows.IsEmpty) return default;
        _batch.Set(rows, this, Config.VocabularySize);
        _rope.Fill(_batch.Positions);
        Ops.Embed(TokenEmbd, X);
        Run();
        Ops.Logits(X, OutputNorm, Output, Xb, _logits);
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

    /// <summary>A state buffer for the rows of a batch, with prepared rows beside it where integer kernels may read
    /// it.</summary>
    protected RowBuffer Take(int width, int rowsPerToken = 1)
    {
        long rows = (long)BatchRowsMax * rowsPerToken;
        float* data = _memory.TakeFloats(rows * width);
        return new RowBuffer(data, new PreparedRows(_tensors.Activations(width), _memory, rows, width), width);
    }

    protected Routing TakeRouting() => new(Config, _memory, BatchRowsMax);

    /// <summary>Room for every buffer that any architecture takes.</summary>
    private static long StateBytes(ModelConfig c, int rowsMax, int threads)
    {
        long used = Math.Max(1, c.ExpertUsedCount);
        long ff = Math.Max(c.FeedForwardLength, (long)c.ExpertFeedForwardLength * used);
        long wide = 3L * c.EmbeddingLength + 2L * c.QueryLength + 2L * c.KvLength + 3 * ff
            + 2 * used * c.EmbeddingLength + c.ExpertCount;
        // Beside a float stand at most 1.25, 1.5, 1 and (tables) 17 prepared bytes, and 192 per row; pages that nobody
        // writes take no memory. Cos, sin and logits are floats alone.
        long perRow = checked(wide * 25 + 256 * (16 + 8 * used) + 4L * (c.KeyLength + c.VocabularySize));
        return checked(perRow * rowsMax + Ops.ArenaBytes(c, threads) + Routing.Bytes(c, rowsMax));
    }
}
