using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Weights;
using Xunit;

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

    public static void AssertNear(float[] expected, float[] actual, double bound, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"{what}[{i}]: {actual[i]} for {expected[i]}");
    }

    /// <summary>The decoders are tested against independent fixtures of their own.</summary>
    public static unsafe float[] Floats(GgufFile file, GgufTensor tensor)
    {
        using WeightFile weights = WeightFile.Open(file, WeightLoading.Read);
        var values = new float[tensor.Rows * tensor.Columns];
        fixed (float* to = values)
            for (long r = 0; r < tensor.Rows; r++)
                SourceRows.Decode(weights.Address(tensor) + r * QuantTypes.RowBytes(tensor.Type, tensor.Columns),
                    to + r * tensor.Columns, (int)tensor.Columns, tensor.Type);
        return values;
    }

    public static float[] Logits(string path, int[] ids)
    {
        using Model model = Model.Load(path, new ModelOptions { Threads = 2, KvType = KvType.F32 });
        using KvCache cache = model.CreateCache(ids.Length);
        return DemoModel.Run(model, cache, ids, 16);
    }

    /// <summary>The largest distance from the reference logits of an architecture; the first must be theirs
    /// everywhere.</summary>
    public static double WorstDifference(Model model, string reference, int chunk)
    {
        double worst = 0;
        foreach (ArchitectureTests.Run run in ArchitectureTests.Reference(reference))
        {
            using KvCache cache = model.CreateCache(run.Capacity);
            float[][] logits = ArchitectureTests.All(model, cache, run.Ids, chunk);
            foreach ((int position, float[] expected) in run.Logits)
            {
                Assert.True(expected.Max() - expected.Min() > 1, "the reference has no variety");
                Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits[position]));
                worst = Math.Max(worst, DemoModel.MaxDifference(expected, logits[position]));
            }
        }
        return worst;
    }

    /// <summary>A safetensors file of these tensors, which the caller deletes.</summary>
    public static SafetensorsFile Write(string path, params (string Name, string Type, long[] Shape, byte[] Data)[] all)
    {
        int at = 0;
        var parts = new List<string>();
        foreach ((string name, string type, long[] shape, byte[] data) in all)
        {
            parts.Add($"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}]," +
                $"\"data_offsets\":[{at},{at + data.Length}]}}");
            at += data.Length;
        }
        byte[] header = Encoding.ASCII.GetBytes("{" + string.Join(',', parts) + "}");
        byte[] size = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, header.Length);
        File.WriteAllBytes(path, [.. size, .. header, .. all.SelectMany(one => one.Data)]);
        return SafetensorsFile.Open(path);
    }
}
