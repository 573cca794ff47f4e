using System.Runtime.InteropServices;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>How large the activations are that meet each column of each matrix: the mean of their squares over a
/// calibration text, and how often an expert was chosen.</summary>
public sealed class Importance
{
    /// <summary>Part of the mean that a column counts at least: what a short text never moved is not
    /// worthless.</summary>
    private const float Floor = 0.02f;

    private readonly Dictionary<string, Sums> _sums = new(StringComparer.Ordinal);

    /// <summary>Tokens of the text that were run.</summary>
    public long Tokens { get; internal set; }

    /// <summary>A number that changes with any figure in here.</summary>
    internal ulong Identity
    {
        get
        {
            var sum = new Checksum();
            foreach (string name in _sums.Keys.Order(StringComparer.Ordinal))
            {
                sum.Add(MemoryMarshal.AsBytes(_sums[name].Squares.AsSpan()));
                sum.Add(MemoryMarshal.AsBytes(_sums[name].Rows.AsSpan()));
            }
            return sum.Value;
        }
    }

    /// <summary>Adds rows of activations that meet a matrix of a tensor.</summary>
    internal unsafe void Add(string tensor, long matrix, long matrices, float* x, int columns, int rows)
    {
        if (!_sums.TryGetValue(tensor, out Sums? sums))
            _sums.Add(tensor, sums = new Sums(new float[matrices * columns], new long[matrices]));
        Span<float> squares = sums.Squares.AsSpan(checked((int)(matrix * columns)), columns);
        for (int r = 0; r < rows; r++, x += columns)
            for (int c = 0; c < squares.Length; c++) squares[c] += x[c] * x[c];
        sums.Rows[matrix] += rows;
    }

    /// <summary>Adds what another text of the same model said.</summary>
    public void Add(Importance other)
    {
        Tokens += other.Tokens;
        foreach (string name in other._sums.Keys)
        {
            Sums more = other._sums[name];
            if (!_sums.TryGetValue(name, out Sums? sums))
                _sums.Add(name, sums = new Sums(new float[more.Squares.Length], new long[more.Rows.Length]));
            for (int i = 0; i < more.Squares.Length; i++) sums.Squares[i] += more.Squares[i];
            for (int i = 0; i < more.Rows.Length; i++) sums.Rows[i] += more.Rows[i];
        }
    }

    /// <summary>Weights of the columns of a matrix, 1 on average; null where the text says nothing about it.</summary>
    internal float[]? Columns(string tensor, long matrix, int columns)
    {
        if (!_sums.TryGetValue(tensor, out Sums? sums) || sums.Rows[matrix] == 0) return null;
        ReadOnlySpan<float> squares = sums.Squares.AsSpan(checked((int)(matrix * columns)), columns);
        double mean = 0;
        foreach (float x in squares) mean += x;
        mean /= columns;
        if (!(mean > 0) || !double.IsFinite(mean)) return null;
        var weights = new float[columns];
        for (int c = 0; c < columns; c++) weights[c] = (float)((1 - Floor) * squares[c] / mean) + Floor;
        return weights;
    }

    /// <summary>Part of the tokens that meet a matrix; null where the text says nothing about its tensor.</summary>
    internal double? Share(string tensor, long matrix) =>
        Tokens > 0 && _sums.TryGetValue(tensor, out Sums? sums) ? (double)sums.Rows[matrix] / Tokens : null;

    private sealed record Sums(float[] Squares, long[] Rows);
}
