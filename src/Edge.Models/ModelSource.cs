using Edge.Gguf;

namespace Edge.Models;

/// <summary>All that an architecture is made from.</summary>
internal sealed record ModelSource(
    GgufFile File, ModelConfig Config, ModelOptions Options, KernelSet Kernels, Tensors Tensors,
    WorkerPool Pool);
