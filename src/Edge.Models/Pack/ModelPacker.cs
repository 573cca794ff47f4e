using System.Globalization;
using System.Text;
using Edge.Gguf;
using Edge.Models.Pack.Hub;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>Writes a packed copy of a model: streamed, so that it holds one matrix's worth of the source's pages and a
/// few tiles per thread. The copy appears whole or not at all; what was done before it was stopped or killed is taken
/// up again.</summary>
public static class ModelPacker
{
    /// <summary>Packs <paramref name="input"/>, a GGUF file or a model folder, into <paramref name="output"/>;
    /// <paramref name="progress"/> receives (bytes of the source done, in all), <paramref name="planned"/> what is
    /// going
    /// to be written. Returns a row per tensor. Errors: FileNotFoundException; GgufException for a bad, already packed
    /// or
    /// unreadable model, and for weights that are not finite; ModelFolderException for a bad folder; ArgumentException
    /// for a target size that cannot be met; IOException from the system; OperationCanceledException. After the last
    /// two OUTPUT.part stays, with which the same call goes on.</summary>
    public static IReadOnlyList<PackedTensor> Pack(string input, string output, PackOptions options,
        Action<long, long>? progress = null, Action<PackForecast>? planned = null, CancellationToken cancel = default)
    {
        if (Path.GetFullPath(input) == Path.GetFullPath(output))
            throw new IOException($"{output} is the model itself; give another name for the packed one");
        using PackSource source = Open(input, options);
        using var writer = new GgufWriter(output, QuantTypes.PackedAlignment, resumable: true);
        using var journal = new PackJournal(Path.GetFullPath(output) + ".part", Job(source, options));
        try
        {
            List<PlannedTensor> plan = Plan(source, options, journal, cancel);
            planned?.Invoke(Forecast(source, plan));
            WriteHeader(writer, source, plan);
            var packer = new TensorPacker(source, writer, options, cancel);
            var digests = new List<ulong>();
            var rows = new List<PackedTensor>();
            long done = 0, all = plan.Sum(tensor => tensor.SourceBytes);
            foreach (PlannedTensor tensor in plan)
            {
                PackedTensor? row = TakeUp(tensor, writer, journal, digests, cancel);
                if (row is null)
                {
                    row = packer.Write(tensor, part => progress?.Invoke(done + part, all));
                    digests.AddRange(packer.Digests);
                    Note(journal, row, packer.Digests);
                }
                rows.Add(row);
                done += tensor.SourceBytes;
                progress?.Invoke(done, all);
            }
            writer.Fill(PackHeader.DigestsKey, [.. digests]);
            writer.Complete();
            journal.Delete();
            return rows;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            writer.KeepsPart = journal.HasWork;
            if (!journal.HasWork) journal.Delete();
            throw;
        }
        catch
        {
            journal.Delete();
            throw;
        }
    }

    /// <summary>What packing would give, without packing: a row per tensor without errors, and the file's size. Of a
    /// mixed packing the errors are measured first. Errors: as <see cref="Pack"/>.</summary>
    public static PackForecast Forecast(string input, PackOptions options, CancellationToken cancel = default)
    {
        using PackSource source = Open(input, options);
        return Forecast(source, Plan(source, options, null, cancel));
    }

    private static PackForecast Forecast(PackSource source, List<PlannedTensor> plan) => new(FileBytes(source, plan),
        [.. plan.Select(planned => planned.Row(0, 0, 0))])
    {
        LeftOut = source.LeftOut,
    };

    /// <summary>Bytes of the packed file. Estimated are the metadata alone.</summary>
    internal static long FileBytes(PackSource source, List<PlannedTensor> plan)
    {
        long header = source.MetadataBytes + 300, data = 0;
        foreach (PlannedTensor planned in plan)
        {
            header += planned.Name.Length + 40 + 8 * planned.Shape.Count
                + 8 * PackHeader.Matrices(planned.Type, planned.Shape);
            data += Pages(planned.Bytes);
        }
        return Pages(header) + data;
    }

    internal static long Pages(long bytes) =>
        (bytes + QuantTypes.PackedAlignment - 1) / QuantTypes.PackedAlignment * QuantTypes.PackedAlignment;

