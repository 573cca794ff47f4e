namespace Edge.Weights.Policies;

/// <summary>What a policy is made for. <paramref name="Values"/>: of the row's parameters, in order.
/// <paramref name="Future"/>: only in a replay.</summary>
public sealed record PolicySetup(CacheShape Shape, IReadOnlyList<double> Values, Future? Future = null);

/// <summary>A number that a policy takes, with its default and its range.</summary>
public sealed record PolicyParameter(string Name, double Default, double Min, double Max, string Meaning);

/// <summary>One policy: how it is called, what it scores, what it takes, how it is made.</summary>
public sealed record PolicyRow(
    string Name, string Scores, IReadOnlyList<PolicyParameter> Parameters, Func<PolicySetup, EvictionPolicy> Create)
{
    /// <summary>Why values of the parameters (in range, in order) do not go together; null when they do.</summary>
    public Func<IReadOnlyList<double>, string?>? Problem { get; init; }
    /// <summary>It can only be replayed.</summary>
    public bool NeedsFuture { get; init; }
}
