using System.Security.Cryptography;
using Edge.Agent;
using Edge.Gguf;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>The store on a folder of its own: what it keeps, what it refuses, what an interruption leaves.</summary>
public sealed class ModelStoreTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"edge-store-{Guid.NewGuid():N}");
    private readonly string _model;
    private readonly ModelStore _store;
    private long _free = 1L << 40;

    public ModelStoreTests()
    {
        Directory.CreateDirectory(_folder);
        _model = Path.Combine(_folder, "tiny.gguf");
        using (var file = new GgufWriter(_model))
        {
            file.Set("general.architecture", "llama");
            file.Set("general.license", "apache-2.0");
            file.Set("general.source.url", "https://example.org/tiny\u001b[31m");
            file.Complete();
        }
        _store = new(Path.Combine(_folder, "store"), _ => _free);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Add_Model_IsListedWithItsSumLicenseAndSource()
    {
        Assert.Empty(_store.List());
        ModelRecord added = Add();
        var (name, record) = Assert.Single(_store.List());
        Assert.Equal(("tiny", added), (name, record));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_model))), added.Sha256);
        Assert.Equal(("llama", "apache-2.0", _model), (added.Architecture, added.License, added.CopiedFrom));
        Assert.Equal("https://example.org/tiny [31m", added.Source);
        Assert.Equal(File.ReadAllBytes(_model), File.ReadAllBytes(_store.PathOf("tiny")));
        Assert.Equal("ok", _store.Verify("tiny", record, static (_, _) => { }));
        Assert.Equal(["tiny.gguf", "tiny.json"], Names());
    }

    [Fact]
    public void Add_ModelBehindALink_IsCopiedWhole()
    {
        string link = Path.Combine(_folder, "hub.gguf");
        File.CreateSymbolicLink(link, _model);
        ModelRecord added = _store.Add(link, null, null, null, null, static (_, _) => { });
        Assert.Equal(new FileInfo(_model).Length, added.Bytes);
        Assert.Equal("ok", _store.Verify("hub", added, static (_, _) => { }));
    }

    [Fact]
    public void List_WhatACutOffCopyLeft_IsSeenAndRemoved()
    {
        Add();
        File.WriteAllText(_store.PathOf("full") + ".new", "half");
        Assert.Equal(["full", "tiny"], _store.List().Select(model => model.Name));
        Assert.Equal("unfinished", _store.StateOf("full", null));
        _store.Remove("full");
        Assert.Equal(["tiny.gguf", "tiny.json"], Names());
    }

    [Fact]
    public void Add_FolderThatTakesNoFile_IsNotBlamedOnAnotherEdge()
    {
        // Nobody, root included, makes files there.
        var store = new ModelStore("/proc/self", _ => 1L << 40);
        string message = Refused(() => store.Add(_model, null, null, null, null, static (_, _) => { }));
        Assert.Contains("/proc/self cannot be changed", message, StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(_folder, "store"));
        using var held = new FileStream(Path.Combine(_folder, "store", ".lock"), FileMode.OpenOrCreate,
            FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("another edge is changing", Refused(() => Add()), StringComparison.Ordinal);
    }

    [Fact]
    public void Add_WhatTheOwnerSays_ComesBeforeTheFile()
    {
        ModelRecord added = _store.Add(_model, "other", "my disk", "mine", null, static (_, _) => { });
        Assert.Equal(("other", "my disk", "mine"), (added.Name, added.Source, added.License));
    }

    [Fact]
    public void Add_NameThatIsTaken_IsRefused()
    {
        Add();
        Assert.Contains("is in the store already", Refused(() => Add()), StringComparison.Ordinal);
        Assert.Equal(["tiny.gguf", "tiny.json"], Names());
    }

    [Fact]
    public void Add_WithoutRoom_IsRefusedBeforeAByteIsWritten()
    {
        _free = ModelStore.SpareBytes + new FileInfo(_model).Length - 1;
        string message = Refused(() => _store.Add(_model, null, null, null, null,
            static (_, _) => Assert.Fail("copied")));
        Assert.Contains("has room for 0 MiB; remove a model", message, StringComparison.Ordinal);
        Assert.Empty(Names());
        _free++;
        Add();
    }

    [Fact]
    public void Add_OtherSumThanPromised_LeavesNothing()
    {
        string wrong = new('0', 64);
        Assert.Contains("download it again", Refused(() => _store.Add(_model, null, null, null, wrong,
            static (_, _) => { })), StringComparison.Ordinal);
        Assert.Empty(Names());
        string right = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_model)));
        Assert.Equal(right, _store.Add(_model, null, null, null, right, static (_, _) => { }).Sha256,
            ignoreCase: true);
    }

    [Fact]
    public void Add_StoppedOrKilledWhileCopying_TheNextOneCleansUp()
    {
        Assert.Throws<OperationCanceledException>(() => _store.Add(_model, null, null, null, null,
            static (_, _) => throw new OperationCanceledException()));
        Assert.Empty(_store.List());
        // A process that was killed removes nothing itself.
        string left = _store.PathOf("killed") + ".new";
        File.WriteAllText(left, "half");
        Assert.Equal("killed", Assert.Single(_store.List()).Name);
        Add();
        Assert.False(File.Exists(left));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../evil")]
    [InlineData(".hidden")]
    [InlineData("-rf")]
    [InlineData("a b")]
    [InlineData("ä")]
    public void Add_NameThatIsNone_IsAUsageError(string name)
    {
        var error = Assert.Throws<UserErrorException>(() => _store.Add(_model, name, null, null, null,
            static (_, _) => { }));
        Assert.Equal(ExitCode.Usage, error.Code);
        Assert.Throws<UserErrorException>(() => _store.Remove(name));
    }

    [Fact]
    public void Add_FileThatIsNoModel_IsRefusedByPath()
    {
        string text = Path.Combine(_folder, "text.gguf");
        File.WriteAllText(text, new string('x', 4096));
        Assert.Contains(text, Refused(() => _store.Add(text, null, null, null, null, static (_, _) => { })),
            StringComparison.Ordinal);
        Assert.Contains("does not exist", Refused(() => _store.Add(text + "x", null, null, null, null,
            static (_, _) => { })), StringComparison.Ordinal);
    }

    [Fact]
    public void Add_WhileAnotherChangesTheStore_IsRefused()
    {
        Add();
        using var other = new FileStream(Path.Combine(_folder, "store", ".lock"), FileMode.Open,
            FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("another edge is changing", Refused(() => _store.Remove("tiny")), StringComparison.Ordinal);
        Assert.Single(_store.List());
    }

    [Fact]
    public void Verify_ChangedMissingAndUnrecordedModels_AreNamed()
    {
        ModelRecord record = Add();
        byte[] bytes = File.ReadAllBytes(_model);
        bytes[^1] ^= 1;
        File.WriteAllBytes(_store.PathOf("tiny"), bytes);
        Assert.Equal("damaged", _store.Verify("tiny", record, static (_, _) => { }));
        Assert.Equal("ok", _store.StateOf("tiny", record));
        File.WriteAllBytes(_store.PathOf("tiny"), bytes.AsSpan(1).ToArray());
        Assert.Equal("damaged", _store.StateOf("tiny", record));
        File.Delete(_store.PathOf("tiny"));
        Assert.Equal("missing", _store.Verify("tiny", record, static (_, _) => { }));
        File.Copy(_model, _store.PathOf("tiny"));
        File.WriteAllText(Path.Combine(_folder, "store", "tiny.json"), "{\"format\":\"edge-model-1\"");
        Assert.Equal("unrecorded", _store.StateOf("tiny", Assert.Single(_store.List()).Record));
        _store.Remove("tiny");
        Assert.Empty(Names());
        Assert.Contains("it is empty", Refused(() => _store.Remove("tiny")), StringComparison.Ordinal);
    }

    private ModelRecord Add() => _store.Add(_model, null, null, null, null, static (_, _) => { });

    private string[] Names() => [.. Directory.EnumerateFiles(Path.Combine(_folder, "store"))
        .Select(path => Path.GetFileName(path)).Where(name => name != ".lock").Order(StringComparer.Ordinal)];

    private static string Refused(Action action) => Assert.Throws<UserErrorException>(action).Message;
}
