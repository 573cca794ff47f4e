using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models;

/// <summary>Tensors that no kernel reads as the file has them.</summary>
internal sealed unsafe partial class Tensors
{
    private const long BlockBytes = 64 << 20, GrainBytes = 256 << 10;

    /// <summary>The reference path has no kernel for packed tiles and ggml's blocks: they are decoded to float32,
    /// once.</summary>
    private Matrix Decode(GgufTensor tensor, long rows, long count)
    {
        // The layout of the file, whatever the set would make of it.
        TileLayout layout = KernelSet.Choose("scalar").Layout(tensor.Type)!;
        long columns = tensor.Columns, matrixFloats = checked(rows * columns);
        long stackBytes = QuantTypes.Of(tensor.Type).StackBytes(rows, columns);
        float* target = (float*)Allocate(checked(matrixFloats * count * sizeof(float)));
        using NativeArena? rearranged = layout.Pack == null ? null : new(layout.Bytes(rows, columns));
        byte* tiles = rearranged == null ? null : rearranged.Take(layout.Bytes(rows, columns));
        GgufTensor? low = FindLow(tensor);
        SparseWeights? sparse = FindOutliers(tensor, rows, count);
        for (long i = 0; i < count; i++)
        {
            byte* matrix = _weights.Address(tensor) + i * stackBytes;
            byte* plane = low is null ? null : _weights.Address(low) + i * (low.Bytes / count);
            if (tiles != null) RequireFinite(tensor, Rearrange(tensor, layout, matrix, tiles, rows));
            for (long r = 0; r < rows; r++)
            {
                float* to = target + i * matrixFloats + r * columns;
                if (plane == null) layout.DecodeRow(tiles == null ? matrix : tiles, to, columns, r);
                else Nested4Scalar.Decode(matrix, plane, to, columns, r);
                if (sparse is not null) SparseScalar.AddRow(sparse.Of((int)i), to, r, sparse.Format);
            }
        }
        _weights.Release(tensor);
        if (low is { }) _weights.Release(low);
        return new Matrix
        {
            Weights = (byte*)target,
            Rows = rows,
            Columns = tensor.Columns,
            StackBytes = count > 1 ? matrixFloats * sizeof(float) : 0,
            Type = QuantType.F32,
            Layout = null,
            Kernel = _kernels.F32,
            Bytes = matrixFloats * sizeof(float),
        };
    }

    private Matrix Pack(GgufTensor tensor, long rows, long count, TileLayout layout)
    {
        QuantTypeRow type = QuantTypes.Of(tensor.Type);
        long bytes = layout.Bytes(rows, tensor.Columns);
        byte* source = _weights.Address(tensor);
        // Own memory with no ragged tile is packed in place, tile by tile; pages of a map are released instead.
        bool inPlace = _weights.Loading == WeightLoading.Read && layout.PacksInPlace(type, rows)
            && !tensor.HasBlocksOf64;
        byte* target = inPlace ? source : Allocate(checked(bytes * count));
        RequireFinite(tensor, inPlace ? PackInPlace(tensor, layout, source, rows * count)
            : PackStack(tensor, layout, source, target, rows, count));
        if (!inPlace) _weights.Release(tensor);
        return new Matrix
        {
            Weights = target,
            Rows = rows,
            Columns = tensor.Columns,
            StackBytes = count > 1 ? bytes : 0,
            Type = tensor.Type,
            Layout = layout,
            Kernel = _kernels.Tiled(tensor.Type),
            Bytes = bytes,
        };
    }

    private long PackInPlace(GgufTensor tensor, TileLayout layout, byte* weights, long rows)
    {
        long columns = tensor.Columns, tileBytes = layout.Bytes(layout.Rows, columns), bad = 0;
        using var scratch = new NativeArena(_loaders.Count * tileBytes);
        byte* tiles = scratch.Take(_loaders.Count * tileBytes);
        _loaders.Run((worker, from, to) => Interlocked.Add(ref bad, layout.PackInPlace(
                weights + from * tileBytes, tiles + worker * tileBytes, columns, (to - from) * layout.Rows)),
            rows / layout.Rows, Grain(tileBytes));
        return bad;
    }

    /// <summary>The matrices of a stack, shared among the threads by parts of their rows; returns how many scales are
    /// not finite.</summary>
    private long PackStack(GgufTensor tensor, TileLayout layout, byte* source, byte* target, long rows, long count)
    {
        QuantTypeRow type = QuantTypes.Of(tensor.Type);
        long columns = tensor.Columns, bad = 0;
        long sourceBytes = type.StackBytes(rows, columns), targetBytes = layout.Bytes(rows, columns);
        if (tensor.HasBlocksOf64)
        {
            for (long i = 0; i < count; i++)
                bad += Rearrange(tensor, layout, source + i * sourceBytes, target + i * targetBytes, rows);
            return bad;
        }
        long partRows = layout.PartRows(type, rows), parts = (rows + partRows - 1) / partRows;
        _loaders.Run((_, from, to) =>
        {
            long badHere = 0;
            for (long item = from; item < to; item++)
            {
                (long matrix, long part) = Math.DivRem(item, parts);
                long row = part * partRows;
                badHere += layout.Pack(
                    source + matrix * sourceBytes + row / type.TileRows * type.TileBytes(columns),
                    target + matrix * targetBytes + layout.Bytes(row, columns),
                    columns, Math.Min(partRows, rows - row));
            }
            Interlocked.Add(ref bad, badHere);
        }, parts * count, Grain(layout.Bytes(partRows, columns)));
        return bad;
    }

    /// <summary>Parts that a thread takes at a time: enough not to fight over them.</summary>
    private static long Grain(long partBytes) => Math.Max(1, GrainBytes / partBytes);

    /// <summary>One matrix of the file to the layout; returns how many scales are not finite.</summary>
    private static long Rearrange(GgufTensor tensor, TileLayout layout, byte* from, byte* to, long rows)
    {
        if (!tensor.HasBlocksOf64) return layout.Pack(from, to, tensor.Columns, rows);
        using NativeArena wide = BlocksOf64.Widen(from, rows, tensor.Columns, out byte* matrix);
        return layout.Pack(matrix, to, tensor.Columns, rows);
    }

    private static void RequireFinite(GgufTensor tensor, long bad)
    {
        if (bad != 0)
            throw new GgufException($"tensor '{tensor.Name}' has {bad} block scales that are infinite or no number; " +
                "the file is damaged or was badly converted", tensor.EntryOffset);
    }

    /// <summary>One matrix after another in large pages: with a block for each, its ends would be small pages, and
    /// those cost a fifth of the speed of a token. What the last block does not use is never touched.</summary>
    private byte* Allocate(long bytes)
    {
        if (_packed.Count == 0 || !_packed[^1].Has(bytes))
            _packed.Add(new NativeArena(Math.Max(bytes, BlockBytes), large: true));
        return _packed[^1].Take(bytes);
    }

    private void Count(GgufTensor tensor)
    {
        _doneBytes += tensor.Bytes;
        _progress?.Invoke(Math.Min(_doneBytes, _totalBytes), _totalBytes);
    }
}
