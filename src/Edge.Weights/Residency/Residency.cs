using System.Diagnostics;
using System.Runtime.InteropServices;
using Edge.Weights.Policies;

namespace Edge.Weights;

/// <summary>
/// Decides nothing and brings everything: numbered slices of a file come into a fixed number of slots, read by two
/// lanes of its own, and stay until a policy says who leaves. One thread, the owner, asks; nothing that it calls
/// allocates.
/// <para>A unit has two slices, numbered as <see cref="CacheShape"/> does; one without bytes is always there. Every
/// range of a slice has a cell that holds its address while the slice is ready: who keeps the cell's address needs no
/// look-up. A slice that is pinned stays.</para>
/// <para>Results do not depend on who left or what came first: only time does.</para>
/// </summary>
public sealed unsafe partial class Residency : IDisposable
{
    /// <summary>More lanes gain nothing: devices are busy with two, and cores are few.</summary>
    public const int Lanes = 2;
    public const int RequestsMax = 64;
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(5);

    private enum State : byte { Absent, Coming, Ready, Failed }

    private readonly IWeightStorage _storage;
    private readonly CheckedReader _reader;
    private readonly IReadOnlyList<SliceRanges> _slices;
    private readonly EvictionPolicy? _policy;
    private readonly SlotBlock _slots;
    private readonly int _rangesMax;
    private readonly byte** _cells;
    private readonly Thread[] _lanes;

    // Guarded by _gate. Only the owner takes slots and lets slices go; only lanes make them ready.
    private readonly object _gate = new();
    private readonly ReadQueue _queue;
    private readonly State[] _state;
    private readonly int[] _slotOf, _pins, _ownerOf, _candidates;
    private readonly bool[] _verified, _protected;
    private readonly Dictionary<int, WeightReadException> _failures = [];
    private bool _stopping;
    private long _busySince;

    private long _hits, _misses, _stallTicks, _bytesRead, _busyTicks, _reads, _failed, _landed;

    /// <summary>Takes the storage over. <paramref name="path"/>: for messages. <paramref name="policy"/>: null where
    /// slices leave only by <see cref="Drop"/>.</summary>
    public Residency(IWeightStorage storage, string path, IReadOnlyList<SliceRanges> slices,
        IReadOnlyList<SlotClass> classes, EvictionPolicy? policy)
    {
        foreach (SliceRanges slice in slices)
            if (slice.Ranges.Count > 0 && slice.SlotBytes > classes[slice.Class].SlotBytes)
                throw new ArgumentException($"a slice of {slice.SlotBytes} bytes in slots of " +
                    $"{classes[slice.Class].SlotBytes}");
        (_storage, _slices, _policy) = (storage, slices, policy);
        _reader = new CheckedReader(storage, path);
        _slots = new SlotBlock(classes);
        _rangesMax = Math.Max(1, slices.Max(slice => slice.Ranges.Count));
        _cells = (byte**)NativeMemory.AllocZeroed((nuint)(slices.Count * (long)_rangesMax), (nuint)sizeof(byte*));
        _queue = new ReadQueue(RequestsMax, _rangesMax);
        _state = new State[slices.Count];
        _slotOf = new int[slices.Count];
        _pins = new int[slices.Count];
        _verified = new bool[slices.Count];
        _protected = new bool[slices.Count];
        _ownerOf = new int[_slots.Count];
        _candidates = new int[_slots.Count];
        Array.Fill(_ownerOf, -1);
        for (int i = 0; i < slices.Count; i++)
            if (slices[i].Ranges.Count == 0) _state[i] = State.Ready;
        _lanes = new Thread[Lanes];
        for (int i = 0; i < Lanes; i++)
        {
            _lanes[i] = new Thread(Work, 256 << 10) { IsBackground = true, Name = $"edge reader {i}" };
            _lanes[i].Start();
        }
    }

    public string StorageName => _storage.Name;

