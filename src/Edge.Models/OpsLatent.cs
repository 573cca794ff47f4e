namespace Edge.Models;

/// <summary>
/// Latent attention (DeepSeek-V2, arXiv 2405.04434) in its absorbed form: the cache holds one compressed vector and one
/// rotated key per position, queries are brought into the space of the compressed vectors, head by head. Rows of heads
/// stand head after head, so that each head's matrix runs once for all rows.
/// </summary>
internal sealed unsafe partial class Ops
{
    /// <summary>Rotates the last elements of every query head, and of the shared key.</summary>
    public void RopeEnds(RowBuffer q, int headSize, RowBuffer k, RopeOrder order)
    {
        int rotated = 2 * _everywhere.Half;
        RopeKernel kernel = order == RopeOrder.Pairs ? _kernels.RopePairs : _kernels.RopeHalves;
        for (int row = 0; row < Batch.Count; row++)
        {
            float* cos = _everywhere.Cos + (long)row * _everywhere.Half;
            float* sin = _everywhere.Sin + (long)row * _everywhere.Half;
            for (int head = 1; head <= _config.HeadCount; head++)
                kernel(q.Row(row) + head * headSize - rotated, cos, sin, rotated, 1);
            kernel(k.Row(row) + k.Width - rotated, cos, sin, rotated, 1);
        }
    }

    /// <summary>y ← every head's query in the latent space, its unrotated part by the head's matrix, its rotated part
    /// as it is. Shapes: q is float[rows][heads][KeyLengthMla]; plain and latent are scratch, a row per head and
    /// row.</summary>
    public void Absorb(RowBuffer q, LatentHeads w, RowBuffer plain, RowBuffer latent, RowBuffer y)
    {
        TakeHeads(q, _config.KeyLengthMla, plain);
        MatMulHeads(plain, w.Keys, latent);
        PutHeads(latent, y, _config.KeyLength);
        long rotated = _config.RopeDimensionCount, bytes = rotated * sizeof(float);
        for (int row = 0; row < Batch.Count; row++)
        {
            for (int head = 1; head <= _config.HeadCount; head++)
                Buffer.MemoryCopy(q.Row(row) + (long)head * _config.KeyLengthMla - rotated,
                    y.Row(row) + (long)head * _config.KeyLength - rotated, bytes, bytes);
        }
    }

    /// <summary>y ← every head's value out of the latent space, prepared for matrices. Shapes: att is
    /// float[rows][heads][KeyLength], of which the latent is the start; latent and values are scratch.</summary>
    public void Expand(RowBuffer att, LatentHeads w, RowBuffer latent, RowBuffer values, RowBuffer y)
    {
        TakeHeads(att, _config.KeyLength, latent);
        MatMulHeads(latent, w.Values, values);
        PutHeads(values, y, values.Width);
        Prepare(y, Batch.Count);
    }

    /// <summary>y[head · rows + row] ← the start of the head, prepared for matrices.</summary>
    private void TakeHeads(RowBuffer x, int stride, RowBuffer y)
    {
        long bytes = y.Width * sizeof(float);
        for (int head = 0; head < _config.HeadCount; head++)
        {
            for (int row = 0; row < Batch.Count; row++)
                Buffer.MemoryCopy(x.Row(row) + (long)head * stride, y.Row(head * Batch.Count + row), bytes, bytes);
        }
        Prepare(y, _config.HeadCount * Batch.Count);
    }

    private void MatMulHeads(RowBuffer x, in Matrix w, RowBuffer y)
    {
        for (int head = 0; head < _config.HeadCount; head++)
            Queue(x, w[head], y, head * Batch.Count, Batch.Count);
        RunQueued();
    }

    /// <summary>The start of every head of y ← x[head · rows + row].</summary>
    private void PutHeads(RowBuffer x, RowBuffer y, int stride)
    {
        long bytes = x.Width * sizeof(float);
        for (int head = 0; head < _config.HeadCount; head++)
        {
            for (int row = 0; row < Batch.Count; row++)
                Buffer.MemoryCopy(x.Row(head * Batch.Count + row), y.Row(row) + (long)head * stride, bytes, bytes);
        }
    }
}
