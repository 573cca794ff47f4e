using System.Text.Json;
using Edge.Gguf;
using Edge.Text;

namespace Edge.Tests.Text;

/// <summary>Files under tests/golden, found from the place of the test binary upwards.</summary>
internal static class Golden
{
    private static readonly Lazy<Tokenizer> DemoTokenizer = new(() => Tokenizer.FromGguf(DemoMetadata));

    public static Tokenizer Demo => DemoTokenizer.Value;

    public static GgufMetadata DemoMetadata => GgufFile.Open(Path("demo-model/sensor-triage-moe-q4_0.gguf")).Metadata;

    /// <summary>The rows of the engine's reference for one of the three files.</summary>
    public static JsonElement.ArrayEnumerator Prompts(string file) =>
        Json($"demo-model/reference/logits-{file}.json").GetProperty("prompts").EnumerateArray();

    public static string Path(string name)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = System.IO.Path.Combine(at.FullName, "tests", "golden");
            if (Directory.Exists(folder)) return System.IO.Path.Combine(folder, name);
        }
        throw new DirectoryNotFoundException("tests/golden is in no folder above the test binary");
    }

    public static JsonElement Json(string name) => JsonDocument.Parse(File.ReadAllBytes(Path(name))).RootElement;

    public static int[] Ids(this JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
