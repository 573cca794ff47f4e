namespace Edge.Models;

/// <summary>Gated short convolutions (LFM2).</summary>
internal sealed unsafe partial class Ops
{
    /// <summary>y ← c · Σ kernel[j] · (b · x)[position − j], channel by channel, and prepared for matrices.
    /// Shapes: bcx is float[rows][b, c, x][width]; kernel is float[l_cache][width], the oldest position
    /// first.</summary>
    public void ShortConvolution(int layer, RowBuffer bcx, float* kernel, RowBuffer y)
    {
        (_layer, _x, _y) = (layer, bcx, y);
        _weight = kernel;
        _pool.Run(_keepRows, Batch.Count, 8);
        _pool.Run(_convolveRows, Batch.Count, 8);
        Prepare(y, Batch.Count);
    }

    private void KeepRows(int worker, long from, long to)
    {
        int width = _y.Width;
        for (int row = (int)from; row < to; row++)
        {
            SequenceCache cache = Batch.Caches[row];
            int position = Batch.Positions[row];
            float* b = _x.Row(row), x = b + 2 * width, kept = cache.Convolved(_layer, position);
            for (int i = 0; i < width; i++) kept[i] = b[i] * x[i];
            cache.KeepConvolved(_layer, position);
        }
    }

    private void ConvolveRows(int worker, long from, long to)
    {
        int width = _y.Width, back = _config.ShortconvLCache - 1;
        for (int row = (int)from; row < to; row++)
        {
            SequenceCache cache = Batch.Caches[row];
            int position = Batch.Positions[row];
            float* y = _y.Row(row), c = _x.Row(row) + width;
            new Span<float>(y, width).Clear();
            for (int j = Math.Max(0, back - position); j <= back; j++)
            {
                float* kept = cache.Convolved(_layer, position - back + j), kernel = _weight + (long)j * width;
                for (int i = 0; i < width; i++) y[i] += kernel[i] * kept[i];
            }
            for (int i = 0; i < width; i++) y[i] *= c[i];
        }
    }
}
