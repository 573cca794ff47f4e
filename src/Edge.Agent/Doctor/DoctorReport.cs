using System.Text.Json.Serialization;

namespace Edge.Agent.Doctor;

/// <summary>`edge doctor --json`. Rates are bytes per second; what could not be found out is absent.</summary>
internal sealed record DoctorReport
{
    public required DoctorBoard Board { get; init; }
    public required DoctorMemory Memory { get; init; }
    public required DoctorStorage Storage { get; init; }
    public required DoctorThermal Thermal { get; init; }
    public required DoctorBroker Broker { get; init; }
    public required IReadOnlyList<DoctorModel> Models { get; init; }
    public required IReadOnlyList<string> Sensors { get; init; }
    /// <summary>What someone should look at, each with its remedy.</summary>
    public required IReadOnlyList<string> Advice { get; init; }
}

internal sealed record DoctorBoard(
    string Profile, string Title, string? Model, string Cpu, int Cores, string KernelSet, int Threads);

internal sealed record DoctorMemory(
    long? TotalBytes, long? AvailableBytes, long? SwapBytes, long? CgroupLimitBytes, bool CgroupController,
    double BytesPerSecond, double? UsualBytesPerSecond);

internal sealed record DoctorStorage(string Path, double? BytesPerSecond, string? Problem, IReadOnlyList<string> Usual);

/// <summary>Clocks while every thread read memory, temperature before and after.</summary>
internal sealed record DoctorThermal(
    double? BeforeC, double? AfterC, double SoftLimitC, bool? Throttled, string? ThrottledNow,
    string? ThrottledSinceBoot, IReadOnlyList<DoctorClock> Clocks);

internal sealed record DoctorClock(string Cpus, string Governor, double Mhz, double LimitMhz, double MaxMhz);

internal sealed record DoctorBroker(string Address, bool Reachable, string? Problem = null);

/// <summary>One model, or one class of models (no file). Fits: weights, cache and room to breathe are less than the
/// available memory. Roofline: one read of the active weights per token.</summary>
internal sealed record DoctorModel(
    string Name, string? File, long WeightBytes, long BytesPerToken, long NeedsBytes, bool Fits,
    double RooflineTokensPerSecond, double? MeasuredTokensPerSecond);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
