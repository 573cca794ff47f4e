using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Models;

/// <summary>A loaded model. One thread at a time calls Forward; a decoded token allocates nothing.</summary>
public abstract class Model : IDisposable
{
    /// <summary>Opens, checks and prepares a model file; <paramref name="progress"/> receives (bytes done, bytes in
    /// all). Errors: FileNotFoundException; GgufException for a bad file, an unknown architecture, a missing or
    /// misshapen tensor; ArgumentException for options that this machine cannot meet.</summary>
    public static Model Load(string path, ModelOptions options, Action<long, long>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Threads, ModelOptions.ThreadsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchRowsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BatchRowsMax, ModelOptions.BatchRowsLimit);
        KernelSet kernels = KernelSet.Of(options);
        CpuList? cpus = Permitted(options);
        GgufFile file = GgufFile.Open(path);
        ArchitectureTable.RequireKnown(file.Metadata);
        ModelConfig config = ConfigReader.Read(file.Metadata);
        PackHeader? pack = PackHeader.Find(file);
        MemoryPlan? plan = MemoryPlanner.Plan(file, config, kernels, options);
        if (plan?.Refusal is { } refusal) throw new ArgumentException(refusal, nameof(options));
        if (plan is not null) options = options with { BatchRowsMax = plan.BatchRows };
        int cores = Math.Min(cpus?.Cpus.Count ?? Environment.ProcessorCount, ModelOptions.ThreadsMax);
        int threads = options.Threads > 0 ? options.Threads : cores;
        // Not bound to CPUs: the thread that loads goes on to other work, and a pool binds its caller for good.
        using var loaders = new WorkerPool(threads);
        var tensors = BindWeights(file, config, pack, kernels, loaders, options, plan, progress);
        var pool = new WorkerPool(threads, cpus);
        Model? model = null;
        try
        {
            model = ArchitectureTable.Create(new ModelSource(file, config, options, kernels, tensors, pool, plan));
            return model;
        }
        finally
        {
            if (model is null)
            {
                pool.Dispose();
                tensors.Dispose();
            }
        }
    }

    private static Tensors BindWeights(GgufFile file, ModelConfig config, PackHeader? pack, KernelSet kernels,
        WorkerPool loaders, ModelOptions options, MemoryPlan? plan, Action<long, long>? progress)
    {
        WeightStream? stream = plan is { Kind: not MemoryPlanKind.Resident }
            ? new WeightStream(file, config, pack, kernels, options, plan) : null;
        try
        {
            WeightLoading loading = stream is null ? options.Loading : WeightLoading.Read;
            var weights = WeightFile.Open(file, loading, progress, stream?.Absent);
            return new Tensors(file, pack, weights, kernels, loaders, options, progress, stream);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>The CPUs to bind threads to; null when none are asked or the system refuses, which it says.</summary>
    private static CpuList? Permitted(ModelOptions options)
    {
        if (options.Cpus is null) return null;
        if (options.Cpus.Problem(CpuList.Online()) is { } problem)
            throw new ArgumentException(problem, nameof(options));
        if (ThreadAffinity.Refusal(options.Cpus) is not { } refusal) return options.Cpus;
        options.Warn?.Invoke($"threads are not bound to CPUs {options.Cpus}: {refusal}; all allowed CPUs are used");
        return null;
    }

    public abstract ModelConfig Config { get; }
    public abstract GgufMetadata Metadata { get; }
    public abstract string KernelSetName { get; }
    public abstract int Threads { get; }
    /// <summary>How many of the threads work, 1 to <see cref="Threads"/>: fewer make less heat. To be set between calls
    /// of Forward, by the thread that makes them; results stay the same to the bit, and nothing is allocated.</summary>
    public abstract int ActiveThreads { get; set; }
    public abstract int BatchRowsMax { get; }
    /// <summary>Bytes of weights read to decode one token (routed experts only).</summary>
    public abstract long WeightBytesPerToken { get; }
    /// <summary>Memory that a cache of so many positions takes, for admission before it is made.</summary>
    public abstract long CacheBytes(int contextLength);
    /// <summary>How it keeps to its memory; null when it was given none.</summary>
    public virtual MemoryPlan? Plan => null;
    /// <summary>What streaming did so far; null when all weights are in memory.</summary>
    public virtual StreamStatistics? Stream => null;
    /// <summary>A pass reads the same from storage however many rows it has.</summary>
    public bool SharesSweep => Plan is { Kind: MemoryPlanKind.LayerWindow };
    /// <summary>What its weights cost so far in waits for storage and bytes read; nothing while they are resident.
    /// </summary>
    public virtual WeightTraffic Traffic => default;
    /// <summary>What a pass waits for, so that drafts can be written meanwhile; null: all weights are in
    /// memory.</summary>
    public virtual SweepCost? Sweep => null;
    public abstract KvCache CreateCache(int contextLength);
    /// <summary>Runs up to BatchRowsMax rows, which may belong to several caches. Returns the logits of the rows that
    /// want them, in order, VocabularySize floats each; valid until the next call. A row's logits do not depend, to
    /// the bit, on the rows beside it or on the number of threads. Errors: ArgumentException for a token outside the
    /// vocabulary, too many rows or another model's cache: bugs of the caller; nothing was appended then.</summary>
    public abstract ReadOnlySpan<float> Forward(ReadOnlySpan<BatchRow> rows);
    public abstract void Dispose();
}
