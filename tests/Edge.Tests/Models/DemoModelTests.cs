using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Fidelity against PyTorch's logits of the same weights, for every kernel set that this CPU runs.</summary>
public class DemoModelTests
{
    public static TheoryData<string, string, KvType, double> FloatCases()
    {
        var cases = new TheoryData<string, string, KvType, double>();
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            foreach (string type in (string[])["q8_0", "q4_0"])
            {
                cases.Add(set.Name, type, KvType.F32, 2e-3);
                cases.Add(set.Name, type, KvType.F16, 3e-2);
            }
        }
        return cases;
    }

    public static TheoryData<string> Sets() => [.. KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name)];

    [Theory]
    [MemberData(nameof(FloatCases))]
    public void Forward_FloatArithmetic_GivesReferenceLogits(string set, string type, KvType kv, double bar)
    {
        using Model model = Load(type, set, Arithmetic.Float, kv);
        foreach (DemoModel.Prompt prompt in DemoModel.Reference(type))
        {
            using KvCache cache = model.CreateCache(256);
            float[] logits = DemoModel.Run(model, cache, prompt.Ids, 64);
            double difference = DemoModel.MaxDifference(prompt.Logits, logits);
            Assert.True(difference <= bar, $"{set} {type} {kv}: logits differ by {difference}");
            Assert.Equal(DemoModel.ArgMax(prompt.Logits), DemoModel.ArgMax(logits));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_FloatArithmetic_RoutesAsReference(string set)
    {
        using Model model = Load("q8_0", set, Arithmetic.Float, KvType.F32);
        DemoModel.Prompt prompt = DemoModel.Reference("q8_0")[0];
        int compared = 0;
        ((Transformer)model).OnRouted = (layer, _, routing, _) => compared += Compare(prompt, layer, routing);
        using KvCache cache = model.CreateCache(256);
        DemoModel.Run(model, cache, prompt.Ids, 64);
        Assert.Equal(model.Config.LayerCount * prompt.Ids.Length * 2, compared);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_IntegerArithmetic_StaysCloseToReference(string set)
    {
        using Model model = Load("q8_0", set, Arithmetic.Integer, KvType.F16);
        List<DemoModel.Prompt> prompts = DemoModel.Reference("q8_0");
        double sum = 0;
        foreach (DemoModel.Prompt prompt in prompts)
        {
            using KvCache cache = model.CreateCache(256);
            float[] logits = DemoModel.Run(model, cache, prompt.Ids, 64);
            Assert.Equal(DemoModel.ArgMax(prompt.Logits), DemoModel.ArgMax(logits));
            sum += DemoModel.Divergence(prompt.Logits, logits);
        }
        Assert.True(sum / prompts.Count <= 1e-3, $"{set}: mean divergence {sum / prompts.Count}");
    }

    [Theory]
    [InlineData("q8_0", Arithmetic.Integer)]
    [InlineData("q8_0", Arithmetic.Float)]
    [InlineData("q4_0", Arithmetic.Integer)]
    public void Forward_Greedy_GivesReferenceIds(string type, Arithmetic arithmetic)
    {
        using Model model = Load(type, null, arithmetic, KvType.F16);
        const int EndOfTurn = 759;
        foreach (DemoModel.Prompt prompt in DemoModel.Reference(type))
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

    private static Model Load(string type, string? set, Arithmetic arithmetic, KvType kv) => Model.Load(
        DemoModel.File(type),
        new ModelOptions { KernelSet = set, Arithmetic = arithmetic, KvType = kv, Threads = 2 });

    private static int Compare(DemoModel.Prompt prompt, int layer, Routing routing)
    {
        for (int i = 0; i < routing.Slots; i++)
        {
            unsafe
            {
                Assert.Equal(prompt.Experts[layer][i / 2][i % 2], routing.Experts[i]);
                Assert.Equal(prompt.Weights[layer][i / 2][i % 2], routing.Weights[i], 1e-4f);
            }
        }
        return routing.Slots;
    }
}
