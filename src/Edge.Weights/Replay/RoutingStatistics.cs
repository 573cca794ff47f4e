using Edge.Weights.Policies;
using Edge.Weights.Traces;

namespace Edge.Weights.Replay;

/// <summary>What kind of routing a trace holds.</summary>
/// <param name="LayerEntropyBits">Of the use of experts, by layer with experts; log2(experts) when all are used alike.
/// </param>
/// <param name="RepeatShare">Share of choices that the row before (of the sequence) made too; used / experts by chance.
/// </param>
/// <param name="ColdShare">Share of choices of an expert that was never used before.</param>
/// <param name="ReuseDistances">By power of two: [i] is the share of choices with 2^i ≤ distance &lt; 2^(i+1), where
/// the distance counts the different experts (of all layers) since the last use, this one included.</param>
public sealed record RoutingStatistics(
    IReadOnlyList<double> LayerEntropyBits, double RepeatShare, double ColdShare, IReadOnlyList<double> ReuseDistances,
    int ReuseDistanceP50, int ReuseDistanceP90)
{
    public static RoutingStatistics Of(Trace trace)
    {
        var uses = new long[trace.Layers.Length, trace.Shape.Experts];
        var distances = new long[trace.Shape.Units + 1];
        var stack = new UseOrder(trace.Shape.Units, trace.Rows * trace.Layers.Length * trace.Shape.Used);
        var lastToken = new long[trace.Shape.Units];
        long cold = 0, repeats = 0, choices = 0;
        foreach (TracePass pass in trace.Passes)
        {
            if (pass.Begins) Array.Clear(lastToken);
            for (int index = 0; index < trace.Layers.Length; index++)
            {
                for (int r = 0; r < pass.Rows; r++)
                {
                    RoutedRow row = trace.Row(pass, index, r);
                    foreach (int expert in row.Experts)
                    {
                        int unit = trace.Shape.Unit(row.Layer, expert), distance = stack.Use(unit);
                        choices++;
                        uses[index, expert]++;
                        if (distance == 0) cold++;
                        else distances[distance]++;
                        if (row.Token > 0 && lastToken[unit] == row.Token) repeats++;
                        lastToken[unit] = row.Token + 1;
                    }
                }
            }
        }
        return new RoutingStatistics(Entropies(uses), (double)repeats / choices, (double)cold / choices,
            ByPowers(distances, choices), Percentile(distances, 0.5), Percentile(distances, 0.9));
    }

    private static double[] Entropies(long[,] uses)
    {
        var bits = new double[uses.GetLength(0)];
        for (int l = 0; l < bits.Length; l++)
        {
            double all = 0;
            for (int e = 0; e < uses.GetLength(1); e++) all += uses[l, e];
            for (int e = 0; e < uses.GetLength(1); e++)
            {
                double share = uses[l, e] / all;
                if (share > 0) bits[l] -= share * Math.Log2(share);
            }
        }
        return bits;
    }

    private static double[] ByPowers(long[] distances, long choices)
    {
        var shares = new double[1 + (int)Math.Log2(distances.Length)];
        for (int d = 1; d < distances.Length; d++) shares[(int)Math.Log2(d)] += (double)distances[d] / choices;
        return shares;
    }

    private static int Percentile(long[] distances, double share)
    {
        double left = share * distances.Sum();
        for (int d = 1; d < distances.Length; d++)
            if (distances[d] > 0 && (left -= distances[d]) <= 0) return d;
        return 0;
    }

    /// <summary>How many different units were used since a unit's last use: a binary indexed tree over time, in which
    /// only every unit's last use counts.</summary>
    private sealed class UseOrder(int units, long uses)
    {
        private readonly int[] _tree = new int[checked(uses + 1)];
        private readonly int[] _last = new int[units];
        private int _now;

        /// <summary>0 for a first use.</summary>
        public int Use(int unit)
        {
            int last = _last[unit], distance = 0;
            if (last > 0)
            {
                distance = Sum(_now) - Sum(last - 1);
                Add(last, -1);
            }
            _last[unit] = ++_now;
            Add(_now, 1);
            return distance;
        }

        private void Add(int at, int value)
        {
            for (; at < _tree.Length; at += at & -at) _tree[at] += value;
        }

        private int Sum(int to)
        {
            int sum = 0;
            for (; to > 0; to -= to & -to) sum += _tree[to];
            return sum;
        }
    }
}
