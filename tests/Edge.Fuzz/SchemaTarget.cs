using System.Text;
using System.Text.Json;
using Edge.Text;

namespace Edge.Fuzz;

/// <summary>A JSON Schema: refused with a place and a remedy, or compiled; then two random replies are drawn through
/// its masks with the tightest and a looser budget, and must end in time and parse.</summary>
internal static class SchemaTarget
{
    private const int EndToken = 256, BudgetMax = 2000;

    private static readonly TokenTrie Trie = TokenTrie.Build(
        [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b }), [], "\":"u8.ToArray(), "{\""u8.ToArray(),
            "},"u8.ToArray()], [EndToken]);

    public static FuzzTarget Row { get; } = new("schema", Run)
    {
        Refusals = [typeof(JsonException), typeof(RefusedException)],
        Complaint = Complaint,
        Generate = Generate,
    };

    /// <summary>Carries a typed refusal to the fuzz loop.</summary>
    private sealed class RefusedException(SchemaError error) : Exception($"{error.Keyword}: {error.Message}")
    {
        public SchemaError Error { get; } = error;
    }

    private static void Run(ReadOnlySpan<byte> input)
    {
        using JsonDocument document = Parse(input);
        if (!Grammar.TryFromJsonSchema(document.RootElement, out Grammar? grammar, out SchemaError? error))
            throw new RefusedException(error!);
        var constraint = new TokenConstraint(grammar!, Trie);
        if (constraint.MinimumTokens > BudgetMax) return;
        var random = new Random(input.Length);
        foreach (int slack in (ReadOnlySpan<int>)[0, 60])
        {
            constraint.Reset();
            byte[] reply = Draw(constraint, constraint.MinimumTokens + slack, random);
            using JsonDocument parsed = ParseReply(reply);
        }
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> input)
    {
        try
        {
            return JsonDocument.Parse(input.ToArray(), new JsonDocumentOptions { MaxDepth = 200 });
        }
        catch (JsonException e)
        {
            // The reader throws a type of its own below JsonException; refusals are told apart by type.
            throw new JsonException(e.Message);
        }
    }

    private static JsonDocument ParseReply(byte[] reply)
    {
        try
        {
            return JsonDocument.Parse(reply);
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"not JSON: {Encoding.UTF8.GetString(reply)}", e);
        }
    }

    private static byte[] Draw(TokenConstraint constraint, int budget, Random random)
    {
        var mask = new ulong[(Trie.VocabularySize + 63) / 64];
        var reply = new List<byte>();
        for (int left = budget; left > 0 && !constraint.MustEnd; left--)
        {
            if (!constraint.FillMask(mask, left)) throw new InvalidOperationException(
                $"stuck after {reply.Count} of {budget} tokens");
            int token = random.Next(Trie.VocabularySize);
            while ((mask[token >> 6] >> (token & 63) & 1) == 0) token = (token + 1) % Trie.VocabularySize;
            if (!constraint.Accept(token)) throw new InvalidOperationException(
                $"token {token} was allowed and is not accepted");
            if (token == EndToken) break;
            reply.AddRange(token < 256 ? [(byte)token] : token == 257 ? "\":"u8 : token == 258 ? "{\""u8 : "},"u8);
        }
        return constraint.CanEnd ? [.. reply]
            : throw new InvalidOperationException($"not closed within {budget} tokens");
    }

    private static string? Complaint(Exception e, byte[] input)
    {
        if (e is not RefusedException { Error: var error }) return null;
        if (error.Message.Length < 10) return "message says too little";
        if (error.Message.Length > 2000) return "message longer than 2000 characters";
        return error.Pointer.Length > 0 && error.Pointer[0] != '/' ? "pointer without a leading slash" : null;
    }

    private static byte[] Generate(Random random)
    {
        var text = new StringBuilder();
        Schema(random, text, 4);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static T Pick<T>(Random random, ReadOnlySpan<T> from) => from[random.Next(from.Length)];

    private static string Number(Random random) => Pick<string>(random,
        ["0", "1", "2", "3", "5", "10", "100", "-1", "-7", "0.5", "2.25", "1e3", "1e15", "-1e300", "9007199254740993",
            "1e-9", "64"]);

    private static string Pattern(Random random)
    {
        var text = new StringBuilder();
        for (int parts = random.Next(1, 7); parts > 0; parts--)
        {
            text.Append(Pick<string>(random,
                ["a", "b", "^", "$", "(", ")", "|", ".", "[a-z]", "[^x]", "\\\\d", "\\\\w", "\\\\S", "é", "(ab|c)",
                "(?:x)", "😀", "[", "\\\\u00e9", "\\\\."]));
            text.Append(Pick<string>(random, ["", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,40}", "{2,}"]));
        }
        return text.ToString();
    }

    private static void Schema(Random random, StringBuilder text, int depth)
    {
        var keywords = new List<string>();
        if (random.Next(4) > 0)
        {
            string[] types = ["object", "array", "string", "integer", "number", "boolean", "null"];
            keywords.Add($"\"type\":\"{Pick<string>(random, types)}\"");
        }
        for (int count = random.Next(4); count > 0; count--) keywords.Add(Keyword(random, depth));
        if (depth == 4) keywords.Add($"\"$defs\":{{\"a\":{Sub(random, 2)},\"b\":{Sub(random, 1)}}}");
        text.Append('{').AppendJoin(',', keywords).Append('}');
    }

    private static string Sub(Random random, int depth)
    {
        if (depth <= 0) return Pick<string>(random,
            ["{}", "true", "{\"$ref\":\"#\"}", "{\"$ref\":\"#/$defs/a\"}", "{\"const\":1}"]);
        var text = new StringBuilder();
        Schema(random, text, depth - 1);
        return text.ToString();
    }

    private static string Keyword(Random random, int depth)
    {
        string List(string open, string close, Func<int, string> item) =>
            open + string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(item)) + close;
        string name = Pick<string>(random,
            ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
            "minItems", "maxItems", "pattern", "format", "enum", "const", "properties", "required",
                "additionalProperties", "items",
            "prefixItems", "anyOf", "oneOf", "allOf", "$ref", "nullable", "not", "title"]);
        string value = name switch
        {
            "pattern" => $"\"{Pattern(random)}\"",
            "format" => Pick<string>(random, ["\"date\"", "\"time\"", "\"uuid\"", "\"ipv4\"", "\"email\"", "\"x\""]),
            "enum" => List("[", "]", _ =>
                Pick<string>(random, ["1", "\"a\"", "\"ab\"", "null", "{\"k\":[2]}", "1.5", "true"])),
            "const" => Pick<string>(random, ["1", "\"a\"", "null", "[]"]),
            "properties" => List("{", "}", i => $"\"{Pick<string>(random, ["a", "ab", "b", "é", "\\\"",
                ""])}{i}\":{Sub(random, depth - 1)}"),
            "required" => List("[", "]", i => $"\"{Pick<string>(random, ["a", "ab", "b", "é"])}{i}\""),
            "additionalProperties" or "items" => random.Next(3) == 0 ? "false" : Sub(random, depth - 1),
            "prefixItems" or "anyOf" or "oneOf" or "allOf" => List("[", "]", _ => Sub(random, depth - 1)),
            "$ref" => Pick<string>(random, ["\"#\"", "\"#/$defs/a\"", "\"#/$defs/b\"", "\"#/$defs/c\""]),
            "nullable" => "true",
            "not" => "{}",
            "title" => "\"t\"",
            _ => Number(random),
        };
        return $"\"{name}\":{value}";
    }
}
