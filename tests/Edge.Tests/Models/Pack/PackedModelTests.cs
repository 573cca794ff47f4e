using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Packed models from the file to the logits.</summary>
[Collection("packed demo")]
public sealed class PackedModelTests(PackedDemo demo)
{
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[5].Ids;

    public static TheoryData<string> Sets() => [.. KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name)];

    public static TheoryData<PackOptions> All() =>
    [
        new() { Target = PackTarget.Digits4 },
        new() { Target = PackTarget.Digits4, Head = PackHead.Digits4 },
        new() { Target = PackTarget.Digits3 },
        new() { Target = PackTarget.Digits2 },
        new() { Target = PackTarget.Nested4 },
        new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits2_0 },
        new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits1_67 },
        new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits1_6 },
    ];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_Q4_0PackedExactly_GivesTheBitsOfTheOriginal(string set)
    {
        (string path, IReadOnlyList<PackedTensor> tensors) = demo.Get("q4_0", new PackOptions { Target =
            PackTarget.Keep });
        Assert.All(tensors, tensor => Assert.Equal(0, tensor.MaxError));
        Assert.Equal(28, tensors.Count(tensor => tensor is { From: "Q4_0", To: "DIGITS4_G32" }));
        float[] expected = PackedDemo.Logits(DemoModel.File("q4_0"), set, Ids, 64);
        Assert.True(expected.Distinct().Count() > 700);
        Assert.Equal(expected, PackedDemo.Logits(path, set, Ids, 64));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Forward_EverySet_AgreesWithTheDecodedWeights(PackOptions options)
    {
        (string path, _) = demo.Get("q8_0", options);
        float[] reference = PackedDemo.Logits(path, "scalar", Ids, 64, Arithmetic.Float);
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = PackedDemo.Logits(path, set.Name, Ids, 64);
            double divergence = DemoModel.Divergence(reference, logits);
            Assert.True(divergence < 2e-2, $"{options}, {set.Name}: divergence {divergence}");
            Assert.NotEqual(reference, logits);
            // Prefill takes tiles apart, decode does not; the bits are the same.
            Assert.Equal(logits, PackedDemo.Logits(path, set.Name, Ids, 1));
        }
    }

    [Fact]
    public void Forward_Digits4Greedy_GivesTheReferencesIds()
    {
        (string path, _) = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits4 });
        using Model model = Model.Load(path, new ModelOptions { Threads = 2 });
        const int EndOfTurn = 759;
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0"))
        {
            using KvCache cache = model.CreateCache(256);
            int next = DemoModel.ArgMax(DemoModel.Run(model, cache, prompt.Ids, 64));
            var ids = new List<int>();
            while (next != EndOfTurn && ids.Count < 64)
            {
                ids.Add(next);
                next = DemoModel.ArgMax(DemoModel.Run(model, cache, [next], 1));
            }
            Assert.Equal(prompt.GreedyIds, ids);
        }
    }

    [Fact]
    public void Pack_FewerBits_LoseMore()
    {
        double[] previous = [];
        foreach (PackTarget target in (PackTarget[])[PackTarget.Digits4, PackTarget.Digits3, PackTarget.Digits2,
            PackTarget.Ternary])
        {
            (string path, IReadOnlyList<PackedTensor> tensors) = demo.Get("q8_0", new PackOptions { Target = target });
            double[] errors = [.. tensors.Where(tensor =>
                tensor.To != tensor.From).Select(tensor => tensor.RelativeError)];
            Assert.Equal(28, errors.Length);
            for (int i = 0; i < previous.Length; i++) Assert.InRange(errors[i], previous[i] * 1.1, 0.5);
            previous = errors;
            Assert.Equal(new FileInfo(path).Length, GgufFile.Open(path).Tensors.Max(tensor =>
                tensor.Offset + tensor.Bytes), 4096.0);
        }
    }

    [Fact]
    public void Pack_EveryKey_IsKept()
    {
        (string path, _) = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits2 });
        GgufMetadata before = GgufFile.Open(DemoModel.File("q8_0")).Metadata, after = GgufFile.Open(path).Metadata;
        Assert.All(before.Keys.Where(key => key != "general.alignment"), key =>
        {
            Assert.Equal(before.TypeNameOf(key), after.TypeNameOf(key));
            Assert.Equal(before[key], after[key]);
        });
        Assert.Equal("Q8_0", after.GetString("edge.pack.source_type"));
        Assert.Equal(4096, GgufFile.Open(path).Alignment);
        Assert.All(GgufFile.Open(path).Tensors, tensor => Assert.Equal(0, tensor.Offset % 4096));
    }
}
