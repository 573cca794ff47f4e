using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>A model in two planes: both are the 4-bit model, the first alone is a coarser one.</summary>
[Collection("packed demo")]
public sealed class NestedModelTests(PackedDemo demo)
{
    private const string Stack = "blk.2.ffn_up_exps.weight";
    private static readonly PackOptions Nested = new() { Target = PackTarget.Nested4 };
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[5].Ids;

    [Fact]
    public void Forward_BothPlanes_GiveTheLogitsOfDigits4()
    {
        string plain = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits4 }).Path;
        string nested = demo.Get("q8_0", Nested).Path;
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
            Assert.Equal(PackedDemo.Logits(plain, set.Name, Ids, 64), PackedDemo.Logits(nested, set.Name, Ids, 64));
        Assert.InRange(new FileInfo(nested).Length, 1, 1.05 * new FileInfo(plain).Length);
    }

    [Fact]
    public void Forward_FirstPlaneAlone_AgreesWithItsDecodedWeights()
    {
        string path = demo.Get("q8_0", Nested).Path;
        float[] both = PackedDemo.Logits(path, "scalar", Ids, 64);
        float[] reference = Coarse(path, "scalar", Arithmetic.Float);
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = Coarse(path, set.Name, Arithmetic.Integer);
            Assert.True(DemoModel.Divergence(reference, logits) < 2e-2);
            Assert.NotEqual(both, logits);
        }
    }

    [Fact]
    public void Pack_Planes_AreRunsOfTheirOwnForEveryExpert()
    {
        (string path, IReadOnlyList<PackedTensor> tensors) = demo.Get("q8_0", Nested);
        GgufFile file = GgufFile.Open(path);
        GgufTensor hi = file.Get(Stack), lo = file.Get(Stack + ".lo");
        Assert.Equal((QuantType.NESTED4_HI, QuantType.NESTED4_LO), (hi.Type, lo.Type));
        Assert.Equal(hi.Shape, lo.Shape);
        Assert.All((GgufTensor[])[hi, lo], tensor =>
        {
            Assert.Equal(0, tensor.Offset % 4096);
            Assert.Equal(0, tensor.Bytes % (8 * 4096));
        });
        PackedTensor first = tensors.Single(row => row.Name == Stack);
        PackedTensor second = tensors.Single(row => row.Name == Stack + ".lo");
        // Each row tells the error of what can be read when it is there.
        Assert.InRange(first.RelativeError, 0.3, 0.45);
        Assert.InRange(second.RelativeError, 0.08, 0.12);
    }

    [Theory]
    [InlineData(".lo", "has other bytes")]
    [InlineData("", "has other bytes")]
    public void Load_DamagedPlane_IsRefusedByName(string plane, string message)
    {
        string path = demo.Get("q8_0", Nested).Path;
        byte[] bytes = File.ReadAllBytes(path);
        GgufTensor victim = GgufFile.Open(path).Get(Stack + plane);
        bytes[victim.Offset + victim.Bytes / 2] ^= 1;
        using var file = new TemporaryFile(bytes);
        GgufException error = Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
        Assert.Contains($"'{Stack}{plane}', matrix 4, {message}", error.Message, StringComparison.Ordinal);
    }

    private static float[] Coarse(string path, string set, Arithmetic arithmetic)
    {
        using Model model = Model.Load(path, new ModelOptions
        {
            KernelSet = set, Arithmetic = arithmetic, Threads = 2, Coarse = true,
        });
        using KvCache cache = model.CreateCache(256);
        return DemoModel.Run(model, cache, Ids, 64);
    }
}
