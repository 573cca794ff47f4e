namespace Edge.Weights;

/// <summary>A slice on its way. Fields are guarded by the residency's gate.</summary>
internal sealed unsafe class ReadRequest(int rangesMax)
{
    public int Slice;
    public ReadPriority Priority;
    public long Order;
    public bool IsActive;
    public bool Verify;
    /// <summary>Nobody that is here now asked for it when it began: a failure may be one of a fault that is over.
    /// </summary>
    public bool IsHint;
    public SliceRanges Ranges = SliceRanges.None;
    public byte* To;
    public WeightReadException? Failure;
    private readonly int[] _piecesLeft = new int[rangesMax];
    private int _nextRange, _rangesLeft, _piecesOut;
    private long _nextAt;
    private byte* _rangeTo;

    /// <summary>One read; with two lanes, SD cards and USB bridges reach their rate at it.</summary>
    public const int PieceBytes = 1 << 20;

    public void Start(int slice, SliceRanges ranges, byte* to, ReadPriority priority, long order, bool verify)
    {
        (Slice, Ranges, Priority, Order, Verify) = (slice, ranges, priority, order, verify);
        To = _rangeTo = to;
        (IsActive, Failure, IsHint) = (true, null, priority != ReadPriority.Demand);
        (_nextRange, _nextAt, _piecesOut, _rangesLeft) = (0, 0, 0, ranges.Ranges.Count);
        for (int r = 0; r < _rangesLeft; r++)
        {
            long piece = PieceOf(ranges.Ranges[r].SlotBytes);
            _piecesLeft[r] = (int)((ranges.Ranges[r].SlotBytes + piece - 1) / piece);
        }
    }

    /// <summary>Something is left to hand out.</summary>
    public bool HasPieces => IsActive && Failure is null && _nextRange < Ranges.Ranges.Count;
    /// <summary>No lane works on it and none will.</summary>
    public bool IsDone => _piecesOut == 0 && (_rangesLeft == 0 || Failure is not null);

    public ReadPiece Take()
    {
        ByteRange range = Ranges.Ranges[_nextRange];
        int bytes = (int)Math.Min(PieceOf(range.SlotBytes), range.SlotBytes - _nextAt);
        var piece = new ReadPiece(this, _nextRange, range, _rangeTo, _nextAt, bytes);
        _nextAt += bytes;
        if (_nextAt == range.SlotBytes)
        {
            _rangeTo += range.SlotBytes;
            (_nextRange, _nextAt) = (_nextRange + 1, 0);
        }
        _piecesOut++;
        return piece;
    }

    /// <summary>A piece came; true when its range has all: the lane then checks the range before it is
    /// <see cref="RangeDone"/>.</summary>
    public bool PieceDone(int range) => --_piecesLeft[range] == 0;

    public void RangeDone() => _rangesLeft--;

    public void PieceReturned() => _piecesOut--;

    /// <summary>Equal pieces of at most <see cref="PieceBytes"/>: no small rest.</summary>
    private static long PieceOf(long bytes)
    {
        long count = (bytes + PieceBytes - 1) / PieceBytes;
        return ((bytes + count - 1) / count + StorageFile.Alignment - 1) & -(long)StorageFile.Alignment;
    }
}

/// <summary>One read of a lane: <paramref name="Bytes"/> bytes from <paramref name="At"/> on of the pages of a range,
/// whose first one goes to <paramref name="RangeTo"/>.</summary>
internal readonly unsafe struct ReadPiece(
    ReadRequest request, int index, ByteRange range, byte* rangeTo, long at, int bytes)
{
    public readonly ReadRequest Request = request;
    public readonly int Index = index;
    public readonly ByteRange Range = range;
    public readonly byte* RangeTo = rangeTo;
    public readonly long At = at;
    public readonly int Bytes = bytes;
}