    public ResidencyStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                long busy = _busyTicks + (_queue.Count > 0 ? Stopwatch.GetTimestamp() - _busySince : 0);
                int used = 0;
                foreach (int owner in _ownerOf) used += owner >= 0 ? 1 : 0;
                return new ResidencyStatistics
                {
                    Hits = _hits, Misses = _misses, StallMicros = Micros(_stallTicks), BytesRead = _bytesRead,
                    ReadMicros = Micros(busy), Reads = _reads, Retries = _reader.Retries, Failures = _failed,
                    SlotsUsed = used, Slots = _slots.Count, SlotBytes = _slots.Bytes,
                };
            }
        }
    }

    /// <summary>Nothing is on its way.</summary>
    public bool IsIdle { get { lock (_gate) return _queue.Count == 0; } }

    /// <summary>Where the address of a range stands while its slice is ready. The ranges of a slice follow each other;
    /// the same range of the next slice is <see cref="CellStride"/> further.</summary>
    public byte** Cell(int slice, int range) => _cells + (long)slice * _rangesMax + range;

    public int CellStride => _rangesMax;

    public bool IsReady(int slice) { lock (_gate) return _state[slice] == State.Ready; }

    /// <summary>It was asked for, and has not been used since: on its way, there, or failed.</summary>
    public bool IsComing(int slice) { lock (_gate) return _state[slice] != State.Absent; }

    /// <summary>Asks for a slice, at most once. True: it is ready or on its way. False: no slot is free and none may
    /// leave, or the queue is full. What is read because storage is idle never drives out what the policy holds
    /// worth more.</summary>
    public bool Want(int slice, ReadPriority priority)
    {
        lock (_gate)
        {
            if (_state[slice] == State.Ready) return true;
            if (_state[slice] == State.Coming)
            {
                _queue.Raise(slice, priority);
                return true;
            }
            if (_queue.IsFull) return false;
            int slot = TakeSlot(slice, priority);
            if (slot < 0) return false;
            _failures.Remove(slice);
            (_state[slice], _slotOf[slice], _ownerOf[slot]) = (State.Coming, slot, slice);
            if (_queue.Count == 0) _busySince = Stopwatch.GetTimestamp();
            _queue.Add(slice, _slices[slice], _slots.Address(slot), priority, !_verified[slice]);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Pins a slice if it is ready.</summary>
    public bool TryPin(int slice)
    {
        lock (_gate)
        {
            if (_state[slice] != State.Ready) return false;
            _pins[slice]++;
            return true;
        }
    }

    /// <summary>Pins a slice that was asked for, once it is there. Errors: WeightReadException.</summary>
    public void Pin(int slice)
    {
        lock (_gate)
        {
            Await(new ReadOnlySpan<int>(in slice));
            _pins[slice]++;
        }
    }

    public void Unpin(int slice) { lock (_gate) _pins[slice]--; }

    /// <summary>Waits until one of the slices, all asked for, is ready; returns its index. Errors:
    /// WeightReadException when one could not be read.</summary>
    public int WaitAny(ReadOnlySpan<int> slices) { lock (_gate) return Await(slices); }

    /// <summary>As <see cref="WaitAny(ReadOnlySpan{int})"/>, for so long at most; −1 when it is over.</summary>
    public int WaitAny(ReadOnlySpan<int> slices, TimeSpan limit)
    {
        long until = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        lock (_gate) return Await(slices, until);
    }

    /// <summary>Who asked for the slice waits no longer: it comes when storage has nothing else to do, and fails
    /// nobody.</summary>
    public void Demote(int slice) { lock (_gate) _queue.Demote(slice); }

    /// <summary>What a slice takes while storage is busy, on average.</summary>
    public TimeSpan MeanLanding
    {
        get { lock (_gate) return TimeSpan.FromMicroseconds(Micros(_busyTicks) / Math.Max(1, _landed)); }
    }

    /// <summary>Slices that have come, or failed, so far.</summary>
    public long Landings { get { lock (_gate) return _landed; } }

    /// <summary>Waits until something has come since there were so many <see cref="Landings"/>, whatever it is: its
    /// slot may be taken then.</summary>
    public void AwaitLanding(long landings)
    {
        lock (_gate)
        {
            if (_landed != landings) return;
            if (_queue.Count == 0) throw new InvalidOperationException("no slot is free and none fills: a bug");
            long since = Stopwatch.GetTimestamp();
            while (_landed == landings) Monitor.Wait(_gate);
            _stallTicks += Stopwatch.GetTimestamp() - since;
        }
    }

    /// <summary>Frees the slot of a slice that is ready and not pinned; no other has an effect.</summary>
    public void Drop(int slice)
    {
        lock (_gate)
            if (_state[slice] == State.Ready && _pins[slice] == 0 && _slices[slice].Ranges.Count > 0) Free(slice);
    }

    /// <summary>Whether the policy may name the slice as the one to leave, while there is any other.</summary>
    public void Protect(int slice, bool isProtected) => _protected[slice] = isProtected;

    /// <summary>After a step that failed: nothing is pinned, no failure is remembered, what still comes was asked for
    /// by nobody.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Array.Clear(_pins);
            for (int i = 0; i < _state.Length; i++)
                if (_state[i] == State.Failed) _state[i] = State.Absent;
            _failures.Clear();
            _queue.MakeHints();
        }
    }

    public void Count(long hits, long misses)
    {
        lock (_gate) (_hits, _misses) = (_hits + hits, _misses + misses);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread lane in _lanes)
            if (!lane.Join(FarewellLimit)) return; // A read that hangs in the device still writes to its slot.
        _slots.Dispose();
        NativeMemory.Free(_cells);
        _storage.Dispose();
    }

    private int Await(ReadOnlySpan<int> slices, long until = long.MaxValue)
    {
        long since = 0;
        while (true)
        {
            bool coming = false;
            for (int i = 0; i < slices.Length; i++)
            {
                if (_state[slices[i]] == State.Failed) throw Explain(slices[i]);
                if (_state[slices[i]] == State.Ready)
                {
                    if (since != 0) _stallTicks += Stopwatch.GetTimestamp() - since;
                    return i;
                }
                coming |= _state[slices[i]] == State.Coming;
            }
            if (!coming) throw new InvalidOperationException("waits for a slice that nobody asked for: a bug");
            if (since == 0) since = Stopwatch.GetTimestamp();
            if (until == long.MaxValue) Monitor.Wait(_gate);
            else if (until - Stopwatch.GetTimestamp() is var left && left > 0)
                Monitor.Wait(_gate, 1 + (int)(left * 1000 / Stopwatch.Frequency));
            else
            {
                _stallTicks += Stopwatch.GetTimestamp() - since;
                return -1;
            }
        }
    }

    /// <summary>A new exception for every throw: the lane's is shared.</summary>
    private WeightReadException Explain(int slice)
    {
        WeightReadException failure = _failures[slice];
        return new WeightReadException(failure.Failure, failure.ByteOffset, failure.Message, failure);
    }

    private static long Micros(long ticks) => (long)(ticks * 1e6 / Stopwatch.Frequency);
}
