namespace Edge.Weights;

/// <summary>Reads pieces of ranges and checks them: every failure is tried once more, then said with its place and
/// remedy.</summary>
internal sealed unsafe class CheckedReader(IWeightStorage storage, string path)
{
    private readonly StorageState _opened = StateOf(storage, path, 0, out StorageState state) is { } failure
        ? throw failure : state;
    private long _retries;

    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Null when the piece came.</summary>
    public WeightReadException? Read(in ReadPiece piece)
    {
        WeightReadException? failure = ReadOnce(piece.Range, piece.At, piece.RangeTo, piece.Bytes);
        if (failure is null) return null;
        Interlocked.Increment(ref _retries);
        return ReadOnce(piece.Range, piece.At, piece.RangeTo, piece.Bytes);
    }

    /// <summary>Null when the range that came has its checksum, if need be after reading all of it again.</summary>
    public WeightReadException? Verify(in ReadPiece piece)
    {
        if (HasDigest(piece)) return null;
        Interlocked.Increment(ref _retries);
        for (long at = 0; at < piece.Range.SlotBytes; at += ReadRequest.PieceBytes)
        {
            int bytes = (int)Math.Min(ReadRequest.PieceBytes, piece.Range.SlotBytes - at);
            if (ReadOnce(piece.Range, at, piece.RangeTo, bytes) is { } failure) return failure;
        }
        return HasDigest(piece) ? null : new WeightReadException(ReadFailure.WrongChecksum, piece.Range.Offset,
            $"{path}: bytes {piece.Range.Offset} to {piece.Range.Offset + piece.Range.Bytes} are not those that were " +
            "packed; the file or the storage is damaged, copy it or pack the model again");
    }

    /// <summary>Null while the file is the one that was opened. A file that was replaced under its name is still open
    /// here as it was; one that was written to is not.</summary>
    public WeightReadException? Unchanged(long offset)
    {
        if (StateOf(storage, path, offset, out StorageState now) is not null)
        {
            Interlocked.Increment(ref _retries);
            if (StateOf(storage, path, offset, out now) is { } failure) return failure;
        }
        return now == _opened ? null : new WeightReadException(ReadFailure.FileChanged, offset,
            $"{path} was written to while it is in use: it had {_opened.Bytes} bytes and has {now.Bytes}, changed " +
            $"{now.LastWriteUtc:u}; put the model back and restart edge");
    }

    /// <summary>For bytes that came as the file has them and cannot be arranged.</summary>
    public WeightReadException NoWeights(in ByteRange range) => new(ReadFailure.WrongChecksum, range.Offset,
        $"{path}: bytes {range.Offset} to {range.Offset + range.Bytes} have scales that are infinite or no number; " +
        "the file is damaged or was badly converted");

    private WeightReadException? ReadOnce(in ByteRange range, long at, byte* rangeTo, int bytes)
    {
        long from = range.FirstPage + at;
        // Behind the range's own bytes its page is filled up with the neighbour's, or the file ends.
        long needed = Math.Min(bytes, range.Skip + range.Bytes - at);
        try
        {
            for (int done = 0; done < needed;)
            {
                // A short read that stopped inside a page starts that page again: direct reads begin at pages.
                int got = storage.Read(from + done, rangeTo + at + done, bytes - done);
                int pages = done + got < needed ? got & -StorageFile.Alignment : got;
                if (pages == 0)
                    return new WeightReadException(ReadFailure.ShortRead, from + done + got,
                        $"{path} ends at byte {from + done + got}, and weights stand there up to byte " +
                        $"{from + needed}; was it cut while in use? Copy the model again and restart edge");
                done += pages;
            }
            return null;
        }
        catch (Exception e) when (StorageFile.IsFailure(e))
        {
            return DeviceError($"reading {path} at byte {from} failed", from, e);
        }
    }

    /// <summary>Null when the system said what the file is now.</summary>
    private static WeightReadException? StateOf(
        IWeightStorage storage, string path, long offset, out StorageState state)
    {
        try
        {
            state = storage.State;
            return null;
        }
        catch (Exception e) when (StorageFile.IsFailure(e))
        {
            state = default;
            return DeviceError($"asking for the size and time of {path} failed", offset, e);
        }
    }

    private static WeightReadException DeviceError(string what, long offset, Exception e) =>
        new(ReadFailure.DeviceError, offset, what + ": " + e.Message + (e is UnauthorizedAccessException
            ? "; edge may no longer read it: give it back its rights, or mount the storage again, and restart edge"
            : "; check the storage (dmesg shows its errors), or the network to it"), e);

    private static bool HasDigest(in ReadPiece piece)
    {
        if (piece.Range.Digest is not { } digest) return true;
        var sum = new Checksum();
        byte* first = piece.RangeTo + piece.Range.Skip;
        for (long at = 0; at < piece.Range.Bytes; at += 1 << 24)
            sum.Add(new ReadOnlySpan<byte>(first + at, (int)Math.Min(1 << 24, piece.Range.Bytes - at)));
        return sum.Value == digest;
    }
}
