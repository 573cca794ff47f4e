using System.Globalization;

namespace Edge.Weights.Policies;

/// <summary>All policies; a new one is a file and a row here.</summary>
public static class PolicyTable
{
    /// <summary>What the cache uses unless told otherwise.</summary>
    public const string Default = "reload";
    /// <summary>What it uses when it is smaller than one token's cycle.</summary>
    public const string BelowCycle = "popular";

    private static readonly PolicyParameter[] Mrs =
    [
        new("alpha", 0.5, 0, 1, "how much a token moves the mean"),
        new("spread", 2, 1, 64, "scores that count, as a multiple of the experts used"),
    ];

    public static IReadOnlyList<PolicyRow> Rows { get; } =
    [
        new("lru", "last use of the slice", [], s => new Recency(s.Shape)),
        new("lfu", "uses of the slice", [], s => new Frequency(s.Shape)),
        new("lhu", "uses of the expert in high precision, in this sequence", [], s => new PreciseUses(s.Shape)),
        new("class", "age of the slice, slower by classes of use",
            [new("halflife", 128, 1, 1e6, "tokens after which a use counts half")],
            s => new AgeClasses(s.Shape, s.Values[0])),
        new("mrs", "mean router score of the expert (HybriMoE)", Mrs,
            s => new MeanScore(s.Shape, s.Values[0], s.Values[1])),
        new("hobbit", "recency, frequency, precision and nearness, in this sequence (HOBBIT)",
        [
            new("w1", 0.25, 0, 1, "weight of recency"),
            new("w2", 0.25, 0, 1, "weight of frequency"),
            new("w3", 0.25, 0, 1, "weight of uses in high precision"),
            new("w4", 0.25, 0, 1, "weight of the layer's nearness"),
        ], s => new FourTerms(s.Shape, s.Values[0], s.Values[1], s.Values[2], s.Values[3]))
        {
            Problem = v => Math.Abs(v.Sum() - 1) < 1e-6 ? null
                : string.Create(CultureInfo.InvariantCulture, $"w1 to w4 sum to {v.Sum():0.###}; make it 1"),
        },
        new("reload", "mean router score × bytes to read again; LO × how often it is wanted",
            [Mrs[0] with { Default = 0.3 }, Mrs[1] with { Default = 4 }],
            s => new ReloadCost(s.Shape, s.Values[0], s.Values[1])),
        new("popular", "gate weights of the first tokens, then fixed",
            [new("tokens", 64, 1, 1e6, "tokens that count")], s => new Popularity(s.Shape, s.Values[0])),
        new("belady", "next use, from the future: the bound", [],
            s => new Belady(s.Shape, s.Future ?? throw new ArgumentException("belady needs the future: replay it")))
        {
            NeedsFuture = true,
        },
    ];

    /// <summary>The row of that name; null when there is none.</summary>
    public static PolicyRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);

    /// <summary>A policy with its default parameters, for a live cache.</summary>
    /// <remarks>Errors: ArgumentException for an unknown name and for a policy that needs the future.</remarks>
    public static EvictionPolicy Create(string name, CacheShape shape)
    {
        PolicyRow row = Find(name) is { NeedsFuture: false } found ? found
            : throw new ArgumentException($"no policy '{name}'; there are {Names(live: true)}");
        return row.Create(new PolicySetup(shape, Defaults(row)));
    }

    public static IReadOnlyList<double> Defaults(PolicyRow row) => [.. row.Parameters.Select(p => p.Default)];

    public static string Names(bool live) =>
        string.Join(", ", Rows.Where(row => !live || !row.NeedsFuture).Select(row => row.Name));
}
