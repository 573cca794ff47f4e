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
    /// <summary>Packs <paramref name="input"/>, a GGUF file or a model folder, into <paramref name="output"/>, or into
    /// what that links to; <paramref name="progress"/> hears how far it is, <paramref name="planned"/> what is going to
    /// be written, <paramref name="measured"/> of (done, all) matrices whose bits are to be chosen. Returns a row per
    /// tensor. Errors: FileNotFoundException; GgufException for a bad, already packed or unreadable model, and for
    /// floats that are not finite; ModelFolderException for a bad folder; ArgumentException for a target size that
    /// cannot be met; IOException from the system, for an output that is the model or no file that may be replaced, and
    /// for a part that is not ours; OperationCanceledException. After an IOException while it writes, or a stop,
    /// OUTPUT.part stays, with which the same call goes on.</summary>
    public static IReadOnlyList<PackedTensor> Pack(string input, string output, PackOptions options,
        Action<PackProgress>? progress = null, Action<PackForecast>? planned = null,
        Action<long, long>? measured = null, CancellationToken cancel = default)
    {
        string part = PartOf(input, output);
        using PackSource source = Open(input, options);
        using var writer = new GgufWriter(output, QuantTypes.PackedAlignment, resumable: true);
        using var journal = new PackJournal(part, Job(source, options));
        try
        {
            List<PlannedTensor> plan = Plan(source, options, journal, measured, cancel);
            planned?.Invoke(Forecast(source, plan));
            WriteHeader(writer, source, plan);
            IReadOnlyList<PackedTensor> rows = WriteTensors(writer, source, journal, plan, options, progress, cancel);
            writer.Complete();
            journal.Delete();
            return rows;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException || OutputPath.IsTooLarge(e))
        {
            writer.KeepsPart = journal.HasWork;
            // The part goes first: one without a log is a stranger's.
            writer.Dispose();
            if (!journal.HasWork) journal.Delete();
            if (!OutputPath.IsTooLarge(e)) throw;
            throw new IOException($"{part} may not grow: a limit on the size of files is reached; lift it (ulimit -f)" +
                ", or name a place on another disk", e);
        }
        catch
        {
            writer.Dispose();
            journal.Delete();
            throw;
        }
    }

    private static List<PackedTensor> WriteTensors(GgufWriter writer, PackSource source, PackJournal journal,
        List<PlannedTensor> plan, PackOptions options, Action<PackProgress>? progress, CancellationToken cancel)
    {
        var packer = new TensorPacker(source, writer, options, cancel);
        var digests = new List<ulong>();
        var rows = new List<PackedTensor>();
        long done = 0, takenUp = 0, all = plan.Sum(tensor => tensor.SourceBytes);
        foreach (PlannedTensor tensor in plan)
        {
            PackedTensor? row = TakeUp(tensor, writer, journal, digests, cancel);
            if (row is null)
            {
                row = packer.Write(tensor, bytes => progress?.Invoke(new(done + bytes, all, takenUp)));
                digests.AddRange(packer.Digests);
                Note(journal, row, packer.Digests);
            }
            else takenUp += tensor.SourceBytes;
            rows.Add(row);
            done += tensor.SourceBytes;
            progress?.Invoke(new(done, all, takenUp));
        }
        writer.Fill(PackHeader.DigestsKey, [.. digests]);
        return rows;
    }

    /// <summary>What packing would give, without packing: a row per tensor without errors, and the file's size. Of a
    /// mixed packing the errors are measured first. Errors: as <see cref="Pack"/>.</summary>
    public static PackForecast Forecast(string input, PackOptions options, Action<long, long>? measured = null,
        CancellationToken cancel = default)
    {
        using PackSource source = Open(input, options);
        return Forecast(source, Plan(source, options, null, measured, cancel));
    }

    /// <summary>What <see cref="Pack"/> would refuse before it reads a weight, for callers with work to do first.
    /// <paramref name="output"/>: null when nothing will be written. Errors: as <see cref="Pack"/>.</summary>
    public static void Require(string input, string? output, PackOptions options)
    {
        if (output is not null)
        {
            string folder = Path.GetDirectoryName(PartOf(input, output))!;
            if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"the folder {folder} does not exist");
        }
        using PackSource source = Open(input, options);
        if (options.Problem is { } problem) throw new ArgumentException(problem, nameof(options));
        if (options.Target == PackTarget.Mixed) new MixedPlan(source, options, null, default).Least();
    }

    private static PackForecast Forecast(PackSource source, List<PlannedTensor> plan) =>
        new(PackSize.Of(source, plan).FileBytes, [.. plan.Select(planned => planned.Row(0, 0, 0))])
        {
            LeftOut = source.LeftOut,
        };

    /// <summary>The temporary file of an output. Errors: IOException for what must not be written over.</summary>
    private static string PartOf(string input, string output)
    {
        string part = OutputPath.Resolve(output) + ".part";
        // A packed file may stand in the folder of its model: GGUF files there are not read.
        string[] sources = Directory.Exists(input) ? Directory.GetFiles(input) : [input];
        foreach (string file in sources)
            if ((file == input || !file.EndsWith(".gguf", StringComparison.Ordinal))
                && (FileFacts.AreOne(file, output) || FileFacts.AreOne(file, part)))
                throw new IOException($"{output} is the model itself, or a part of it ({file}); give another name " +
                    "for the packed one");
        PackJournal.RequireOurs(part);
        return part;
    }

    private static PackSource Open(string input, PackOptions options)
    {
        if (!Directory.Exists(input)) return new GgufSource(input, options.HasBlocksOf64);
        return !options.HasBlocksOf64 ? new HubSource(input)
            : throw new ArgumentException("a model folder has no I2_S tensors, whose blocks could be of 64");
    }

    private static List<PlannedTensor> Plan(PackSource source, PackOptions options, PackJournal? journal,
        Action<long, long>? measured, CancellationToken cancel)
    {
        if (options.Problem is { } problem) throw new ArgumentException(problem, nameof(options));
        return options.Target != PackTarget.Mixed ? PackPlan.All(source, options)
            : new MixedPlan(source, options, journal, cancel) { Measured = measured }.All();
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
        writer.Set(PackHeader.SourceTypeKey, PackHeader.SourceType(source));
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
