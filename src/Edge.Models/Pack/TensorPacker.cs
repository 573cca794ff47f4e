using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>Writes one tensor of the packed file, and the digests of its matrices.</summary>
internal sealed unsafe class TensorPacker(PackSource source, GgufWriter writer, PackOptions options,
    CancellationToken cancel)
{
    /// <summary>Tiles that are converted before their bytes are written, per thread.</summary>
    private const int TilesPerThread = 32;
    /// <summary>… but no more than this many bytes at a time, so that wide tiles do not take more memory.</summary>
    private const long BatchBytesMax = 16 << 20;
    public const int CopyBytes = 1 << 20;

    /// <summary>What was written of the last tensor, a digest per matrix.</summary>
    public List<ulong> Digests { get; } = [];

    /// <summary><paramref name="progress"/>: bytes of the source done. Errors: GgufException for weights that are not
    /// finite; IOException; OperationCanceledException.</summary>
    public PackedTensor Write(PlannedTensor planned, Action<long> progress)
    {
        Digests.Clear();
        return planned.Words > 0 ? Outliers(planned, progress)
            : planned.IsKept ? Keep(planned, progress) : Convert(planned, progress);
    }

    /// <summary>Chooses what the tensor that comes next keeps apart.</summary>
    private PackedTensor Outliers(PlannedTensor planned, Action<long> progress)
    {
        GgufTensor tensor = planned.Source;
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var choice = new OutlierChoice(tensor.Type, planned.Digits, tensor.Columns, options.Outliers, threads);
        long rows = tensor.Shape[1];
        byte[] bytes = new byte[QuantTypes.Of(planned.Type).StackBytes(1, planned.Words)];
        for (long m = planned.FirstMatrix; m < planned.EndMatrix; m++)
        {
            byte* from = source.Matrix(tensor, m);
            fixed (float* importance = options.Importance?.Columns(tensor.Name, m, (int)tensor.Columns))
            fixed (byte* words = bytes)
                choice.Choose(from, rows, importance, (uint*)words, cancel);
            source.Release(tensor, m);
            var digest = new Checksum();
            digest.Add(bytes);
            Digests.Add(digest.Value);
            writer.Write(planned.Name, bytes);
            progress((m - planned.FirstMatrix + 1) * PackSource.MatrixBytes(tensor));
        }
        return planned.Row(0, 0, 0);
    }

    /// <summary>What a matrix keeps apart, as the file has it; null: nothing.</summary>
    private byte[]? ReadOutliers(PlannedTensor planned, long matrix)
    {
        if (planned.Outliers is not { } outliers) return null;
        byte[] bytes = new byte[QuantTypes.Of(outliers.Type).StackBytes(1, outliers.Words)];
        if (writer.ReadBack(outliers.Name, (matrix - planned.FirstMatrix) * bytes.Length, bytes) != bytes.Length)
            throw new IOException($"the outliers of '{planned.Name}' cannot be read back");
        return bytes;
    }

    private PackedTensor Keep(PlannedTensor planned, Action<long> progress)
    {
        GgufTensor tensor = planned.Source;
        var digest = new Checksum();
        long bytes = PackSource.MatrixBytes(tensor), bad = 0;
        for (long m = planned.FirstMatrix; m < planned.EndMatrix; m++)
        {
            byte* from = source.Matrix(tensor, m);
            for (long at = 0; at < bytes; at += CopyBytes)
            {
                cancel.ThrowIfCancellationRequested();
                source.Moved(tensor, m, at, Math.Min(at + CopyBytes, bytes));
                var piece = new ReadOnlySpan<byte>(from + at, (int)Math.Min(CopyBytes, bytes - at));
                bad += FiniteFloats.CountBad(tensor.Type, piece);
                digest.Add(piece);
                writer.Write(planned.Name, piece);
            }
            source.Release(tensor, m);
            if (bad > 0) throw FiniteFloats.Refusal(tensor, bad);
            progress((m - planned.FirstMatrix + 1) * bytes);
        }
        Digests.Add(digest.Value);
        return planned.Row(0, 0, 0);
    }

    private PackedTensor Convert(PlannedTensor planned, Action<long> progress)
    {
        (GgufTensor tensor, QuantType type) = (planned.Source, planned.Type);
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var converters = new TileWriter[threads];
        try
        {
            for (int i = 0; i < threads; i++)
                converters[i] = new TileWriter(tensor.Type, type, tensor.Columns)
                {
                    HasBlocksOf64 = tensor.HasBlocksOf64,
                };
            if (type == QuantType.TERNARY_1_67) ConvertWhole(planned, converters, progress);
            else ConvertTiles(planned, converters, progress);
            return Row(planned, converters);
        }
        finally
        {
            foreach (TileWriter? converter in converters) converter?.Dispose();
        }
    }

    private static PackedTensor Row(PlannedTensor planned, TileWriter[] writers)
    {
        double error = 0, squares = 0, weighted = 0, weightedSquares = 0, worst = 0, largest = 0;
        foreach (TileWriter part in writers)
        {
            (error, squares) = (error + part.SquaredError, squares + part.Squares);
            weighted += part.WeightedError;
            weightedSquares += part.WeightedSquares;
            (worst, largest) = (Math.Max(worst, part.MaxError), Math.Max(largest, part.MaxWeight));
        }
        return planned.Row(squares == 0 ? 0 : Math.Sqrt(error / squares), largest == 0 ? 0 : worst / largest,
            weightedSquares == 0 ? 0 : Math.Sqrt(weighted / weightedSquares));
    }

    private void ConvertTiles(PlannedTensor planned, TileWriter[] converters, Action<long> progress)
    {
        GgufTensor tensor = planned.Source;
        QuantTypeRow row = QuantTypes.Of(planned.Type);
        long rows = tensor.Shape[1], sourceRow = QuantTypes.RowBytes(tensor.Type, tensor.Columns);
        long tileBytes = row.TileBytes(tensor.Columns), tiles = (rows + row.TileRows - 1) / row.TileRows;
        int batch = (int)Math.Clamp(BatchBytesMax / tileBytes, converters.Length, converters.Length * TilesPerThread);
        using var memory = new NativeArena(checked(2 * (tileBytes * batch)));
        byte* pieces = memory.Take(2 * (tileBytes * batch));
        byte[] padding = new byte[row.StackBytes(rows, tensor.Columns) - row.MatrixBytes(rows, tensor.Columns)];
        using var output = new TensorOutput(writer, planned.Name);
        long converted = 0, piece = 0;
        for (long m = planned.FirstMatrix; m < planned.EndMatrix; m++)
        {
            byte* from = source.Matrix(tensor, m);
            fixed (float* importance = options.Importance?.Columns(tensor.Name, m, (int)tensor.Columns))
            fixed (byte* outliers = ReadOutliers(planned, m))
            {
                foreach (TileWriter converter in converters)
                    converter.Begin(from, rows, importance, (uint*)outliers);
                for (long first = 0; first < tiles; first += batch)
                {
                    cancel.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(batch, tiles - first);
                    long start = first, end = Math.Min(rows, (first + count) * row.TileRows);
                    byte* to = pieces + piece * (tileBytes * batch);
                    source.Moved(tensor, m, start * row.TileRows * sourceRow, end * sourceRow);
                    Share(converters, count, (converter, i) =>
                    {
                        long at = (start + i) * row.TileRows;
                        int rowCount = (int)Math.Min(row.TileRows, rows - at);
                        converter.Convert(from + at * sourceRow, rowCount, to + i * tileBytes);
                    });
                    RequireNumbers(tensor, converters);
                    // A row type has tiles of one row each: none is padded.
                    output.Write(to, checked((int)(count * tileBytes)));
                    piece = 1 - piece;
                    progress((converted * rows + end) * sourceRow);
                }
            }
            source.Release(tensor, m);
            converted++;
            output.Write(padding);
            // Types that are not packed have one digest for all of the stack.
            if (row.IsPacked || m == planned.EndMatrix - 1) Digests.Add(output.TakeDigest());
        }
    }

    /// <summary>TERNARY_1_67 has one scale per matrix that all rows refine: a matrix's integers are held, a byte
    /// each.</summary>
    private void ConvertWhole(PlannedTensor planned, TileWriter[] converters, Action<long> progress)
    {
        const int Band = 12;
        GgufTensor tensor = planned.Source;
        long rows = tensor.Shape[1], columns = tensor.Columns;
        long sourceRow = QuantTypes.RowBytes(tensor.Type, columns), bands = (rows + Band - 1) / Band;
        long bytes = QuantTypes.Of(QuantType.TERNARY_1_67).StackBytes(rows, columns);
        using var memory = new NativeArena(checked(rows * columns + 2 * rows + bytes));
        sbyte* codes = (sbyte*)memory.Take(rows * columns);
        ushort* scales = (ushort*)memory.Take(2 * rows);
        byte* matrix = memory.Take(bytes);
        for (long m = planned.FirstMatrix; m < planned.EndMatrix; m++)
        {
            cancel.ThrowIfCancellationRequested();
            byte* from = source.Matrix(tensor, m);
            fixed (float* importance = options.Importance?.Columns(tensor.Name, m, (int)columns))
            {
                foreach (TileWriter converter in converters) converter.Begin(from, rows, importance);
                Share(converters, bands, (converter, band) => converter.Round(from + band * Band * sourceRow,
                    Count(band), codes + band * Band * columns, scales + band * Band));
                RequireNumbers(tensor, converters);
                for (long at = 0; at < bytes; at += CopyBytes)
                    new Span<byte>(matrix + at, (int)Math.Min(CopyBytes, bytes - at)).Clear();
                Ternary1_67Scalar.Pack(codes, scales, matrix, columns, rows);
                if (Magnitude.Of(converters) is { } magnitude) Ternary1_67Scalar.SetUnit(matrix, rows, magnitude);
                Share(converters, bands, (converter, band) =>
                    converter.Compare(from + band * Band * sourceRow, Count(band), matrix, band * Band));
            }
            source.Release(tensor, m);
            var digest = new Checksum();
            for (long at = 0; at < bytes; at += CopyBytes)
            {
                var piece = new ReadOnlySpan<byte>(matrix + at, (int)Math.Min(CopyBytes, bytes - at));
                digest.Add(piece);
                writer.Write(planned.Name, piece);
            }
            Digests.Add(digest.Value);
            progress((m - planned.FirstMatrix + 1) * rows * sourceRow);
        }

        int Count(long band) => (int)Math.Min(Band, rows - band * Band);
    }

    private static void Share(TileWriter[] converters, long count, Action<TileWriter, long> work) =>
        Parallel.For(0, converters.Length, worker =>
        {
            for (long i = worker; i < count; i += converters.Length) work(converters[worker], i);
        });

    private static void RequireNumbers(GgufTensor tensor, TileWriter[] converters)
    {
        long bad = 0;
        foreach (TileWriter converter in converters) bad += converter.Bad;
        if (bad > 0) throw FiniteFloats.Refusal(tensor, bad);
    }
}
