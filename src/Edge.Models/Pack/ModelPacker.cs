using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>Writes a packed copy of a model: streamed, so that it holds one tensor's worth of the source's pages and a
/// few tiles per thread; the copy appears whole or not at all.</summary>
public static class ModelPacker
{
    /// <summary>Tiles that are converted before their bytes are written, per thread.</summary>
    private const int TilesPerThread = 8;
    private const int CopyBytes = 1 << 20;

    /// <summary>Packs <paramref name="input"/> into <paramref name="output"/>; <paramref name="progress"/> receives
    /// (bytes of the source done, in all). Returns a row per tensor. Errors: FileNotFoundException; GgufException for
    /// a bad, already packed or unreadable model, and for weights that are not finite; IOException from the system;
    /// OperationCanceledException.</summary>
    public static IReadOnlyList<PackedTensor> Pack(string input, string output, PackOptions options,
        Action<long, long>? progress = null, CancellationToken cancel = default)
    {
        GgufFile file = GgufFile.Open(input);
        file.RequireRunnable();
        if (file.Metadata.FindInteger(PackHeader.VersionKey) is not null)
            throw new GgufException("the file is packed already; take the model that it was made of",
                file.Metadata.OffsetOf(PackHeader.VersionKey));
        if (Path.GetFullPath(input) == Path.GetFullPath(output))
            throw new IOException($"{output} is the model itself; give another name for the packed one");
        using WeightFile weights = WeightFile.Open(file, WeightLoading.Map);
        List<PlannedTensor> plan = PackPlan.All(file, options);
        using var writer = new GgufWriter(output, QuantTypes.PackedAlignment);
        WriteHeader(writer, file, plan);
        var digests = new List<ulong>();
        var rows = new List<PackedTensor>();
        long done = 0, all = plan.Sum(planned => planned.Source.Bytes);
        foreach (PlannedTensor planned in plan)
        {
            PackedTensor row = planned.IsKept
                ? Keep(weights, planned.Source, writer, digests, cancel)
                : Convert(weights, planned, writer, digests, options,
                    part => progress?.Invoke(done + part, all), cancel);
            rows.Add(row with { Note = planned.Note });
            weights.Release(planned.Source);
            done += planned.Source.Bytes;
            progress?.Invoke(done, all);
        }
        writer.Fill(PackHeader.DigestsKey, [.. digests]);
        writer.Complete();
        return rows;
    }

    private static void WriteHeader(GgufWriter writer, GgufFile file, List<PlannedTensor> plan)
    {
        foreach (string key in file.Metadata.Keys.Where(key => key != "general.alignment"))
            writer.Copy(file.Metadata, key);
        writer.Set(PackHeader.VersionKey, PackHeader.Version);
        writer.Set(PackHeader.LayoutKey, PackHeader.Layout);
        writer.Set(PackHeader.SourceTypeKey,
            file.Tensors.GroupBy(tensor =>
                tensor.Type).MaxBy(group => group.Sum(tensor => tensor.Bytes))?.Key.ToString()
                ?? "none");
        writer.SetArray<ulong>(PackHeader.LabelsKey,
            [.. plan.Select(row => PackHeader.Label(row.Name, row.Type, row.Source.Shape))]);
        writer.Reserve(PackHeader.DigestsKey, plan.Sum(row => PackHeader.Matrices(row.Type, row.Source.Shape)));
        foreach (PlannedTensor row in plan) writer.AddTensor(row.Name, row.Type, row.Source.Shape.ToArray());
    }

    private static unsafe PackedTensor Keep(WeightFile weights, GgufTensor tensor, GgufWriter writer,
        List<ulong> digests,
        CancellationToken cancel)
    {
        var digest = new Checksum();
        byte* source = weights.Address(tensor);
        for (long at = 0; at < tensor.Bytes; at += CopyBytes)
        {
            cancel.ThrowIfCancellationRequested();
            var piece = new ReadOnlySpan<byte>(source + at, (int)Math.Min(CopyBytes, tensor.Bytes - at));
            digest.Add(piece);
            writer.Write(tensor.Name, piece);
        }
        digests.Add(digest.Value);
        string name = tensor.Type.ToString();
        return new PackedTensor(tensor.Name, name, name, tensor.Rows, tensor.Columns, tensor.Bytes, 0, 0, null);
    }

    private static PackedTensor Convert(WeightFile weights, PlannedTensor planned, GgufWriter writer,
        List<ulong> digests, PackOptions options, Action<long> progress, CancellationToken cancel)
    {
        (GgufTensor tensor, QuantType type) = (planned.Source, planned.Type);
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var converters = new TileWriter[threads];
        try
        {
            for (int i = 0; i < threads; i++) converters[i] = new TileWriter(tensor.Type, type, tensor.Columns);
            if (type == QuantType.TERNARY_1_67)
                ConvertWhole(weights, tensor, writer, digests, converters, progress, cancel);
            else
                ConvertTiles(weights, planned, writer, digests, converters, progress, cancel);
            double squares = converters.Sum(c => c.Squares), error = converters.Sum(c => c.SquaredError);
            double largest = converters.Max(c => c.MaxWeight), worst = converters.Max(c => c.MaxError);
            return new PackedTensor(planned.Name, tensor.Type.ToString(), type.ToString(), tensor.Rows, tensor.Columns,
                QuantTypes.Bytes(type, tensor.Shape.ToArray()), squares == 0 ? 0 : Math.Sqrt(error / squares),
                largest == 0 ? 0 : worst / largest, null);
        }
        finally
        {
            foreach (TileWriter? converter in converters) converter?.Dispose();
        }
    }

