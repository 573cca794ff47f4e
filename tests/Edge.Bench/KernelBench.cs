using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Gguf;
using Edge.Models;

namespace Edge.Bench;

/// <summary>GB/s of weights per matrix kernel and set on one thread, at sizes that the first-level cache, the
/// second-level cache and only memory hold; decode (1 token) and prefill (64).</summary>
internal static unsafe class KernelBench
{
    private const long Columns = 2048;
    private const int Runs = 10;
    private static readonly QuantType[] Types =
        [QuantType.F32, QuantType.F16, QuantType.BF16, QuantType.Q8_0, QuantType.Q4_0];
    private static readonly (string Name, long Bytes)[] Levels =
        [("l1", 24 << 10), ("l2", 512 << 10), ("memory", 192 << 20)];

    public static void Run(Options options)
    {
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartArray();
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            if (options.Find("set") is { } name && name != set.Name) continue;
            foreach (QuantType type in QuantTypes.Rows.Where(row => row.Runs).Select(row => row.Id))
            {
                if (options.Find("type") is { } wanted && wanted != type.ToString()) continue;
                foreach ((string level, long bytes) in Levels)
                {
                    // Scalar code at memory size would take minutes and says nothing new.
                    if (set.Name == "scalar" && level == "memory") continue;
                    foreach (int tokens in (int[])[1, 64])
                    {
                        if (tokens > 1 && level == "memory") continue;
                        Measure(json, set, type, level, bytes, tokens);
                    }
                }
            }
        }
        json.WriteEndArray();
    }

    private static void Measure(Utf8JsonWriter json, KernelSet set, QuantType type, string level,
        long bytes, int tokens)
    {
        RowsKernel tiled = set.Tiled(type);
        RowsKernel kernel = tiled != null ? tiled : set.InPlace(type);
        // Whole tiles of the widest kind, so that every layout has the same shape.
        TileLayout? layout = set.Layout(type);
        const long Step = 240;
        double rowBytes = layout is null ? QuantTypes.RowBytes(type, Columns) : layout.Bytes(Step,
            Columns) / (double)Step;
        long rows = Math.Max(layout?.Rows ?? 8, (long)(bytes / rowBytes) / Step * Step);
        long weightBytes = layout is null ? rows * QuantTypes.RowBytes(type, Columns) : layout.Bytes(rows, Columns);
        byte* w = (byte*)NativeMemory.AlignedAlloc((nuint)weightBytes, 64);
        // As a scale in any format a common number: subnormal products would be measured instead.
        new Span<byte>(w, (int)weightBytes).Fill(0x3B);
        if (type == QuantType.TERNARY_1_67) ((int*)w)[1] = (int)rows;
        long xBytes = tokens * PreparedRows.Bytes(layout?.Activations ?? ActivationFormat.Floats, (int)Columns);
        byte* x = (byte*)NativeMemory.AlignedAlloc((nuint)xBytes, 64);
        new Span<byte>(x, (int)xBytes).Fill(0x3B);
        float* y = (float*)NativeMemory.AlignedAlloc((nuint)(tokens * rows * 4), 64);
        long inner = Math.Max(1, (32L << 20) / (weightBytes * tokens));
        var rates = new Samples();
        for (int run = -2; run < Runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            for (long i = 0; i < inner; i++) kernel(w, x, y, Columns, 0, rows, tokens, rows);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (run >= 0) rates.Add(inner * weightBytes * tokens / seconds / 1e9);
        }
        NativeMemory.AlignedFree(w);
        NativeMemory.AlignedFree(x);
        NativeMemory.AlignedFree(y);
        double weights = (double)Columns * rows / weightBytes;
        Console.Error.WriteLine($"{set.Name,-8} {type,-12} {level,-6} {tokens,2} tokens: " +
            $"{rates.Median,7:F2} GB/s, {rates.Median * weights,6:F1} G weights/s");
        json.WriteStartObject();
        json.WriteString("set", set.Name);
        json.WriteString("type", type.ToString());
        json.WriteString("level", level);
        json.WriteNumber("tokens", tokens);
        json.WriteNumber("gb_per_s", rates.Median);
        json.WriteNumber("gb_per_s_min", rates.Min);
        json.WriteNumber("gb_per_s_max", rates.Max);
        json.WriteNumber("giga_products_per_s", rates.Median * weights);
        json.WriteEndObject();
    }
}
