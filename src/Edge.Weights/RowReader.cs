using System.Runtime.InteropServices;

namespace Edge.Weights;

/// <summary>Brings single rows of a table that stays on storage, each to the same place: for embeddings, of which a
/// token needs one row. One thread at a time.</summary>
public sealed unsafe class RowReader : IDisposable
{
    private readonly IWeightStorage _storage;
    private readonly CheckedReader _reader;
    private readonly long _offset, _rowBytes, _tableBytes;
    private readonly int _bufferBytes;
    private byte* _buffer;
    private long _rowsRead;

    /// <summary>Takes the storage over. <paramref name="offset"/>: of the table in the file, in bytes.</summary>
    public RowReader(IWeightStorage storage, string path, long offset, long rowBytes, long rows)
    {
        (_storage, _offset, _rowBytes, _tableBytes) = (storage, offset, rowBytes, checked(rowBytes * rows));
        _reader = new CheckedReader(storage, path);
        const int page = StorageFile.Alignment;
        _bufferBytes = checked((int)((rowBytes + 2 * page - 2) / page * page));
        _buffer = (byte*)NativeMemory.AlignedAlloc((nuint)_bufferBytes, page);
    }

    public long BufferBytes => _bufferBytes;
    public long BytesRead => _rowsRead * _bufferBytes;

    /// <summary>The row's bytes; valid until the next call. Errors: WeightReadException.</summary>
    public byte* Row(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((row + 1) * _rowBytes, _tableBytes);
        var range = new ByteRange(_offset + row * _rowBytes, _rowBytes, null);
        var piece = new ReadPiece(null!, 0, range, _buffer, 0, (int)range.SlotBytes);
        if ((_reader.Read(piece) ?? _reader.Unchanged(range.Offset)) is { } failure) throw failure;
        _rowsRead++;
        return _buffer + range.Skip;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_buffer);
        _buffer = null;
        _storage.Dispose();
    }
}
