using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Gguf;
using Edge.Models.Pack;

namespace Edge.Agent.Commands;

/// <summary>`edge pack`: a copy of a model in the tiles that the kernels read.</summary>
internal static class PackCommand
{
    private static readonly Dictionary<string, PackTarget> Targets = new()
    {
        ["keep"] = PackTarget.Keep, ["digits4"] = PackTarget.Digits4, ["digits3"] = PackTarget.Digits3,
        ["digits2"] = PackTarget.Digits2, ["ternary"] = PackTarget.Ternary,
        ["digits2+2"] = PackTarget.Nested4,
    };

    private static readonly Dictionary<string, TernaryLayout> Ternaries = new()
    {
        ["2.0"] = TernaryLayout.Bits2_0, ["1.67"] = TernaryLayout.Bits1_67, ["1.6"] = TernaryLayout.Bits1_6,
    };

    private static readonly Dictionary<string, PackHead> Heads = new()
    {
        ["q8_0"] = PackHead.Q8_0, ["digits4"] = PackHead.Digits4, ["keep"] = PackHead.Keep,
    };

    public static Command Create()
    {
        var command = new Command("pack",
            "Write a copy of a model whose weights are packed for the kernels, and say what that costs.");
        var model = new Option<string>("--model", "-m")
        {
            Description = "The model: a GGUF file.", HelpName = "FILE", Required = true,
        };
        var output = new Option<string>("--out", "-o")
        {
            Description = "The packed model.", HelpName = "FILE", Required = true,
        };
        var type = new Option<string>("--type")
        {
            Description = "What matrices become: keep (exact conversions only), digits4, digits3, digits2, digits2+2 "
                + "(4 bits in two planes, the first a 2-bit model alone) or ternary.",
            HelpName = "TYPE", DefaultValueFactory = _ => "digits4",
        };
        var ternary = new Option<string>("--ternary-layout")
        {
            Description = "Bits of a ternary weight: 2.0, 1.67 or 1.6.", HelpName = "BITS",
            DefaultValueFactory = _ => "1.67",
        };
        var head = new Option<string>("--head")
        {
            Description = "What a float output head becomes: q8_0, digits4 or keep.", HelpName = "TYPE",
            DefaultValueFactory = _ => "q8_0",
        };
        var threads = new Option<int>("--threads", "-t")
        {
            Description = "Worker threads; 0: one per core.", HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object with a row per tensor." };
        type.AcceptOnlyFromAmong([.. Targets.Keys]);
        ternary.AcceptOnlyFromAmong([.. Ternaries.Keys]);
        head.AcceptOnlyFromAmong([.. Heads.Keys]);
        Validate.Between(threads, 0, 256);
        foreach (Option option in (Option[])[model, output, type, ternary, head, threads, json])
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string from = ModelFile.Named(parsed.GetRequiredValue(model)), to = parsed.GetRequiredValue(output);
            var options = new PackOptions
            {
                Target = Targets[parsed.GetRequiredValue(type)],
                Ternary = Ternaries[parsed.GetRequiredValue(ternary)],
                Head = Heads[parsed.GetRequiredValue(head)],
                Threads = parsed.GetValue(threads),
            };
            var tensors = Pack(from, to, options);
            if (parsed.GetValue(json)) JsonLine.Print(writer => WriteJson(writer, from, to, tensors));
            else Print(from, to, tensors);
            return ExitCode.Ok;
        });
        return command;
    }

    private static IReadOnlyList<PackedTensor> Pack(string from, string to, PackOptions options)
    {
        ModelFile.Require(from);
        if (Directory.Exists(to))
            throw new UserErrorException($"{to} is a directory; --out takes the path of the packed file");
        using var progress = new ProgressLine("packing");
        using var stop = new StopSignal();
        try
        {
            return ModelPacker.Pack(from, to, options, progress.Report, stop.Token);
        }
        catch (GgufException e)
        {
            throw new UserErrorException($"{from}: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            throw new UserErrorException($"stopped; {to} was not written");
        }
    }

    private static void Print(string from, string to, IReadOnlyList<PackedTensor> tensors)
    {
        int width = tensors.Max(tensor => tensor.Name.Length as int?) ?? 0;
        foreach (var tensor in tensors)
        {
            string error = tensor.RelativeError == 0 && tensor.MaxError == 0 ? "exact"
                : string.Create(CultureInfo.InvariantCulture,
                    $"rms {100 * tensor.RelativeError:F2} %, max {100 * tensor.MaxError:F1} %");
            Console.Out.WriteLine($"{tensor.Name.PadRight(width)}  {tensor.From,-5} -> {tensor.To,-12} "
                + $"{tensor.Rows + " x " + tensor.Columns,-16} {tensor.Bytes,12} bytes  {error}"
                + (tensor.Note is null ? "" : $" ({tensor.Note})"));
        }
        long before = new FileInfo(from).Length, after = new FileInfo(to).Length;
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{from}: {before} bytes -> {to}: {after} bytes ({100.0 * after / before:F1} %)"));
    }

    private static void WriteJson(Utf8JsonWriter writer, string from, string to, IReadOnlyList<PackedTensor> tensors)
    {
        writer.WriteStartObject();
        writer.WriteString("model", from);
        writer.WriteString("out", to);
        writer.WriteNumber("model_bytes", new FileInfo(from).Length);
        writer.WriteNumber("out_bytes", new FileInfo(to).Length);
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
            if (tensor.Note is not null) writer.WriteString("note", tensor.Note);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
