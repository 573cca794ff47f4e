using System.Diagnostics;
using System.Text.Json;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

/// <summary>`edge pack` with the native binary: its table, what it refuses, and what a kill leaves.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class PackCommandTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"edge-pack-{Guid.NewGuid():N}");

    public PackCommandTests() => Directory.CreateDirectory(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Pack_Digits3_PrintsATableAndTheSizes()
    {
        var packed = await Run("pack", "-m", Model, "-o", In("out.gguf"), "--type", "digits3");
        Assert.Equal((0, ""), (packed.Code, packed.Error));
        string row = packed.Output.Split('\n').Single(line =>
            line.StartsWith("blk.3.ffn_up_exps.weight ", StringComparison.Ordinal));
        Assert.Contains("Q4_0  -> DIGITS3_G128 2048 x 256", row, StringComparison.Ordinal);
        Assert.Matches("rms [0-9.]+ %, output [0-9.]+ %, max [0-9.]+ %", row);
        Assert.Contains($"-> {In("out.gguf")}: {new FileInfo(In("out.gguf")).Length} bytes (", packed.Output,
            StringComparison.Ordinal);
        Assert.Equal([In("out.gguf")], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task Pack_OverAFileThroughALink_GivesWhatTheDryRunSaid()
    {
        await File.WriteAllTextAsync(In("old.gguf"), "what was there before");
        File.CreateSymbolicLink(In("link.gguf"), In("old.gguf"));
        string[] mixed = ["pack", "-m", Model, "-o", In("link.gguf"), "--type", "mixed", "--target-bytes", "3000000"];
        JsonElement dry = await RunJson([.. mixed, "--dry-run"]), packed = await RunJson(mixed);
        long size = new FileInfo(In("old.gguf")).Length;
        Assert.Equal((size, size), (Number(dry, "out_bytes"), Number(packed, "out_bytes")));
        Assert.InRange(size, 2_700_000, 3_000_000);
        Assert.Equal(dry.GetProperty("tensors").GetArrayLength(), packed.GetProperty("tensors").GetArrayLength());
        Assert.Equal(new FileInfo(Model).Length, Number(packed, "model_bytes"));
        Assert.NotNull(new FileInfo(In("link.gguf")).LinkTarget);
        var reply = await Run("ask", "-m", In("link.gguf"), "-p", "x", "--max-tokens", "1");
        Assert.True(reply.Code == 0, reply.Error);
    }

    [Fact]
    public async Task Pack_Killed_GoesOnAndGivesTheSameFile()
    {
        string[] digits = ["pack", "-m", Model, "--type", "digits2", "-t", "1", "-o"];
        Assert.Equal(0, (await Run([.. digits, In("whole.gguf")])).Code);
        string output = In("out.gguf"), log = output + ".part.log";
        using (var process = Process.Start(StartInfo([.. digits, output]))!)
        {
            process.StandardInput.Close();
            // As soon as something is done: the kill comes among the tensors, or, on a slow machine, at their end.
            while (!process.HasExited && (!File.Exists(log) || new FileInfo(log).Length < 60)) await Task.Yield();
            process.Kill();
            await process.WaitForExitAsync();
        }
        var again = await Run([.. digits, output]);
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(await File.ReadAllBytesAsync(In("whole.gguf")), await File.ReadAllBytesAsync(output));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public async Task Pack_WhatCannotBe_IsRefusedBeforeTheTextIsRun()
    {
        await File.WriteAllTextAsync(In("text"), "temp 12.4C\n");
        await File.WriteAllTextAsync(In("theirs.gguf.part"), "a download");
        File.CreateSymbolicLink(In("link.gguf"), In("model.gguf"));
        File.Copy(Model, In("model.gguf"));
        string[] pack = ["pack", "-m", In("model.gguf"), "--calibrate", In("text"), "-o"];
        (await Run([.. pack, In("out.gguf"), "--type", "mixed", "--target-bytes", "1M"]))
            .RefusesWith(1, "fewest bits", "give at least");
        (await Run([.. pack, In("nowhere/out.gguf")])).RefusesWith(1, "make its folder first");
        (await Run([.. pack, In("link.gguf")])).RefusesWith(1, "is the model itself");
        (await Run([.. pack, In("theirs.gguf")])).RefusesWith(1, "theirs.gguf.part", "move or delete it");
        (await Run([.. pack, In("out.gguf"), "--type", "keep"])).RefusesWith(2, "--type keep rounds nothing");
        (await Run("pack", "-m", Model, "-o", In("out.gguf"), "--memory", "1G")).RefusesWith(2, "needs --calibrate");
        Assert.Equal(new FileInfo(Model).Length, new FileInfo(In("model.gguf")).Length);
        Assert.False(File.Exists(In("out.gguf")));
    }

    [Fact]
    public async Task Pack_PastALimitOnFileSizes_SaysSo()
    {
        ProcessStartInfo start = StartInfo();
        start.FileName = "/bin/sh";
        foreach (string argument in (string[])["-c", "ulimit -f 1000; exec \"$@\"", "sh", Binary, "pack", "-m", Model,
            "-o", In("out.gguf")]) start.ArgumentList.Add(argument);
        (await Run(start)).RefusesWith(1, "limit on the size of files", "ulimit -f");
        Assert.False(File.Exists(In("out.gguf")));
    }

    [Fact]
    public async Task Compare_PackedWithItsSource_IsCloseAndFarIsRefused()
    {
        await File.WriteAllTextAsync(In("text"), string.Concat(Enumerable.Repeat("cold store 2: temp 12.4C\n", 20)));
        Assert.Equal(0, (await Run("pack", "-m", Model, "-o", In("out.gguf"), "--type", "digits2")).Code);
        string[] compare = ["compare", Model, In("out.gguf"), "-f", In("text")];
        JsonElement report = await RunJson(compare);
        Assert.InRange(report.GetProperty("mean_kl").GetDouble(), 1e-6, 1);
        Assert.InRange(report.GetProperty("top_agreement").GetDouble(), 0.5, 1);
        Assert.Contains("same first choice", (await Run(compare)).Output, StringComparison.Ordinal);
        (await Run("compare", Model, Path.Combine(Root, "tests/golden/tiny/llama.gguf"), "-f", In("text")))
            .RefusesWith(1, "one vocabulary");
    }

    [Fact]
    public async Task Perplexity_StepWise_IsThatOfWholePassesAndNaNIsNoFigure()
    {
        await File.WriteAllTextAsync(In("text"), string.Concat(Enumerable.Repeat("cold store 2: temp 12.4C\n", 8)));
        JsonElement whole = await RunJson("perplexity", "-m", Model, "-f", In("text"));
        JsonElement steps = await RunJson("perplexity", "-m", Model, "-f", In("text"), "--step-wise");
        Assert.Equal(whole.GetProperty("perplexity").GetDouble(), steps.GetProperty("perplexity").GetDouble());
        // Norms so large that every score overflows.
        byte[] bytes = await File.ReadAllBytesAsync(Model);
        Edge.Gguf.GgufTensor norm = Edge.Gguf.GgufFile.Open(Model).Get("output_norm.weight");
        for (long at = norm.Offset; at < norm.Offset + norm.Bytes; at += 4)
            BitConverter.TryWriteBytes(bytes.AsSpan((int)at), at % 8 == 0 ? 3e38f : -3e38f);
        await File.WriteAllBytesAsync(In("bad.gguf"), bytes);
        foreach (string[] form in (string[][])[[], ["--json"]])
        {
            (await Run(["perplexity", "-m", In("bad.gguf"), "-f", In("text"), .. form]))
                .RefusesWith(1, "bad.gguf", "no number", "pack it again");
            (await Run(["compare", Model, In("bad.gguf"), "-f", In("text"), .. form]))
                .RefusesWith(1, "bad.gguf", "no number");
        }
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static long Number(JsonElement report, string name) => report.GetProperty(name).GetInt64();
}
