using System.Buffers.Binary;
using Edge.Mqtt.Journal;
using Xunit;

namespace Edge.Tests.Mqtt.Journal;

public sealed class JournalFileTests : IDisposable
{
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private static byte[] Body(int seed, int length)
    {
        byte[] body = new byte[length];
        new Random(seed).NextBytes(body);
        return body;
    }

    private List<byte[]> Read()
    {
        var records = new List<byte[]>();
        using var file = JournalFile.TryOpen(_place.Path, records, out string problem);
        Assert.True(file is not null, problem);
        return records;
    }

    // Writes the records one batch each; returns the file's length after each of them.
    private List<long> Write(params byte[][] bodies)
    {
        using var file = JournalFile.TryOpen(_place.Path, [], out string problem);
        Assert.True(file is not null, problem);
        var ends = new List<long> { file.Length };
        foreach (byte[] body in bodies)
        {
            Assert.Null(file.Append([body]));
            Assert.Null(file.Sync());
            ends.Add(file.Length);
        }
        return ends;
    }

    [Fact]
    public void Append_ReadBack_GivesTheSameRecords()
    {
        byte[][] bodies = [Body(1, 1), Body(2, 1000), Body(3, 70_000), Body(4, 7)];
        var ends = Write(bodies);
        Assert.Equal(bodies, Read());
        Assert.Equal(ends[^1], _place.Bytes.Length);
        Write(Body(5, 9));
        Assert.Equal([.. bodies, Body(5, 9)], Read());
    }

    [Fact]
    public void PowerCut_TruncatedAtEveryByteOfTheLastRecord_LosesOnlyIt()
    {
        byte[][] bodies = [Body(1, 40), Body(2, 30), Body(3, 50)];
        var ends = Write(bodies);
        byte[] whole = _place.Bytes;
        for (long length = ends[2]; length < ends[3]; length++)
        {
            _place.Bytes = whole[..(int)length];
            Assert.Equal(bodies[..2], Read());
            Assert.Equal(ends[2], _place.Bytes.Length);
            // What is appended after the cut is found again.
            Write(Body(9, 20));
            Assert.Equal([.. bodies[..2], Body(9, 20)], Read());
        }
    }

    [Fact]
    public void PowerCut_GarbledAtEveryByteOfTheLastRecord_LosesOnlyIt()
    {
        byte[][] bodies = [Body(1, 40), Body(2, 30), Body(3, 50)];
        var ends = Write(bodies);
        byte[] whole = _place.Bytes;
        for (int at = (int)ends[2]; at < ends[3]; at++)
        {
            foreach (byte flip in new byte[] { 1, 0x80, 0xFF })
            {
                byte[] bad = [.. whole];
                bad[at] ^= flip;
                _place.Bytes = bad;
                Assert.Equal(bodies[..2], Read());
            }
        }
    }

    [Fact]
    public void Open_ValidRecordsBehindABadOne_AreNotTrusted()
    {
        var ends = Write(Body(1, 40), Body(2, 40), Body(3, 40));
        byte[] whole = _place.Bytes;
        whole[ends[1] + JournalFile.FrameBytes] ^= 1;
        _place.Bytes = whole;
        Assert.Single(Read());
        // A record from another place has its own checksum right and still does not follow.
        byte[] moved = [.. whole[..(int)ends[1]], .. whole[(int)ends[2]..(int)ends[3]]];
        _place.Bytes = moved;
        Assert.Single(Read());
    }

    [Fact]
    public void Rewrite_FewerRecords_ReplacesTheFile()
    {
        Write(Body(1, 4000), Body(2, 4000));
        var records = new List<byte[]>();
        using (var file = JournalFile.TryOpen(_place.Path, records, out _)!)
        {
            Assert.Null(file.Rewrite([records[1]]));
            Assert.Null(file.Append([Body(3, 10)]));
            Assert.Null(file.Sync());
            Assert.Equal(file.Length, new FileInfo(_place.Path).Length);
        }
        Assert.Equal([Body(2, 4000), Body(3, 10)], Read());
        Assert.False(File.Exists(_place.Path + ".new"));
    }

    [Fact]
    public void Rewrite_RenamedButTheFolderIsNotSynced_GoesOnInTheNewFileAndMustBeRewritten()
    {
        Write(Body(1, 4000));
        bool fails = true;
        using (var file = JournalFile.TryOpen(_place.Path, [], out _, _ =>
        {
            if (fails) throw new IOException("a disk that fails");
        })!)
        {
            Assert.Equal("a disk that fails", file.Rewrite([Body(2, 30)]));
            Assert.True(file.MustRewrite);
            Assert.Null(file.Append([Body(3, 10)]));
            Assert.Null(file.Sync());
            Assert.Equal(file.Length, new FileInfo(_place.Path).Length);
            fails = false;
            Assert.Null(file.Rewrite([Body(2, 30), Body(3, 10)]));
            Assert.False(file.MustRewrite);
        }
        Assert.Equal([Body(2, 30), Body(3, 10)], Read());
        Assert.False(File.Exists(_place.Path + ".new"));
    }

