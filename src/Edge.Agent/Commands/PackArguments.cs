using System.CommandLine;
using System.Globalization;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;

namespace Edge.Agent.Commands;

/// <summary>The options of `edge pack`.</summary>
internal sealed class PackArguments
{
    private const long TextBytesMax = 64L * 1024 * 1024;
    private const int Window = 512;

    private static readonly Dictionary<string, PackTarget> Targets = new()
    {
        ["keep"] = PackTarget.Keep, ["digits4"] = PackTarget.Digits4, ["digits3"] = PackTarget.Digits3,
        ["digits2"] = PackTarget.Digits2, ["ternary"] = PackTarget.Ternary,
        ["digits2+2"] = PackTarget.Nested4, ["mixed"] = PackTarget.Mixed,
    };

    private static readonly Dictionary<string, TernaryLayout> Ternaries = new()
    {
        ["2.0"] = TernaryLayout.Bits2_0, ["1.67"] = TernaryLayout.Bits1_67, ["1.6"] = TernaryLayout.Bits1_6,
    };

    private static readonly Dictionary<string, PackHead> Heads = new()
    {
        ["q8_0"] = PackHead.Q8_0, ["digits4"] = PackHead.Digits4, ["keep"] = PackHead.Keep,
    };

    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "The model: a GGUF file, or a folder as model hubs have them (config.json, tokenizer.json and "
            + "safetensors).",
        HelpName = "FILE", Required = true,
    };
    private readonly Option<string> _output = new("--out", "-o")
    {
        Description = "The packed model.", HelpName = "FILE", Required = true,
    };
    private readonly Option<string> _type = new("--type")
    {
        Description = "What matrices become: keep (exact conversions only), digits4, digits3, digits2, digits2+2 "
            + "(4 bits in two planes, the first a 2-bit model alone), ternary, or mixed (2, 3, 4 or 8 bits, each where "
            + "they are worth most, for a file of --target-bytes).",
        HelpName = "TYPE", DefaultValueFactory = _ => "digits4",
    };
    private readonly Option<string?> _targetBytes = new("--target-bytes")
    {
        Description = "With --type mixed: the size of the packed file, such as 900M; at most that.", HelpName = "SIZE",
    };
    private readonly Option<bool> _perExpert = new("--per-expert")
    {
        Description = "With --type mixed: experts of a layer may differ.",
    };
    private readonly Option<string?> _outliers = new("--outliers")
    {
        Description = "Part of the weights to keep exactly, in half precision, beside digits4, digits3, digits2 or "
            + "mixed: those whose removal spares the others the most error. 0.45% is usual; up to 5%.",
        HelpName = "PART",
    };
    private readonly Option<string?> _calibrate = new("--calibrate")
    {
        Description = "A text, UTF-8, of the kind that the model will read. It is run through the model first, and "
            + "rounding then spares the columns that matter for it.",
        HelpName = "FILE",
    };
    private readonly Option<int> _calibrateTokens = new("--calibrate-tokens")
    {
        Description = "Tokens of that text to run, spread evenly over it.", HelpName = "N",
        DefaultValueFactory = _ => 8192,
    };
    private readonly Option<string?> _memory = new("--memory")
    {
        Description = "Memory that the calibration run may take, such as 900M; a model that needs more is streamed. "
            + "Otherwise its largest tensor and 512M, or the least with which it runs.",
        HelpName = "SIZE",
    };
    private readonly Option<string> _ternary = new("--ternary-layout")
    {
        Description = "Bits of a ternary weight: 2.0, 1.67 or 1.6.", HelpName = "BITS",
        DefaultValueFactory = _ => "1.67",
    };
    private readonly Option<string> _head = new("--head")
    {
        Description = "What a float output head becomes: q8_0 (with mixed: 4 or 8 bits), digits4 or keep.",
        HelpName = "TYPE", DefaultValueFactory = _ => "q8_0",
    };
    private readonly Option<string?> _i2sBlock = new("--i2s-block")
    {
        Description = "64: the file's I2_S tensors were written by bitnet.cpp on ARM. It is seen where columns are no "
            + "multiple of 128, and otherwise has to be said. They become ternary, exactly.",
        HelpName = "COLUMNS",
    };
    private readonly Option<int> _threads = new("--threads", "-t")
    {
        Description = "Worker threads; 0: one per core.", HelpName = "N",
    };
    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Say which types the tensors would get, and the size, without packing.",
    };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object with a row per tensor." };

    public PackArguments(Command command)
    {
        _type.AcceptOnlyFromAmong([.. Targets.Keys]);
        _ternary.AcceptOnlyFromAmong([.. Ternaries.Keys]);
        _head.AcceptOnlyFromAmong([.. Heads.Keys]);
        _i2sBlock.AcceptOnlyFromAmong("64");
        Validate.Between(_threads, 0, 256);
        Validate.Between(_calibrateTokens, 1, 1 << 24);
        foreach (Option option in (Option[])[_model, _output, _type, _targetBytes, _perExpert, _outliers,
            _calibrate, _calibrateTokens, _memory, _ternary, _head, _i2sBlock, _threads, _dryRun, _json])
            command.Options.Add(option);
    }

    public string From(ParseResult parsed) => parsed.GetRequiredValue(_model);
    public string To(ParseResult parsed) => parsed.GetRequiredValue(_output);
    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);
    public bool IsDryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    public PackOptions Options(ParseResult parsed)
    {
        PackTarget target = Targets[parsed.GetRequiredValue(_type)];
        string? size = parsed.GetValue(_targetBytes);
        bool isMixed = target == PackTarget.Mixed;
        if (isMixed != size is not null)
            throw new UserErrorException("--type mixed and --target-bytes go together", ExitCode.Usage);
        if (parsed.GetValue(_perExpert) && !isMixed)
            throw new UserErrorException("--per-expert needs --type mixed", ExitCode.Usage);
        foreach (Option option in (Option[])[_memory, _calibrateTokens]) Validate.Needs(parsed, option, _calibrate);
        if (target == PackTarget.Keep && Validate.IsGiven(parsed, _calibrate))
            throw new UserErrorException("--calibrate is for rounding, and --type keep rounds nothing; leave it out, " +
                "or take another --type", ExitCode.Usage);
        var packing = new PackOptions
        {
            Target = target,
            Outliers = ShareOf(parsed.GetValue(_outliers)),
            Ternary = Ternaries[parsed.GetRequiredValue(_ternary)],
            Head = Heads[parsed.GetRequiredValue(_head)],
            HasBlocksOf64 = parsed.GetValue(_i2sBlock) is not null,
            Threads = parsed.GetValue(_threads),
            PerExpert = parsed.GetValue(_perExpert),
            TargetBytes = size is null ? 0 : MemorySize.Parse(size)
                ?? throw new UserErrorException($"--target-bytes: {MemorySize.Problem(size)}", ExitCode.Usage),
        };
        return packing.Problem is { } problem
            ? throw new UserErrorException($"--outliers: {problem}", ExitCode.Usage) : packing;
    }

    /// <summary>"0.45%" or "0.0045".</summary>
    private static double ShareOf(string? text)
    {
        if (text is null) return 0;
        bool isPercent = text.EndsWith('%');
        return double.TryParse(isPercent ? text[..^1] : text, NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out double value) && value > 0 && value <= 100
            && (isPercent ? value / 100 : value) is var share and <= PackOptions.OutliersMax
            ? share : throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                $"--outliers takes a part of the weights above 0 and up to {100 * PackOptions.OutliersMax} %, " +
                $"such as 0.45% or 0.0045, not '{text}'"), ExitCode.Usage);
    }

    public bool Calibrates(ParseResult parsed) => parsed.GetValue(_calibrate) is not null;

    /// <summary>Runs the calibration text; null when there is none.</summary>
    public Importance? Calibrate(ParseResult parsed, CancellationToken stop)
    {
        if (parsed.GetValue(_calibrate) is not { } path) return null;
        InputFile.Require(path, "--calibrate takes a text file", TextBytesMax);
        string from = ModelFile.Named(From(parsed));
        if (Directory.Exists(from))
            throw new UserErrorException($"{from} is a folder, which does not run as it is: pack it with " +
                "--type keep, and the result with --calibrate");
        if (parsed.GetValue(_i2sBlock) is not null)
            throw new UserErrorException("--calibrate runs the model, which --i2s-block 64 brings into a form that " +
                "runs: pack it with one, and the result is ternary, which needs no calibration", ExitCode.Usage);
        string? size = parsed.GetValue(_memory);
        long memory = size is null ? 0 : MemorySize.Parse(size)
            ?? throw new UserErrorException($"--memory: {MemorySize.Problem(size)}", ExitCode.Usage);
        var options = Calibration.Within(memory, from, Window, new ModelOptions
        {
            Threads = parsed.GetValue(_threads),
        });
        using var loaded = LoadedModel.Open(from, options);
        // Chat markers in the text are meant as such: they are what the model will read.
        var ids = loaded.Tokenizer.EncodeToIds(File.ReadAllText(path), addSpecial: false, parseSpecial: true);
        if (ids.Count == 0) throw new UserErrorException($"{path} is empty; --calibrate takes a text file");
        using var progress = new ProgressLine("calibrating", "tokens");
        int window = Math.Min(options.Memory!.ContextLength, loaded.Model.Config.ContextLength);
        return Calibration.Run(loaded.Model, ids, window,
            parsed.GetValue(_calibrateTokens), progress.Report, stop);
    }

    /// <summary>Of a folder: its weights; of a file that is split: all parts.</summary>
    public static long BytesOf(string path)
    {
        long bytes = 0;
        if (File.Exists(path))
        {
            foreach (GgufFile part in GgufFile.OpenParts(path)) bytes += part.FileBytes;
            return bytes;
        }
        foreach (string file in Directory.EnumerateFiles(path, "*.safetensors")) bytes += FileFacts.LengthOf(file);
        return bytes;
    }
}
