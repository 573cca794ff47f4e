using System.Diagnostics;

namespace Edge.Weights;

/// <summary>What the lanes do: read, check, land.</summary>
public sealed unsafe partial class Residency
{
    private void Work()
    {
        while (true)
        {
            ReadPiece piece;
            lock (_gate)
            {
                while (!_queue.TryTake(out piece))
                {
                    if (_stopping) return;
                    Monitor.Wait(_gate);
                }
                if (_stopping) return;
            }
            Bring(piece);
        }
    }

    private void Bring(in ReadPiece piece)
    {
        ReadRequest request = piece.Request;
        WeightReadException? failure = _reader.Read(piece);
        bool whole;
        lock (_gate)
        {
            _reads++;
            _bytesRead += piece.Bytes;
            whole = failure is null && request.PieceDone(piece.Index);
        }
        if (whole && request.Verify) failure = _reader.Verify(piece);
        if (whole && failure is null) failure = _reader.Unchanged(piece.Range.Offset);
        if (whole && failure is null && !Place(piece)) failure = _reader.NoWeights(piece.Range);
        lock (_gate)
        {
            request.Failure ??= failure;
            if (whole) request.RangeDone();
            request.PieceReturned();
            if (!request.IsDone) return;
            Land(request);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Brings a range that came to where and how it is used; false: its bytes are no weights.</summary>
    private static bool Place(in ReadPiece piece)
    {
        byte* at = AddressOf(piece.Range, piece.RangeTo), came = piece.RangeTo + piece.Range.Skip;
        if (at != came) Buffer.MemoryCopy(came, at, piece.Range.Bytes, piece.Range.Bytes);
        return piece.Range.Arrange is not { } arrange || arrange((nint)at);
    }

    /// <summary>Where the bytes of a range are used whose first page is at an address.</summary>
    private static byte* AddressOf(in ByteRange range, byte* page) => range.BeginsOnPage ? page : page + range.Skip;

    private void Land(ReadRequest request)
    {
        int slice = request.Slice;
        _landed++;
        _queue.Remove(request);
        if (_queue.Count == 0)
        {
            long now = Stopwatch.GetTimestamp();
            (_busyTicks, _busySince) = (_busyTicks + now - _busySince, now);
        }
        if (request.Failure is { } failure)
        {
            LandFailed(request, failure);
            return;
        }
        byte* at = request.To;
        for (int r = 0; r < request.Ranges.Ranges.Count; at += request.Ranges.Ranges[r].SlotBytes, r++)
            *Cell(slice, r) = AddressOf(request.Ranges.Ranges[r], at);
        _verified[slice] = true;
        _state[slice] = State.Ready;
    }

    /// <summary>What was only a hint fails nobody: who waits for it by now gets a read of its own.</summary>
    private void LandFailed(ReadRequest request, WeightReadException failure)
    {
        int slice = request.Slice;
        _failed++;
        if (request.IsHint && request.Priority == ReadPriority.Demand)
        {
            _queue.Add(slice, request.Ranges, request.To, ReadPriority.Demand, request.Verify);
            return;
        }
        _slots.Give(_slotOf[slice]);
        _ownerOf[_slotOf[slice]] = -1;
        _state[slice] = request.IsHint ? State.Absent : State.Failed;
        if (!request.IsHint) _failures[slice] = failure;
    }
}