    [Fact]
    public void Commit_AfterARewriteThatHalfFailed_IsInTheFileThatHasTheName()
    {
        Write(Body(1, 4000));
        var gate = new Lock();
        List<byte[]> state = [Body(2, 30)];
        bool fails = true;
        var file = JournalFile.TryOpen(_place.Path, [], out _, _ =>
        {
            if (fails) throw new IOException("a disk that fails");
        })!;
        using (var commit = new GroupCommit(file, 1 << 20, gate, () => [.. state]))
        {
            Assert.NotNull(commit.Rewrite());
            fails = false;
            state.Add(Body(3, 10));
            Batch batch;
            lock (gate) batch = commit.Add(Body(3, 10));
            Assert.Null(commit.Commit(batch, sync: true));
            // What was promised is there although the process dies now.
            Assert.Equal([.. state], Copy());
        }
    }

    private List<byte[]> Copy()
    {
        string copy = _place.Path + ".copy";
        using (var from = System.Diagnostics.Process.Start("cp", [_place.Path, copy])) from.WaitForExit();
        var records = new List<byte[]>();
        using var file = JournalFile.TryOpen(copy, records, out string problem);
        Assert.True(file is not null, problem);
        return records;
    }

    [Fact]
    public void Open_HalfRewritten_UsesTheOldFile()
    {
        Write(Body(1, 100));
        File.WriteAllBytes(_place.Path + ".new", _place.Bytes[..20]);
        Assert.Equal([Body(1, 100)], Read());
    }

    [Fact]
    public void Open_Twice_IsRefusedWithTheRemedy()
    {
        using var first = JournalFile.TryOpen(_place.Path, [], out _);
        Assert.Null(JournalFile.TryOpen(_place.Path, [], out string problem));
        Assert.Contains("one edge per journal", problem);
    }

    [Fact]
    public void Open_LaterVersionThatWeCanRead_IsRead()
    {
        Write(Body(1, 10));
        Header(version: 2, readerMin: JournalFile.Version);
        Assert.Equal([Body(1, 10)], Read());
        Header(version: 3, readerMin: 2);
        Assert.Null(JournalFile.TryOpen(_place.Path, [], out string problem));
        Assert.Contains("newer edge (format 3)", problem);
    }

    [Fact]
    public void File_Made_IsForItsOwnerAlone()
    {
        Write(Body(1, 10));
        if (OperatingSystem.IsWindows()) return; // says the analyzer; edge runs on Linux
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_place.Path));
    }

    [Fact]
    public void Open_NoJournal_IsRefusedAndLeftAlone()
    {
        byte[] foreign = [.. "this is somebody's diary"u8];
        _place.Bytes = foreign;
        Assert.Null(JournalFile.TryOpen(_place.Path, [], out string problem));
        Assert.Contains("is not a journal", problem);
        Assert.Equal(foreign, _place.Bytes);
    }

    // With a checksum of its own, computed bit by bit.
    private void Header(ushort version, ushort readerMin)
    {
        byte[] all = _place.Bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(8), version);
        BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(10), readerMin);
        BinaryPrimitives.WriteUInt32LittleEndian(all.AsSpan(12), Crc32C([12, 0, 0, 0, .. all[..12]]));
        _place.Bytes = all;
    }

    private static uint Crc32C(byte[] bytes)
    {
        uint crc = ~0u;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }

    [Fact]
    public void Checksum_OfARecord_IsCrc32CChainedFromTheOneBefore()
    {
        byte[] first = Body(1, 13), second = Body(2, 5);
        Write(first, second);
        byte[] all = _place.Bytes;
        uint crc1 = Crc32C([13, 0, 0, 0, .. first]);
        Assert.Equal(crc1, BinaryPrimitives.ReadUInt32LittleEndian(all.AsSpan(JournalFile.HeaderBytes + 4)));
        // Continued, not started again.
        Assert.Equal(Crc32C([13, 0, 0, 0, .. first, 5, 0, 0, 0, .. second]), BinaryPrimitives.ReadUInt32LittleEndian(
            all.AsSpan(JournalFile.HeaderBytes + JournalFile.FrameBytes + 13 + 4)));
    }
}
