using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>The folders that scripts/golden/hub-folders.py makes of the golden GGUF files.</summary>
internal static class HubFolders
{
    public static string Golden { get; } =
        Path.Combine(House.Repository.Root, "tests", "golden");

    public static string FolderOf(string name) => Path.Combine(Golden, "hub", name);

    /// <summary>A copy that a test may change; the caller deletes it.</summary>
    public static DirectoryInfo Copy(string name)
    {
        DirectoryInfo to = Directory.CreateTempSubdirectory("edge-hub-");
        foreach (string file in Directory.EnumerateFiles(FolderOf(name)))
            File.Copy(file, Path.Combine(to.FullName, Path.GetFileName(file)));
        return to;
    }

    /// <summary>Float32 tensors of expected.bin by name: a reader of its own.</summary>
    public static Dictionary<string, float[]> Expected(string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(FolderOf(name), "expected.bin"));
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        var tensors = new Dictionary<string, float[]>();
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject())
        {
            if (tensor.Name == "__metadata__") continue;
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            int from = offsets[0].GetInt32(), to = offsets[1].GetInt32();
            Span<byte> values = bytes.AsSpan(8 + header + from, to - from);
            tensors.Add(tensor.Name, MemoryMarshal.Cast<byte, float>(values).ToArray());
        }
        return tensors;
    }
}
