using Edge.Agent;
using Edge.Agent.Config;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Models;
using Edge.Tests.Models.Pack;
using Edge.Tests.Models.Streaming;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>Memory as people ask for it, and what they are told.</summary>
[Collection("packed demo")]
public sealed class MemoryTests(PackedDemo demo)
{
    private string Packed => demo.Get("q4_0", new PackOptions { Target = PackTarget.Keep }).Path;

    [Theory]
    [InlineData("1500M", 1500L << 20)]
    [InlineData("1.5g", 3L << 29)]
    [InlineData("800K", 800L << 10)]
    [InlineData("123", 123)]
    public void Parse_Size_IsBytes(string text, long bytes) => Assert.Equal(bytes, MemorySize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1M")]
    [InlineData("0")]
    [InlineData("1,5G")]
    [InlineData("1 G")]
    [InlineData("1e9")]
    [InlineData("99999999T")]
    public void Parse_NoSize_IsRefused(string text)
    {
        Assert.Null(MemorySize.Parse(text));
        Assert.Contains("1500M", MemorySize.Problem(text), StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_OfTheConfiguration_NamesTheKey()
    {
        Assert.Null(new InferenceConfig(Memory: "1G", Experts: "fast").Problem());
        Assert.Contains("inference.memory", new InferenceConfig(Memory: "much").Problem(), StringComparison.Ordinal);
        Assert.Contains("inference.experts", new InferenceConfig(Experts: "some").Problem(), StringComparison.Ordinal);
        MemoryBudget budget = new InferenceConfig(Memory: "2M", Experts: "balanced").ToModelOptions().Memory!;
        Assert.Equal((2L << 20, ExpertMode.Balanced), (budget.Bytes, budget.Experts));
    }

    private MemoryPlan Plan(long bytes, int context, int sequences = 1) => MemoryAdmission.Plan(Packed,
        new ModelOptions
        {
            Memory = new MemoryBudget { Bytes = bytes, ContextLength = context, Sequences = sequences },
        });

    [Fact]
    public void Admit_Budget_SaysThePlanBeforeLoading()
    {
        var said = new List<string>();
        long bytes = Plan(1, 256).LeastBytes + 300_000;
        ModelOptions options = MemoryAdmission.Admit(Packed,
            new ModelOptions { Memory = new MemoryBudget { Bytes = bytes } }, 256, 1, said.Add);
        Assert.Equal(256, options.Memory!.ContextLength);
        Assert.Contains($"memory {MemorySize.Text(bytes)}", said[0], StringComparison.Ordinal);
        Assert.Contains("of 32 experts", said[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Admit_DraftModelBeside_IsTakenFromTheBudget()
    {
        var said = new List<string>();
        var budget = new ModelOptions { Memory = new MemoryBudget { Bytes = 64L << 20 } };
        ModelOptions options = MemoryAdmission.Admit(Packed, budget, 256, 1, said.Add, draft: Packed);
        long left = options.Memory!.Bytes;
        // The weights at least, and no more than a model of this size with its scratch.
        Assert.InRange((64L << 20) - left, new FileInfo(Packed).Length * 9 / 10, 16L << 20);
        Assert.StartsWith("the draft model takes", said[0], StringComparison.Ordinal);
        options = MemoryAdmission.Admit(Packed, budget, 256, 1, said.Add, DraftSetup.Lookup);
        Assert.Equal(64L << 20, options.Memory!.Bytes);

        var small = new ModelOptions { Memory = new MemoryBudget { Bytes = 1 << 20 } };
        var error = Assert.Throws<UserErrorException>(
            () => MemoryAdmission.Admit(Packed, small, 256, 1, said.Add, draft: Packed));
        Assert.Contains("as a draft model it takes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Admit_TooSmallABudget_SaysTheLeastThatWorks()
    {
        long least = Plan(1, 256).LeastBytes;
        var e = Assert.Throws<UserErrorException>(() => MemoryAdmission.Admit(Packed,
            new ModelOptions { Memory = new MemoryBudget { Bytes = 5 << 20 } }, 256, 1, _ => { }));
        Assert.Contains($"{(least + (1 << 20) - 1) >> 20}M: give that", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_NoBudget_FitsOrSaysWhatWould()
    {
        MemoryPlan whole = Plan(1L << 40, 512, sequences: 2);
        long others = MemoryAdmission.SpareBytes + whole.WeightBytes + whole.ScratchBytes;
        string? Refusal(long available) => MemoryAdmission.Refusal(Packed, new ModelOptions(), 0, 2, available);
        Assert.Null(Refusal(others + whole.KvBytes));
        // Room for weights and caches, and none for scratch.
        string? refusal = Refusal(MemoryAdmission.SpareBytes + whole.WeightBytes + whole.KvBytes);
        Assert.Contains("for a context of 512 in each of 2 slots", refusal, StringComparison.Ordinal);
        refusal = Refusal(MemoryAdmission.SpareBytes + (2 << 20));
        Assert.Contains("cannot stream with --memory 2.0M either", refusal, StringComparison.Ordinal);
        Assert.Contains("the least with which it streams is", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_FileThatWasDownloaded_SaysThatItStreams()
    {
        using var file = QuantTypeModels.Create(QuantType.F32, layers: 24);
        string? refusal = MemoryAdmission.Refusal(
            file.Path, new ModelOptions(), 0, 1, MemoryAdmission.SpareBytes + (44L << 20));
        Assert.EndsWith("With --memory 44M it streams from storage", refusal, StringComparison.Ordinal);
        var options = new ModelOptions { Memory = new MemoryBudget { Bytes = MemorySize.Parse("44M")!.Value } };
        Assert.NotNull(MemoryAdmission.Admit(file.Path, options, 0, 1, _ => { }).Memory);
    }

    [Fact]
    public void Lines_ExpertsOfTwoSlices_CountSlices()
    {
        string nested = demo.Get("q8_0", new PackOptions { Target = PackTarget.Nested4 }).Path;
        string Experts(string path) => PlanText.Lines(MemoryPlanner.Plan(path,
            new ModelOptions { Memory = StreamedExpertsTests.Budget(path, 31) })).Single(
                line => line.Contains(" cached (policy", StringComparison.Ordinal));

        Assert.StartsWith("31 of 64 slices of experts, ", Experts(nested), StringComparison.Ordinal);
        Assert.StartsWith("31 of 32 experts of ", Experts(Packed), StringComparison.Ordinal);
    }
}
