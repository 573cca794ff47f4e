namespace Edge.Engine;

/// <summary>Position: requests that will be taken before this one. RetryAfterSeconds: when a full queue is likely to
/// have room. Detail: for people, empty when accepted.</summary>
public readonly record struct AdmissionResult(
    Admission Admission, int Position, double RetryAfterSeconds, string Detail);
