using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>A JSON file of a model folder: an object whose values are taken by name, with an error that names file and
/// key for one that is not what it should be.</summary>
internal sealed class HubJson : IDisposable
{
    private readonly JsonDocument _document;
    private readonly string _file;
    private readonly JsonElement _root;
    private readonly JsonElement? _defaults;

    private HubJson(string file, JsonDocument document) =>
        (_file, _document, _root) = (file, document, document.RootElement);

    private HubJson(HubJson of, JsonElement root, JsonElement? defaults = null) =>
        (_file, _document, _root, _defaults) = (of._file, of._document, root, defaults);

    /// <summary>Null when the folder has no such file. Errors: ModelFolderException.</summary>
    public static HubJson? Find(string folder, string name, int bytesMax)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) return null;
        long bytes = FileFacts.LengthOf(path);
        if (bytes > bytesMax) throw new ModelFolderException(name, "byte 0", $"{bytes} bytes, {bytesMax} are possible");
        try
        {
            byte[] text = File.ReadAllBytes(path);
            // The parser asks only of what is read, and not in names.
            if (!Utf8.IsValid(text))
                throw new ModelFolderException(name, $"byte {Broken(text)}", "is no UTF-8; download it again");
            var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return new HubJson(name, document);
            document.Dispose();
            throw new ModelFolderException(name, "byte 0", "is no JSON object; download it again");
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(name, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine}",
                "is no JSON; download it again");
        }
    }

    public static HubJson Get(string folder, string name, int bytesMax) => Find(folder, name, bytesMax)
        ?? throw new ModelFolderException(name, "byte 0", $"is missing in {folder}; download the whole model");

    public JsonElement Root => _root;

    /// <summary>The same object; keys that are absent or null have the values of <paramref name="json"/>.</summary>
    public HubJson WithDefaults(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new HubJson(this, _root, document.RootElement.Clone());
    }

    /// <summary>The members of the object, in order.</summary>
    public IEnumerable<JsonProperty> Members => _root.EnumerateObject();

    public HubJson? FindObject(string key) => Find(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new HubJson(this, value) : throw Wrong(key, "is no object");

    /// <summary>An element of an array that is an object.</summary>
    public HubJson ObjectOf(string key, JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? new HubJson(this, element) : throw Wrong(key, "has an element that is no object");

    public bool Has(string key) => Find(key) is not null;

    /// <summary>The key is there and says null.</summary>
    public bool IsNull(string key) =>
        _root.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    public long GetInteger(string key, long min, long max) =>
        FindInteger(key, min, max) ?? throw Wrong(key, "is missing");

    public long? FindInteger(string key, long min, long max)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out long number))
            throw Wrong(key, "is no whole number");
        return number >= min && number <= max ? number : throw Wrong(key, $"{number} is not within {min} to {max}");
    }

    public double GetReal(string key) => FindReal(key) ?? throw Wrong(key, "is missing");

    public double? FindReal(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number)
            || !double.IsFinite(number)) throw Wrong(key, "is no number");
        return number;
    }

    public bool? FindBool(string key) => Find(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, "is neither true nor false");

    public string? FindText(string key) => Find(key) is { } value ? Text(key, value) : null;

    /// <summary>The name of a member. Errors: ModelFolderException for half of a surrogate pair.</summary>
    public string NameOf(JsonProperty member, string of)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(of, "has a name with half of a surrogate pair or no UTF-8");
        }
    }

    public string Text(string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) throw Wrong(key, "is no text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(key, "has half of a surrogate pair or no UTF-8");
        }
    }

    public bool IsArray(string key) => Find(key)?.ValueKind == JsonValueKind.Array;

    /// <summary>The elements of an array; null when there is none.</summary>
    public JsonElement[]? FindArray(string key, int countMax)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(key, "is no array");
        int count = value.GetArrayLength();
        if (count > countMax) throw Wrong(key, $"has {count} elements, {countMax} are possible");
        var elements = new JsonElement[count];
        int next = 0;
        foreach (JsonElement element in value.EnumerateArray()) elements[next++] = element;
        return elements;
    }

    public ModelFolderException Wrong(string key, string what) =>
        new(_file, $"key {Printable.Quote(key)}", what);

    public void Dispose() => _document.Dispose();

    /// <summary>Where text stops being UTF-8.</summary>
    private static int Broken(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (Rune.DecodeFromUtf8(text[at..], out _, out int length) == OperationStatus.Done) at += length;
        return at;
    }

    /// <summary>Null for a key that is absent or null.</summary>
    private JsonElement? Find(string key) =>
        _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value
            : _defaults?.TryGetProperty(key, out value) == true ? value : null;
}
