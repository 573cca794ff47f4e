using Edge.Weights.Policies;
using Edge.Weights.Traces;

namespace Edge.Bench;

/// <summary>A routing of no model: every layer has its own order of popular experts (probability falls with a power of
/// the rank), and what a token prefers drifts slowly from the last token's preference.</summary>
/// <param name="Skew">The power: 0 uses all experts alike, 1 is Zipf's law.</param>
/// <param name="Reuse">How much of a token's preference is the last one's, 0 to 1.</param>
internal sealed record ZipfRouter(
    int Layers, int Experts, int Used, double Skew, double Reuse, int Tokens, int Seed, long HiBytes, long LoBytes)
{
    private const double Spread = 2;

    /// <summary>The one whose trace is kept.</summary>
    public static ZipfRouter Kept { get; } = new(16, 64, 8, 0.8, 0.8, 150, 1, 1_966_080, 1_572_864);

    public void Write(Stream to)
    {
        long[] hi = new long[Layers], lo = new long[Layers];
        Array.Fill(hi, HiBytes);
        Array.Fill(lo, LoBytes);
        var shape = new CacheShape(Experts, Used, hi, lo);
        using var writer = new TraceWriter(to, shape, $"zipf-{Skew}-{Reuse}", scores: true);
        var random = new Random(Seed);
        double[][] popularity = [.. Enumerable.Range(0, Layers).Select(_ => Popularity(random))];
        double[][] mood = [.. Enumerable.Range(0, Layers).Select(_ => new double[Experts])];
        foreach (double[] layer in mood)
            for (int e = 0; e < Experts; e++) layer[e] = Normal(random);
        writer.BeginSequence();
        for (int token = 0; token < Tokens; token++)
        {
            writer.BeginPass(1);
            for (int layer = 0; layer < Layers; layer++)
            {
                for (int e = 0; e < Experts; e++)
                    mood[layer][e] = Reuse * mood[layer][e] + Math.Sqrt(1 - Reuse * Reuse) * Normal(random);
                Add(writer, token, layer, popularity[layer], mood[layer]);
            }
            writer.EndPass();
        }
    }

    private void Add(TraceWriter writer, int token, int layer, double[] popularity, double[] mood)
    {
        double[] scores = [.. popularity.Zip(mood, (p, m) => Math.Exp(p + Spread * m))];
        double sum = scores.Sum();
        int[] chosen = [.. Enumerable.Range(0, Experts).OrderByDescending(e => scores[e]).Take(Used)];
        double weight = chosen.Sum(e => scores[e]);
        writer.Add(new RoutedRow
        {
            Token = token,
            Layer = layer,
            Experts = chosen,
            Weights = chosen.Select(e => (float)(scores[e] / weight)).ToArray(),
            Scores = scores.Select(s => (float)(s / sum)).ToArray(),
        });
    }

    /// <summary>Logarithm of rank to the power −Skew, the ranks dealt at random.</summary>
    private double[] Popularity(Random random)
    {
        int[] ranks = [.. Enumerable.Range(1, Experts)];
        random.Shuffle(ranks);
        return [.. ranks.Select(rank => -Skew * Math.Log(rank))];
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
