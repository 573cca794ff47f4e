using System.Text.Json;

namespace Edge.Agent;

/// <summary>One line of an evaluation file.</summary>
internal sealed record EvalRow(string Prompt, string Expected, int Line);

/// <summary>Reads evaluation files: a JSON object a line with the strings "prompt" and "expected".</summary>
internal static class EvalRows
{
    private const int RowsMax = 1_000_000;

    /// <summary>Errors: UserErrorException naming file and line.</summary>
    public static IReadOnlyList<EvalRow> Read(string path, int limit)
    {
        InputFile.Require(path, "--data takes a file of JSON lines");
        var rows = new List<EvalRow>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0) continue;
            rows.Add(Parse(path, number, line));
            if (rows.Count == limit) break;
            if (rows.Count > RowsMax) throw new UserErrorException($"{path} has more than {RowsMax} rows; use --limit");
        }
        return rows.Count > 0 ? rows : throw new UserErrorException(
            $"{path} has no rows; a line is an object with the strings \"prompt\" and \"expected\"");
    }

    private static EvalRow Parse(string path, int number, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return new EvalRow(Text(document, "prompt"), Text(document, "expected"), number);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new UserErrorException(
                $"{path}, line {number}: needs an object with the strings \"prompt\" and \"expected\": " +
                (e is JsonException ? Sentence.Of(e) : e.Message));
        }
    }

    private static string Text(JsonDocument document, string name)
    {
        var value = document.RootElement.GetProperty(name);
        // Expected replies may also stand in the file as the object itself.
        return value.ValueKind == JsonValueKind.Object ? value.GetRawText() : value.GetString() ?? "";
    }
}
