using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Edge.Agent.Commands;

/// <summary>`edge models`: the models that this machine keeps in its state directory.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Models kept in the state directory; --model takes their names.")
    {
        CreateList(), CreateAdd(), CreateRemove(), CreateVerify(),
    };

    private static Command CreateList()
    {
        var command = new Command("list", "Show name, size, architecture, licence, source and sha256 of each.");
        var json = JsonOption();
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            ModelStore store = ModelStore.Own;
            Print(store, store.List(), store.StateOf, parsed.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateAdd()
    {
        var command = new Command("add", "Copy a GGUF file into the store.");
        var file = new Argument<string>("file") { Description = "The GGUF file." };
        var name = new Option<string?>("--name")
        {
            Description = "Its name in the store; absent: the file's.", HelpName = "NAME",
        };
        var source = new Option<string?>("--source")
        {
            Description = "Where it comes from, such as an address; absent: what the file says.", HelpName = "TEXT",
        };
        var license = new Option<string?>("--license")
        {
            Description = "Its licence; absent: what the file says.", HelpName = "TEXT",
        };
        var sha256 = new Option<string?>("--sha256")
        {
            Description = "Refuse the file unless its content has this sum.", HelpName = "HEX",
        };
        var json = JsonOption();
        command.Arguments.Add(file);
        foreach (Option option in (Option[])[name, source, license, sha256, json]) command.Options.Add(option);
        sha256.Validators.Add(result =>
        {
            string given = result.GetValueOrDefault<string?>() ?? "";
            bool good = given.Length == 64;
            foreach (char c in given) good &= char.IsAsciiHexDigit(c);
            if (!good) result.AddError("--sha256 takes 64 hexadecimal digits");
        });
        command.SetAction(parsed =>
        {
            ModelStore store = ModelStore.Own;
            using var progress = new ProgressLine("copying");
            ModelRecord record = store.Add(parsed.GetRequiredValue(file), parsed.GetValue(name),
                parsed.GetValue(source), parsed.GetValue(license), parsed.GetValue(sha256), progress.Report);
            Print(store, [(record.Name, record)], store.StateOf, parsed.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateRemove()
    {
        var command = new Command("remove", "Delete a model from the store.");
        var name = new Argument<string>("name") { Description = "Its name, as 'edge models list' shows it." };
        command.Arguments.Add(name);
        command.SetAction(parsed =>
        {
            ModelStore.Own.Remove(parsed.GetRequiredValue(name));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateVerify()
    {
        var command = new Command("verify",
            "Read models whole and compare their sha256; exit status 1 if one is wrong.");
        var name = new Argument<string?>("name")
        {
            Description = "Its name; absent: all.", Arity = ArgumentArity.ZeroOrOne,
        };
        var json = JsonOption();
        command.Arguments.Add(name);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            ModelStore store = ModelStore.Own;
            string? wanted = parsed.GetValue(name);
            if (wanted is not null) store.RequireKnown(wanted);
            var models = new List<(string Name, ModelRecord? Record)>();
            foreach (var model in store.List())
                if (wanted is null || model.Name == wanted) models.Add(model);
            bool good = true;
            Print(store, models, (model, record) =>
            {
                using var progress = new ProgressLine($"reading {model}");
                string state = store.Verify(model, record, progress.Report);
                good &= state == "ok";
                return state;
            }, parsed.GetValue(json));
            return good ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static Option<bool> JsonOption() => new("--json") { Description = "One JSON object per model." };

    private static void Print(
        ModelStore store, IReadOnlyList<(string Name, ModelRecord? Record)> models,
        Func<string, ModelRecord?, string> stateOf, bool json)
    {
        foreach (var (name, record) in models)
        {
            string state = stateOf(name, record), path = store.PathOf(name);
            if (json) JsonLine.Print(writer => WriteJson(writer, name, record, path, state));
            else Print(name, record, path, state);
        }
        if (models.Count == 0)
            Console.Error.WriteLine("no model is in the store; 'edge models add FILE' puts one there");
    }

    private static void WriteJson(Utf8JsonWriter writer, string name, ModelRecord? record, string path, string state)
    {
        if (record is not null)
        {
            record.Write(writer, path, state);
            return;
        }
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("path", path);
        writer.WriteString("state", state);
        writer.WriteEndObject();
    }

    private static void Print(string name, ModelRecord? record, string path, string state)
    {
        Console.Out.WriteLine($"{name}: {Explain(state)}");
        Console.Out.WriteLine($"  path     {path}");
        if (record is null) return;
        string megabytes = (record.Bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture);
        Console.Out.WriteLine($"  size     {megabytes} MB, {record.Architecture ?? "architecture not named"}");
        Console.Out.WriteLine($"  licence  {record.License ?? "not named by the file: look at its source"}");
        Console.Out.WriteLine($"  source   {record.Source ?? "not named"} (copied from {record.CopiedFrom}, " +
            $"{record.Added.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)})");
        Console.Out.WriteLine($"  sha256   {record.Sha256}");
    }

    private static string Explain(string state) => state switch
    {
        "missing" => "missing: its file is gone; 'edge models remove' it and add it again",
        "unfinished" => "unfinished: it is being copied, or its copying was cut off; 'edge models remove' it then, " +
            "and add it again",
        "unrecorded" => "unrecorded: its record is gone or damaged; 'edge models remove' it and add it again",
        "damaged" => "damaged: not what was added; 'edge models remove' it and add it again",
        _ => state,
    };
}
