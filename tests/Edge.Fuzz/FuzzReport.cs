namespace Edge.Fuzz;

/// <summary>What a run did. Shapes: different refusal messages seen, a poor man's measure of coverage.</summary>
public sealed record FuzzReport(
    string Target, long Iterations, long Accepted, long Refused, int Shapes, IReadOnlyList<FuzzFinding> Findings);
