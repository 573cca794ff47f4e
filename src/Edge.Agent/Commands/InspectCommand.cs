using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Gguf;

namespace Edge.Agent.Commands;

/// <summary>`edge inspect`: what a GGUF file holds; reads only its header.</summary>
internal static class InspectCommand
{
    /// <summary>Elements of a long array (a vocabulary) that are shown to people.</summary>
    private const int ShownElements = 4;

    public static Command Create()
    {
        var command = new Command("inspect", "Show metadata and tensors of a GGUF file.");
        var file = new Argument<string>("model") { Description = "The GGUF file." };
        var json = new Option<bool>("--json") { Description = "One JSON object with every value." };
        command.Arguments.Add(file);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var header = ModelFile.OpenHeader(ModelFile.Named(parsed.GetRequiredValue(file)));
            if (parsed.GetValue(json)) JsonLine.Print(writer => WriteJson(writer, header));
            else Print(header);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(GgufFile file)
    {
        var output = Console.Out;
        output.WriteLine($"{file.Path}: GGUF version {file.Version}, {file.FileBytes} bytes");
        output.WriteLine();
        int width = file.Metadata.Keys.Max(key => key.Length as int?) ?? 0;
        foreach (string key in file.Metadata.Keys)
            output.WriteLine($"{key.PadRight(width)}  {Display(file.Metadata[key])}");
        output.WriteLine();
        width = file.Tensors.Max(tensor => tensor.Name.Length as int?) ?? 0;
        foreach (var tensor in file.Tensors)
        {
            string shape = string.Join(" x ", tensor.Shape);
            string name = tensor.Name.PadRight(width);
            output.WriteLine($"{name}  {tensor.Type,-12} {shape,-20} {tensor.Bytes,12} bytes at {tensor.Offset}"
                + (OwnerOf(tensor) is { } owner ? $" (kept apart from {owner})" : ""));
        }
        output.WriteLine();
        foreach (var type in file.Tensors.GroupBy(tensor => tensor.Type))
            output.WriteLine($"{type.Key}: {type.Count()} tensors, {type.Sum(t => t.Bytes)} bytes");
        output.WriteLine(
            $"all: {file.Tensors.Count} tensors, {Elements(file)} parameters, {file.Tensors.Sum(t => t.Bytes)} bytes");
    }

    private static long Elements(GgufFile file) =>
        file.Tensors.Where(tensor => OwnerOf(tensor) is null).Sum(tensor => tensor.Columns * tensor.Rows);

    /// <summary>The matrix whose outliers a tensor holds; null for any other tensor.</summary>
    private static string? OwnerOf(GgufTensor tensor) =>
        QuantTypes.Of(tensor.Type).IsSparse && tensor.Name.LastIndexOf('.') is > 0 and var dot
            ? tensor.Name[..dot] : null;

    private static string Display(object value) => value switch
    {
        string text => Quote(text),
        System.Collections.ICollection list =>
            $"[{string.Join(", ", list.Cast<object>().Take(ShownElements).Select(Display))}"
            + (list.Count > ShownElements ? $", … {list.Count} in all]" : "]"),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Control characters of a hostile file must not reach the terminal.</summary>
    private static string Quote(string text)
    {
        const int shownMax = 200;
        string cut = text.Length > shownMax ? text[..shownMax] + "…" : text;
        var shown = cut.Select(c =>
            c is '"' or '\\' ? $"\\{c}"
            : char.IsControl(c) ? $"\\u{(int)c:x4}"
            : c.ToString());
        return $"\"{string.Concat(shown)}\"";
    }

    private static void WriteJson(Utf8JsonWriter writer, GgufFile file)
    {
        writer.WriteStartObject();
        writer.WriteString("path", file.Path);
        writer.WriteNumber("version", file.Version);
        writer.WriteNumber("file_bytes", file.FileBytes);
        writer.WriteNumber("parameters", Elements(file));
        writer.WriteNumber("tensor_bytes", file.Tensors.Sum(tensor => tensor.Bytes));
        writer.WriteStartObject("metadata");
        foreach (string key in file.Metadata.Keys)
        {
            writer.WritePropertyName(key);
            WriteValue(writer, file.Metadata[key]);
        }
        writer.WriteEndObject();
        writer.WriteStartArray("tensors");
        foreach (var tensor in file.Tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tensor.Name);
            writer.WriteString("type", tensor.Type.ToString());
            writer.WriteStartArray("shape");
            foreach (long dimension in tensor.Shape) writer.WriteNumberValue(dimension);
            writer.WriteEndArray();
            writer.WriteNumber("offset", tensor.Offset);
            writer.WriteNumber("bytes", tensor.Bytes);
            if (OwnerOf(tensor) is { } owner) writer.WriteString("outliers_of", owner);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case long number: writer.WriteNumberValue(number); break;
            case ulong number: writer.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): writer.WriteNumberValue(number); break;
            case double: writer.WriteNullValue(); break; // JSON has no infinity.
            case System.Collections.IEnumerable list:
                writer.WriteStartArray();
                foreach (object element in list) WriteValue(writer, element);
                writer.WriteEndArray();
                break;
            default: throw new InvalidOperationException($"metadata value of type {value.GetType()}");
        }
    }
}
