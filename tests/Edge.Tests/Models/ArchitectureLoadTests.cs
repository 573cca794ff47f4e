using Edge.Gguf;
using Edge.Models;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Files of every architecture that lack a tensor or a key: refused by its name, or not needed.</summary>
public sealed class ArchitectureLoadTests : IDisposable
{
    /// <summary>Tensors in whose place another may stand.</summary>
    private static readonly Dictionary<string, string> Instead = new()
    {
        ["attn_q.weight"] = "attn_q_a.weight",
        ["attn_kv_b.weight"] = "attn_k_b.weight",
        ["token_embd_norm.weight"] = "output_norm.weight",
    };

    private static readonly string[] Optional =
        ["rope_factors_short.weight", "rope_factors_long.weight", "exp_probs_b.bias", ".scale"];

    /// <summary>What is said where a key has a usual value, and the tensors do not fit it.</summary>
    private static readonly string[] Consequences = ["the metadata asks for", "is missing", "has no place"];

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-load-{Guid.NewGuid():N}.gguf");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Load_WithoutATensor_NamesIt(string name)
    {
        GgufFile file = GgufFile.Open(ArchitectureTests.File(name));
        foreach (GgufTensor tensor in file.Tensors)
        {
            Write(file, tensor.Name, null);
            bool mayLack = name.EndsWith("-bias", StringComparison.Ordinal)
                && tensor.Name.EndsWith(".bias", StringComparison.Ordinal);
            if (mayLack || tensor.Name == "output.weight"
                || Optional.Any(end => tensor.Name.EndsWith(end, StringComparison.Ordinal)))
            {
                using Model model = Load();
                continue;
            }
            var error = Assert.Throws<GgufException>(() => { using Model model = Load(); });
            string other = Instead.FirstOrDefault(x => tensor.Name.EndsWith(x.Key, StringComparison.Ordinal)).Value
                ?? tensor.Name;
            Assert.True(error.Message.Contains(tensor.Name, StringComparison.Ordinal)
                || error.Message.Contains(other, StringComparison.Ordinal), $"{tensor.Name}: {error.Message}");
        }
    }

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Load_WithoutAKey_NamesItOrItsConsequence(string name)
    {
        GgufFile file = GgufFile.Open(ArchitectureTests.File(name));
        int refused = 0;
        foreach (string key in file.Metadata.Keys)
        {
            Write(file, null, key);
            try
            {
                using Model model = Load();
            }
            catch (GgufException error)
            {
                refused++;
                Assert.True(error.Message.Contains(key[(key.LastIndexOf('.') + 1)..], StringComparison.Ordinal)
                    || Consequences.Any(said => error.Message.Contains(said, StringComparison.Ordinal)),
                    $"{key}: {error.Message}");
            }
        }
        Assert.InRange(refused, 7, file.Metadata.Keys.Count);
    }

    private Model Load() => Model.Load(_path, new ModelOptions { Threads = 1, BatchRowsMax = 4 });

    [Fact]
    public void Load_StackUnderOneExpertsName_NamesTheTensor()
    {
        Write(GgufFile.Open(ArchitectureTests.File("mixtral")), null, null, name => name.Replace("_exps.", ".0."));
        var error = Assert.Throws<GgufException>(() => { using Model model = Load(); });
        Assert.Contains("'blk.0.ffn_gate.0.weight'", error.Message, StringComparison.Ordinal);
        Assert.True(error.ByteOffset > 0);
    }

    private unsafe void Write(
        GgufFile source, string? withoutTensor, string? withoutKey, Func<string, string>? rename = null)
    {
        rename ??= static name => name;
        using WeightFile weights = WeightFile.Open(source, WeightLoading.Map);
        using var writer = new GgufWriter(_path);
        foreach (string key in source.Metadata.Keys.Where(key => key != withoutKey)) writer.Copy(source.Metadata, key);
        GgufTensor[] tensors = [.. source.Tensors.Where(tensor => tensor.Name != withoutTensor)];
        foreach (GgufTensor tensor in tensors) writer.AddTensor(rename(tensor.Name), tensor.Type, [.. tensor.Shape]);
        foreach (GgufTensor tensor in tensors)
            writer.Write(rename(tensor.Name), new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes));
        writer.Complete();
    }
}
