using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Gguf;
using Edge.Models.Pack;

namespace Edge.Agent.Commands;

/// <summary>`edge pack`: a copy of a model in the tiles that the kernels read.</summary>
internal static class PackCommand
{
    public static Command Create()
    {
        var command = new Command("pack",
            "Write a copy of a model whose weights are packed for the kernels, and say what that costs. Stopped, it " +
            "goes on where it was when it is called again.");
        var arguments = new PackArguments(command);
        command.SetAction(parsed =>
        {
            string from = ModelFile.Named(arguments.From(parsed)), to = arguments.To(parsed);
            bool asJson = arguments.IsJson(parsed);
            if (!Directory.Exists(from)) ModelFile.Require(from);
            if (Directory.Exists(to))
                throw new UserErrorException($"{to} is a directory; --out takes the path of the packed file");
            PackOptions options = arguments.Options(parsed);
            bool isDry = arguments.IsDryRun(parsed);
            using var stop = new StopSignal();
            return Explain(from, to, arguments.Calibrates(parsed), () =>
            {
                // What can be refused is refused before minutes of calibration.
                ModelPacker.Require(from, isDry ? null : to, options);
                options = options with { Importance = Calibrate(arguments, parsed, to, stop.Token) };
                PackForecast? forecast = isDry ? Forecast(from, options, stop.Token) : null;
                var tensors = forecast?.Tensors ?? Pack(from, to, options, plan => forecast = plan, stop.Token);
                long bytes = isDry ? forecast!.FileBytes : FileFacts.LengthOf(to);
                if (asJson)
                    JsonLine.Print(writer => WriteJson(writer, from, to, tensors, bytes, forecast!));
                else Print(from, to, tensors, bytes, isDry, forecast!.LeftOut);
                return ExitCode.Ok;
            });
        });
        return command;
    }

    private static IReadOnlyList<PackedTensor> Pack(string from, string to, PackOptions options,
        Action<PackForecast> planned, CancellationToken stop)
    {
        using var measuring = new ProgressLine("measuring");
        using var progress = new ProgressLine("packing", "MB");
        return ModelPacker.Pack(from, to, options, p => progress.Report(p.Done, p.All, p.TakenUp), plan =>
        {
            measuring.Dispose();
            planned(plan);
        }, measuring.Report, stop);
    }

    private static PackForecast Forecast(string from, PackOptions options, CancellationToken stop)
    {
        using var measuring = new ProgressLine("measuring");
        return ModelPacker.Forecast(from, options, measuring.Report, stop);
    }

    private static Importance? Calibrate(PackArguments arguments, ParseResult parsed, string to, CancellationToken stop)
    {
        try
        {
            return arguments.Calibrate(parsed, stop);
        }
        catch (OperationCanceledException)
        {
            throw new UserErrorException($"stopped while the text was run, of which nothing is kept; {to} was not " +
                "written");
        }
    }

    private static int Explain(string from, string to, bool calibrates, Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is GgufException or ModelFolderException or ArgumentException)
        {
            throw new UserErrorException($"{from}: {Sentence.Of(e)}");
        }
        catch (OperationCanceledException)
        {
            string done = !File.Exists(OutputPath.Resolve(to) + ".part") ? "" : calibrates
                ? "; the same command runs the text again, and then goes on where this one was"
                : "; the same command goes on where this one was";
            throw new UserErrorException($"stopped, {to} was not written{done}");
        }
    }

    private static void Print(string from, string to, IReadOnlyList<PackedTensor> tensors, long after, bool isDry,
        IReadOnlyList<string> leftOut)
    {
        int width = tensors.Max(tensor => tensor.Name.Length as int?) ?? 0;
        foreach (var tensor in tensors)
        {
            string error = isDry ? "" : tensor.RelativeError == 0 && tensor.MaxError == 0 ? "exact"
                : string.Create(CultureInfo.InvariantCulture, $"rms {100 * tensor.RelativeError:F2} %, " +
                    $"output {100 * tensor.OutputError:F2} %, max {100 * tensor.MaxError:F1} %");
            if (tensor.OutlierShare > 0)
                error += string.Create(CultureInfo.InvariantCulture, $"{(isDry ? "" : ", ")}" +
                    $"{100 * tensor.OutlierShare:G3} % kept apart");
            Console.Out.WriteLine($"{tensor.Name.PadRight(width)}  {tensor.From,-5} -> {tensor.To,-12} "
                + $"{tensor.Rows + " x " + tensor.Columns,-16} {tensor.Bytes,12} bytes  {error}"
                + (tensor.Note is null ? "" : $" ({tensor.Note})"));
        }
        foreach (string sentence in leftOut) Console.Out.WriteLine(sentence);
        long before = PackArguments.BytesOf(from);
        string expected = isDry ? " expected" : "";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{from}: {before} bytes -> {to}: {after} bytes{expected} ({100.0 * after / before:F1} %)"));
    }

    private static void WriteJson(Utf8JsonWriter writer, string from, string to, IReadOnlyList<PackedTensor> tensors,
        long bytes, PackForecast forecast)
    {
        writer.WriteStartObject();
        writer.WriteString("model", from);
        writer.WriteString("out", to);
        writer.WriteNumber("model_bytes", PackArguments.BytesOf(from));
        writer.WriteNumber("out_bytes", bytes);
        writer.WriteNumber("expected_bytes", forecast.FileBytes);
        if (forecast.LeftOut.Count > 0)
        {
            writer.WriteStartArray("left_out");
            foreach (string sentence in forecast.LeftOut) writer.WriteStringValue(sentence);
            writer.WriteEndArray();
        }
        writer.WriteStartArray("tensors");
        foreach (var tensor in tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tensor.Name);
            writer.WriteString("from", tensor.From);
            writer.WriteString("to", tensor.To);
            writer.WriteNumber("rows", tensor.Rows);
            writer.WriteNumber("columns", tensor.Columns);
            writer.WriteNumber("bytes", tensor.Bytes);
            writer.WriteNumber("relative_rms_error", tensor.RelativeError);
            writer.WriteNumber("relative_max_error", tensor.MaxError);
            writer.WriteNumber("relative_output_error", tensor.OutputError);
            if (tensor.OutlierShare > 0) writer.WriteNumber("outlier_share", tensor.OutlierShare);
            if (tensor.Note is not null) writer.WriteString("note", tensor.Note);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