    private static unsafe void ConvertTiles(WeightFile weights, PlannedTensor planned, GgufWriter writer,
        List<ulong> digests, TileWriter[] converters, Action<long> progress, CancellationToken cancel)
    {
        GgufTensor tensor = planned.Source;
        QuantTypeRow row = QuantTypes.Of(planned.Type);
        long rows = tensor.Shape[1], matrices = tensor.Rows / rows;
        long sourceRow = QuantTypes.RowBytes(tensor.Type, tensor.Columns);
        long tileBytes = row.TileBytes(tensor.Columns), tiles = (rows + row.TileRows - 1) / row.TileRows;
        int batch = converters.Length * TilesPerThread;
        using var memory = new NativeArena(checked(tileBytes * batch));
        byte* bytes = memory.Take(tileBytes * batch);
        byte* source = weights.Address(tensor);
        byte[] padding = new byte[row.StackBytes(rows, tensor.Columns) - row.MatrixBytes(rows, tensor.Columns)];
        var digest = new Checksum();
        for (long m = 0; m < matrices; m++, source += QuantTypes.Of(tensor.Type).StackBytes(rows, tensor.Columns))
        {
            foreach (TileWriter converter in converters) converter.Begin(source, rows);
            for (long first = 0; first < tiles; first += batch)
            {
                cancel.ThrowIfCancellationRequested();
                int count = (int)Math.Min(batch, tiles - first);
                byte* from = source;
                Parallel.For(0, converters.Length, worker =>
                {
                    for (int i = worker; i < count; i += converters.Length)
                    {
                        long at = (first + i) * row.TileRows;
                        int rowCount = (int)Math.Min(row.TileRows, rows - at);
                        converters[worker].Convert(from + at * sourceRow, rowCount, bytes + i * tileBytes);
                    }
                });
                RequireNumbers(tensor, converters);
                var piece = new ReadOnlySpan<byte>(bytes, checked((int)(count * tileBytes)));
                digest.Add(piece);
                writer.Write(planned.Name, piece);
                progress((m * rows + Math.Min(rows, (first + count) * row.TileRows)) * sourceRow);
            }
            digest.Add(padding);
            if (padding.Length > 0) writer.Write(planned.Name, padding);
            // Types that are not packed have one digest for all of the stack.
            if (row.IsPacked || m == matrices - 1)
            {
                digests.Add(digest.Value);
                digest = new Checksum();
            }
        }
    }

    /// <summary>TERNARY_1_67 has one scale per matrix that all rows refine: a matrix's integers are held, a byte
    /// each.</summary>
    private static unsafe void ConvertWhole(WeightFile weights, GgufTensor tensor, GgufWriter writer,
        List<ulong> digests,
        TileWriter[] converters, Action<long> progress, CancellationToken cancel)
    {
        const int Band = 12;
        long rows = tensor.Shape[1], columns = tensor.Columns, matrices = tensor.Rows / rows;
        long sourceRow = QuantTypes.RowBytes(tensor.Type, columns);
        long bytes = QuantTypes.Of(QuantType.TERNARY_1_67).StackBytes(rows, columns);
        using var memory = new NativeArena(checked(rows * columns + 2 * rows + bytes));
        sbyte* codes = (sbyte*)memory.Take(rows * columns);
        ushort* scales = (ushort*)memory.Take(2 * rows);
        byte* matrix = memory.Take(bytes);
        byte* source = weights.Address(tensor);
        for (long m = 0; m < matrices; m++, source += QuantTypes.Of(tensor.Type).StackBytes(rows, columns))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (TileWriter converter in converters) converter.Begin(source, rows);
            byte* from = source;
            EachBand((converter, row, count) =>
                converter.Round(from + row * sourceRow, count, codes + row * columns, scales + row));
            RequireNumbers(tensor, converters);
            for (long at = 0; at < bytes; at += CopyBytes)
                new Span<byte>(matrix + at, (int)Math.Min(CopyBytes, bytes - at)).Clear();
            Ternary1_67Scalar.Pack(codes, scales, matrix, columns, rows);
            if (Magnitude.Of(converters) is { } magnitude)
                Ternary1_67Scalar.SetUnit(matrix, rows, magnitude);
            EachBand((converter, row, count) => converter.Compare(from + row * sourceRow, count, matrix, row));
            var digest = new Checksum();
            for (long at = 0; at < bytes; at += CopyBytes)
            {
                var piece = new ReadOnlySpan<byte>(matrix + at, (int)Math.Min(CopyBytes, bytes - at));
                digest.Add(piece);
                writer.Write(tensor.Name, piece);
            }
            digests.Add(digest.Value);
            progress((m + 1) * rows * sourceRow);
        }

        void EachBand(Action<TileWriter, long, int> work) => Parallel.For(0, converters.Length, worker =>
        {
            for (long row = (long)worker * Band; row < rows; row += (long)converters.Length * Band)
                work(converters[worker], row, (int)Math.Min(Band, rows - row));
        });
    }

    private static void RequireNumbers(GgufTensor tensor, TileWriter[] converters)
    {
        if (converters.Sum(c => c.Bad) is > 0 and var bad)
            throw new GgufException($"tensor '{tensor.Name}' has {bad} weights or scales that are infinite or no " +
                "number; the file is damaged or was badly converted", tensor.EntryOffset);
    }
}
