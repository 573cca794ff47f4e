namespace Edge.Fuzz;

/// <summary>One input through the code under test; returns normally, or throws one of the target's refusals.</summary>
public delegate void FuzzInput(ReadOnlySpan<byte> input);

/// <summary>A row of the target table. Its first inputs are the files of seeds/&lt;Name&gt;/.</summary>
public sealed record FuzzTarget(string Name, FuzzInput Run)
{
    /// <summary>Exceptions that are a clean refusal of the input; any other is a finding.</summary>
    public IReadOnlyList<Type> Refusals { get; init; } = [];

    /// <summary>Says what a refusal lacks for the person who reads it (a place, a remedy), or null when it is
    /// good.</summary>
    public Func<Exception, byte[], string?> Complaint { get; init; } = (_, _) => null;

    /// <summary>Makes an input from nothing that is right in most places; null: mutation only.</summary>
    public Func<Random, byte[]>? Generate { get; init; }
}
