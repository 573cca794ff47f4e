using System.Text.Json.Serialization;
using Edge.Models;

namespace Edge.Agent;

/// <summary>`edge kernels --json`.</summary>
internal sealed record KernelsReport(
    string Chosen, string Why, IReadOnlyList<KernelReport> Kernels, IReadOnlyList<KernelSetReport> Sets,
    IReadOnlyList<TuningEntry> Tuned, string Architecture, string Cpu, int Cores);

/// <summary>A kernel set, what it needs of the CPU, and whether this CPU (as the compiler may use it) has
/// that.</summary>
internal sealed record KernelSetReport(string Name, string Needs, bool Runs);

/// <summary>One family × variant; the file is the one that does the work.</summary>
internal sealed record KernelReport(
    string Family, string Variant, bool Runs, bool Chosen, string Needs, string File, string Why);

/// <summary>`edge kernels --bench --json`.</summary>
internal sealed record KernelsBenchReport(
    string Cpu, int Threads, double MemoryGbPerSecond, IReadOnlyList<KernelSpeed> Matrices,
    IReadOnlyList<PreparationSpeed> Preparation);

/// <summary>`edge kernels --tune --json`.</summary>
internal sealed record KernelsTuneReport(
    string Cpu, string Weights, string Kernels, int Threads, IReadOnlyList<SetSpeed> Sets, string? File);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KernelsReport))]
[JsonSerializable(typeof(KernelsBenchReport))]
[JsonSerializable(typeof(KernelsTuneReport))]
[JsonSerializable(typeof(TuningState))]
internal sealed partial class KernelsJson : JsonSerializerContext;
