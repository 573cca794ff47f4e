using Edge.Weights.Policies;

namespace Edge.Weights.Traces;

/// <summary>A pass of a trace: rows that ran through the layers together. <paramref name="Begins"/>: of a new sequence.
/// <paramref name="Token"/>: rows of the sequence before it.</summary>
public readonly record struct TracePass(int Rows, bool Begins, long Token, int Offset);

/// <summary>A checked trace in memory; reading its rows cannot fail.</summary>
public sealed class Trace
{
    private readonly byte[] _bytes;
    private readonly int _rowBytes, _expertBytes;
    private readonly float[] _scoreOf = new float[256];
    private readonly float[] _scores;
    private readonly int[] _experts;
    private readonly float[] _weights;
    private readonly int[] _layers;

    internal Trace(byte[] bytes, CacheShape shape, string model, bool scores, List<TracePass> passes, long rows)
    {
        (_bytes, Shape, Model, HasScores, Passes, Rows) = (bytes, shape, model, scores, passes, rows);
        _rowBytes = TraceLayout.RowBytes(shape.Experts, shape.Used, scores);
        _expertBytes = TraceLayout.ExpertBytes(shape.Experts);
        _scores = new float[scores ? shape.Experts : 0];
        _experts = new int[shape.Used];
        _weights = new float[shape.Used];
        _layers = [.. Enumerable.Range(0, shape.Layers).Where(l => shape.UnitBytes(l) > 0)];
        for (int b = 0; b < 256; b++) _scoreOf[b] = (float)Math.Pow(2, -b / TraceLayout.StepsPerOctave);
    }

    public CacheShape Shape { get; }
    public string Model { get; }
    /// <summary>Rows tell the probabilities of all experts, not of the chosen ones alone.</summary>
    public bool HasScores { get; }
    public IReadOnlyList<TracePass> Passes { get; }
    public long Rows { get; }
    /// <summary>The layers that have experts, in order.</summary>
    public ReadOnlySpan<int> Layers => _layers;

    /// <summary>Row <paramref name="row"/> of a pass in the layer Layers[<paramref name="index"/>]; its spans are this
    /// trace's and hold until the next call. One thread at a time.</summary>
    public RoutedRow Row(TracePass pass, int index, int row)
    {
        long at = pass.Offset + ((long)index * pass.Rows + row) * _rowBytes;
        ReadOnlySpan<byte> bytes = _bytes.AsSpan((int)at, _rowBytes);
        int used = Shape.Used;
        int sum = 0;
        for (int i = 0; i < used; i++)
        {
            _experts[i] = Expert(bytes, i, _expertBytes);
            sum += bytes[used * _expertBytes + i];
        }
        for (int i = 0; i < used; i++)
            _weights[i] = sum > 0 ? bytes[used * _expertBytes + i] / (float)sum : 1f / used;
        ReadScores(bytes[(used * (_expertBytes + 1))..]);
        return new RoutedRow
        {
            Token = pass.Token + row, Layer = _layers[index], Experts = _experts, Weights = _weights, Scores = _scores,
        };
    }

    internal static int Expert(ReadOnlySpan<byte> row, int index, int expertBytes) =>
        expertBytes == 1 ? row[index] : row[2 * index] | row[2 * index + 1] << 8;

    private void ReadScores(ReadOnlySpan<byte> quantized)
    {
        float sum = 0;
        for (int e = 0; e < _scores.Length; e++) sum += _scores[e] = _scoreOf[quantized[e]];
        for (int e = 0; e < _scores.Length; e++) _scores[e] /= sum;
    }
}
