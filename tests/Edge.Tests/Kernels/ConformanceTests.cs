using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Edge.Kernels;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>Runs scripts/conformance once: it proves the code of the AOT compiler and builds the harness that the tests
/// of the JIT's borrow.</summary>
public sealed class ConformanceRun
{
    public ConformanceRun()
    {
        Root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(Root, "Edge.sln")))
            Root = Path.GetDirectoryName(Root)
                ?? throw new InvalidOperationException("Edge.sln is above no folder of the tests.");
        var start = new ProcessStartInfo(Path.Combine(Root, "scripts", "conformance")) { RedirectStandardOutput =
            true };
        // The test host's own build variables must not reach the inner build.
        foreach (string name in start.Environment.Keys.Where(n
            => n.StartsWith("MSBUILD", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        using Process process = Process.Start(start)!;
        Output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        ExitCode = process.ExitCode;
    }

    public string Root { get; }
    public string Output { get; }
    public int ExitCode { get; }
    public string Failures => string.Join('\n',
        Output.Split('\n').Where(line => line.Contains("FAIL", StringComparison.Ordinal)));
}

public sealed unsafe class ConformanceTests(ConformanceRun run) : IClassFixture<ConformanceRun>
{
    private delegate void Matrix(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride);
    private delegate void Planes(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride);
    private delegate void Quantize(float* x, byte* q, long columns, long tokens);
    private delegate void Half(float* x, ushort* y, long n);
    private delegate void Norm(float* x, float* weight, float* y, long n, float eps);
    private delegate void Rope(float* x, float* cos, float* sin, long headSize, long heads);
    private delegate void Softmax(float* x, long n);
    private delegate void Gate(float* gate, float* up, float* y, long n);
    private delegate void Add(float* y, float* x, long n);
    private delegate void AddScaled(float* y, float* x, float scale, long n);
    private delegate void Attention(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch);
    private delegate void CappedAttention(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch);
    private delegate void Router(float* logits, int* experts, float* weights, long count, long used, int renormalise);

    /// <summary>In the order of kernels.list.</summary>
    private static readonly string[] AllVariants = ["Scalar", "Neon", "NeonDot", "Avx2", "AvxVnni", "Avx512"];

    [StructLayout(LayoutKind.Sequential)]
    private struct Row { public nint Family, Variant; public int NeedsDot; public nint Kernel; }

    [Fact]
    public void AotCode_OfEveryArchitecture_AgreesWithScalar() => Assert.True(run.ExitCode == 0, run.Failures);

    [Fact]
    public void AotCode_ThatThisMachineCanRun_RanOrIsSaidToBeLeftOut()
    {
        string[] expected = [
            .. Avx2.IsSupported ? Reports("x64", "AvxVnni") : ["x64 kernels left out"],
            .. Avx512BW.IsSupported ? Reports("x64v4", "Avx512")
                : Avx2.IsSupported ? ["x64v4 kernels left out"] : Array.Empty<string>()];
        Assert.All(expected, line => Assert.Contains(line, run.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void KernelsList_OfEveryFamily_NamesTheTwinsThatExist()
    {
        foreach (var row in Listed())
            Assert.Equal(
                AllVariants.Where(variant => Method(row.Family, row.Method, variant) is not null)
                    .Prepend($"{row.Family}.{row.Method}"),
                row.Variants.Prepend($"{row.Family}.{row.Method}"));
    }

    [Fact]
    public void Scalar_ByTheJit_HasTheGoldenDigests()
    {
        string expected = File.ReadAllText(Path.Combine(run.Root, "tests", "golden", "kernels.txt"));
        Assert.Equal(expected, Run(variant => variant == "Scalar"));
    }

    [Fact]
    public void Avx_ByTheJit_AgreesWithScalar()
    {
        if (!Avx2.IsSupported) return; // an ARM machine: its variants are the other test's
        string report = Run(_ => true);
        int failure = report.LastIndexOf("FAIL", StringComparison.Ordinal);
        Assert.True(failure < 0, failure < 0 ? "" : report[failure..]);
        Assert.Contains("Q4_0.Rows Avx2 ", report, StringComparison.Ordinal);
    }

    /// <summary>The harness's report on every listed kernel, in the variants that this machine runs.</summary>
    private string Run(Func<string, bool> wanted)
    {
        var delegates = new List<Delegate>();
        var rows = new List<Row>();
        foreach ((string shape, string family, string name, string[] variants) in Listed())
            foreach (string variant in variants)
            {
                if (!wanted(variant) || !IsRunnable(variant)) continue;
                delegates.Add(Method(family, name, variant)!.CreateDelegate(Shape(shape)));
                rows.Add(new Row
                {
                    Family = Marshal.StringToCoTaskMemUTF8($"{family}.{name}"),
                    Variant = Marshal.StringToCoTaskMemUTF8(variant),
                    Kernel = Marshal.GetFunctionPointerForDelegate(delegates[^1]),
                });
            }
        nint library = NativeLibrary.Load(Path.Combine(run.Root, "artifacts", "conformance", "libharness.so"));
        var harness = (delegate* unmanaged<Row*, int, byte*, byte*, byte**, int>)NativeLibrary.GetExport(library,
            "run_kernels");
        byte empty = 0;
        byte* report;
        fixed (Row* table = rows.ToArray()) harness(table, rows.Count, &empty, &empty, &report);
        GC.KeepAlive(delegates);
        return Marshal.PtrToStringUTF8((nint)report)!;
    }

    /// <summary>How the lines of scripts/conformance on a variant begin.</summary>
    private string[] Reports(string target, string variant)
    {
        string[] lines = [.. Listed().Where(row => row.Variants.Contains(variant))
            .Select(row => $"{target} {row.Family}.{row.Method} {variant} ")];
        Assert.Contains($"{target} Q4_0.Rows {variant} ", lines);
        return lines;
    }

    /// <summary>The rows of kernels.list.</summary>
    private IEnumerable<(string Shape, string Family, string Method, string[] Variants)> Listed() =>
        from line in File.ReadLines(Path.Combine(run.Root, "tests", "Edge.Kernels.Conformance", "kernels.list"))
        let words = line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where words.Length > 0
        select (words[0], words[1], words[2], words[3..]);

    /// <summary>Under the JIT, which has no ARM variants to run here: theirs is the other test.</summary>
    private static bool IsRunnable(string variant) => variant switch
    {
        "Scalar" => true,
        "Avx2" => Avx2.IsSupported,
        "AvxVnni" => AvxVnni.IsSupported,
        "Avx512" => Avx512BW.IsSupported,
        _ => false,
    };

    private static MethodInfo? Method(string family, string method, string variant) =>
        typeof(Tiles).Assembly.GetType($"Edge.Kernels.{family}{variant}")?.GetMethod(method);

    private static Type Shape(string name) => name switch
    {
        "matrix" => typeof(Matrix),
        "planes" => typeof(Planes),
        "quantize" => typeof(Quantize),
        "half" => typeof(Half),
        "norm" => typeof(Norm),
        "rope" => typeof(Rope),
        "softmax" => typeof(Softmax),
        "gate" => typeof(Gate),
        "add" => typeof(Add),
        "addscaled" => typeof(AddScaled),
        "attention" => typeof(Attention),
        "cappedattention" => typeof(CappedAttention),
        "router" => typeof(Router),
        _ => throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"kernels.list: unknown shape {name}")),
    };
}