    private static PackSource Open(string input, PackOptions options)
    {
        if (!Directory.Exists(input)) return new GgufSource(input, options.HasBlocksOf64);
        return !options.HasBlocksOf64 ? new HubSource(input)
            : throw new ArgumentException("a model folder has no I2_S tensors, whose blocks could be of 64");
    }

    private static List<PlannedTensor> Plan(PackSource source, PackOptions options, PackJournal? journal,
        CancellationToken cancel)
    {
        if (options.Problem is { } problem) throw new ArgumentException(problem, nameof(options));
        return options.Target == PackTarget.Mixed
            ? new MixedPlan(source, options, journal, cancel).All() : PackPlan.All(source, options);
    }

    private static ulong Job(PackSource source, PackOptions options)
    {
        var sum = new Checksum();
        sum.Add(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{PackHeader.Layout} {source.Identity} {options.Target} {options.Ternary} {options.Head} " +
            $"{options.TargetBytes} {options.PerExpert} {options.Outliers} {options.Importance?.Identity}" +
            $"{(options.HasBlocksOf64 ? " i2s64" : "")}")));
        return sum.Value;
    }

    private static void WriteHeader(GgufWriter writer, PackSource source, List<PlannedTensor> plan)
    {
        source.WriteMetadata(writer);
        writer.Set(PackHeader.VersionKey, PackHeader.Version);
        writer.Set(PackHeader.LayoutKey, PackHeader.Layout);
        writer.Set(PackHeader.SourceTypeKey, source.Tensors.GroupBy(tensor => tensor.Type.ToString())
            .MaxBy(group => group.Sum(tensor => tensor.Bytes))?.Key ?? "none");
        writer.SetArray<ulong>(PackHeader.LabelsKey,
            [.. plan.Select(row => PackHeader.Label(row.Name, row.Type, row.Shape))]);
        writer.Reserve(PackHeader.DigestsKey, plan.Sum(row => PackHeader.Matrices(row.Type, row.Shape)));
        foreach (PlannedTensor row in plan) writer.AddTensor(row.Name, row.Type, row.Shape.ToArray());
    }

    /// <summary>The row of a tensor that an earlier run wrote, if its bytes are still those; else null.</summary>
    private static PackedTensor? TakeUp(PlannedTensor planned, GgufWriter writer, PackJournal journal,
        List<ulong> digests, CancellationToken cancel)
    {
        int matrices = PackHeader.Matrices(planned.Type, planned.Shape);
        if (journal.Find("tensor:" + planned.Name) is not { } noted || noted.Length != 3 + matrices) return null;
        var errors = new double[3];
        var found = new ulong[matrices];
        for (int i = 0; i < errors.Length; i++)
            if (!double.TryParse(noted[i], CultureInfo.InvariantCulture, out errors[i])) return null;
        byte[] piece = new byte[TensorPacker.CopyBytes];
        long bytes = planned.Bytes / matrices;
        for (int m = 0; m < matrices; m++)
        {
            cancel.ThrowIfCancellationRequested();
            if (!ulong.TryParse(noted[3 + m], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out found[m]))
                return null;
            var sum = new Checksum();
            for (long at = 0; at < bytes; at += piece.Length)
            {
                Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, bytes - at));
                if (writer.ReadBack(planned.Name, m * bytes + at, part) != part.Length) return null;
                sum.Add(part);
            }
            if (sum.Value != found[m]) return null;
        }
        writer.Skip(planned.Name);
        digests.AddRange(found);
        return planned.Row(errors[0], errors[1], errors[2]);
    }

    private static void Note(PackJournal journal, PackedTensor row, List<ulong> digests)
    {
        var values = new List<string>();
        foreach (double error in (ReadOnlySpan<double>)[row.RelativeError, row.MaxError, row.OutputError])
            values.Add(error.ToString("R", CultureInfo.InvariantCulture));
        foreach (ulong digest in digests) values.Add(digest.ToString("x16", CultureInfo.InvariantCulture));
        journal.Add("tensor:" + row.Name, values);
    }
}
