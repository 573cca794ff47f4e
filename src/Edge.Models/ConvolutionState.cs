namespace Edge.Models;

/// <summary>
/// What the short convolutions of one sequence look back on: a ring of the last positions' inputs, and, every
/// <see cref="Interval"/> positions, a copy of the few before it, so that a prefix can be taken up again without
/// keeping all of it.
/// </summary>
internal sealed unsafe class ConvolutionState
{
    public const int Interval = 64;

    private readonly int _width, _back, _ringRows, _layers;
    private readonly long _savedRows;
    /// <summary>float[layers][ring rows][width].</summary>
    private readonly float* _ring;
    /// <summary>float[layers][intervals][rows looked back on][width].</summary>
    private readonly float* _saved;
    /// <summary>The first position whose row the ring still has.</summary>
    private int _first;

    public ConvolutionState(ModelConfig config, int layers, int capacity, int rowsMax, NativeArena memory)
    {
        (_width, _back, _layers) = (config.EmbeddingLength, config.ShortconvLCache - 1, layers);
        _ringRows = RingRows(config, rowsMax);
        _savedRows = (long)Intervals(capacity) * _back;
        _ring = memory.TakeFloats((long)layers * _ringRows * _width);
        _saved = memory.TakeFloats(layers * _savedRows * _width);
    }

    public static long BytesOf(ModelConfig config, int layers, int capacity, int rowsMax) => checked(sizeof(float)
        * (long)layers * config.EmbeddingLength
        * (RingRows(config, rowsMax) + (long)Intervals(capacity) * (config.ShortconvLCache - 1)));

    public float* Row(int layer, int position) =>
        _ring + ((long)layer * _ringRows + position % _ringRows) * _width;

    public void Append(int position) => _first = Math.Max(_first, position + 1 - _ringRows);

    public void Keep(int layer, int position)
    {
        if (position % Interval >= Interval - _back) Copy(Row(layer, position), Saved(layer, position));
    }

    /// <summary>The longest prefix up to <paramref name="length"/> from which the sequence can go on.</summary>
    public int Reusable(int length) => InRing(length) ? length : length / Interval * Interval;

    /// <summary>Errors: ArgumentException for a length that is not <see cref="Reusable"/>.</summary>
    public void Restore(int length)
    {
        if (Reusable(length) != length)
            throw new ArgumentException($"a sequence with convolutions cannot be cut at {length}: " +
                $"{Reusable(length)} is the next that can; ask Reusable first");
        if (InRing(length)) return;
        _first = Math.Max(0, length - _back);
        for (int layer = 0; layer < _layers; layer++)
        {
            for (int position = _first; position < length; position++)
                Copy(Saved(layer, position), Row(layer, position));
        }
    }

    private bool InRing(int length) => Math.Max(0, length - _back) >= _first;

    private static int Intervals(int capacity) => (capacity + Interval - 1) / Interval;

    /// <summary>A pass writes the rows of all its tokens before it reads those before them.</summary>
    private static int RingRows(ModelConfig config, int rowsMax) => rowsMax + config.ShortconvLCache - 1;

    private float* Saved(int layer, int position) => _saved + (layer * _savedRows
        + (long)(position / Interval) * _back + position % Interval - (Interval - _back)) * _width;

    private void Copy(float* from, float* to) =>
        Buffer.MemoryCopy(from, to, _width * sizeof(float), _width * sizeof(float));
}
