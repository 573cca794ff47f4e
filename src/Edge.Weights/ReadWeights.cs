using System.Runtime.InteropServices;
using Edge.Gguf;
using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>Tensors in one block of own memory, read from the file in large pieces in the order of the
/// file.</summary>
internal sealed unsafe class ReadWeights : IDisposable
{
    /// <summary>Address of every tensor: a cache line, and the widest vector.</summary>
    private const int AlignmentBytes = 64;
    /// <summary>One read; below 1 MiB SD cards and USB bridges lose throughput.</summary>
    private const int PieceBytes = 4 << 20;
    /// <summary>A gap (a tensor that is not wanted, padding) that is cheaper to read than to jump.</summary>
    private const int GapBytes = 64 << 10;

    private readonly SafeFileHandle _handle;
    private readonly string _path;
    private readonly long _totalBytes;
    private byte* _block;
    private byte* _stage;
    private long _stageStart, _stageBytes;

    /// <summary>Takes all of the file's tensors but those that are <paramref name="absent"/>.</summary>
    public ReadWeights(GgufFile file, SafeFileHandle handle, Dictionary<GgufTensor, nint> addresses,
        IReadOnlySet<GgufTensor>? absent, Action<long, long>? progress)
    {
        (_handle, _path) = (handle, file.Path);
        GgufTensor[] ordered =
            [.. file.Tensors.Where(tensor => absent?.Contains(tensor) != true).OrderBy(tensor => tensor.Offset)];
        long blockBytes = 0;
        foreach (GgufTensor tensor in ordered)
        {
            blockBytes += (tensor.Bytes + AlignmentBytes - 1) & -AlignmentBytes;
            _totalBytes += tensor.Bytes;
        }
        int alignment = blockBytes < MemoryAdvice.HugePageBytes ? AlignmentBytes : MemoryAdvice.HugePageBytes;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(blockBytes, AlignmentBytes), (nuint)alignment);
        MemoryAdvice.Inside(_block, blockBytes, MemoryAdvice.HugePage);
        try
        {
            _stage = (byte*)NativeMemory.AlignedAlloc(PieceBytes, AlignmentBytes);
            ReadAll(ordered, addresses, progress);
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            NativeMemory.AlignedFree(_stage);
            _stage = null;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_block);
        _block = null;
    }

    private void ReadAll(GgufTensor[] ordered, Dictionary<GgufTensor, nint> addresses, Action<long, long>? progress)
    {
        long doneBytes = 0, end = 0;
        byte* to = _block;
        for (int i = 0; i < ordered.Length; i++)
        {
            GgufTensor tensor = ordered[i];
            if (tensor.Offset >= end) end = RunEnd(ordered, i);
            addresses.Add(tensor, (nint)to);
            for (long done = 0; done < tensor.Bytes;)
            {
                long piece = ReadPiece(tensor, done, to + done, end);
                done += piece;
                doneBytes += piece;
                progress?.Invoke(doneBytes, _totalBytes);
            }
            // Own memory holds it now; the page cache need not.
            FileAdvice.Give(_handle, tensor.Offset, tensor.Bytes, FileAdvice.DontNeed);
            to += (tensor.Bytes + AlignmentBytes - 1) & -AlignmentBytes;
        }
    }

    /// <summary>Where the tensors end that stand next to each other from one on.</summary>
    private static long RunEnd(GgufTensor[] ordered, int first)
    {
        long end = ordered[first].Offset + ordered[first].Bytes;
        for (int i = first + 1; i < ordered.Length && ordered[i].Offset - end < GapBytes; i++)
            end = ordered[i].Offset + ordered[i].Bytes;
        return end;
    }

    /// <summary>Brings the next bytes of a tensor: whole pieces straight to their place, the small rest through the
    /// stage, which holds the following tensors too.</summary>
    private long ReadPiece(GgufTensor tensor, long done, byte* to, long end)
    {
        long at = tensor.Offset + done, left = tensor.Bytes - done;
        bool staged = at >= _stageStart && at < _stageStart + _stageBytes;
        if (!staged && left >= PieceBytes)
        {
            Read(tensor, at, to, PieceBytes);
            return PieceBytes;
        }
        if (!staged)
        {
            (_stageStart, _stageBytes) = (at, Math.Min(PieceBytes, end - at));
            Read(tensor, at, _stage, (int)_stageBytes);
        }
        long piece = Math.Min(left, _stageStart + _stageBytes - at);
        Buffer.MemoryCopy(_stage + (at - _stageStart), to, piece, piece);
        return piece;
    }

    private void Read(GgufTensor tensor, long at, byte* to, int bytes)
    {
        for (int done = 0; done < bytes;)
        {
            int got = ReadOnce(tensor, at + done, new Span<byte>(to + done, bytes - done));
            if (got == 0)
                throw new GgufException($"truncated: tensor '{tensor.Name}' needs bytes {at} to {at + bytes}, and " +
                    $"the file ends at {at + done}; was it cut while it was read? Download it again", at + done);
            done += got;
        }
    }

    private int ReadOnce(GgufTensor tensor, long at, Span<byte> to)
    {
        try
        {
            return RandomAccess.Read(_handle, to, at);
        }
        catch (IOException e)
        {
            throw new IOException($"reading tensor '{tensor.Name}' at byte {at} of {_path} failed: {e.Message}; " +
                "check the storage (dmesg shows its errors)", e);
        }
    }
}
