using Edge.Gguf;
using Edge.Models.Streaming;

namespace Edge.Models;

/// <summary>All that an architecture is made from.</summary>
internal sealed record ModelSource(
    GgufFile File, ModelConfig Config, ModelOptions Options, KernelSet Kernels, Tensors Tensors,
    WorkerPool Pool, MemoryPlan? Plan);
