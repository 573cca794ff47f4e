using System.Numerics;

namespace Edge.Text;

/// <summary>Memory of one call at a time: words met lately; for a merge the word as a linked list and a heap of pairs,
/// lowest (rank, place) first.</summary>
internal sealed class BytePairScratch
{
    private int[] _ids = [], _ranks = [], _next = [], _previous = [];
    private ulong[] _heap = [];
    private double[] _sums = [];
    private int _heapCount;

    public WordCache Words { get; } = new();
    public Span<int> Ids => _ids;
    public Span<int> Ranks => _ranks;
    public Span<int> Next => _next;
    public Span<int> Previous => _previous;

    /// <summary>Bytes of the longest word that fits without growing.</summary>
    public int Capacity => _ids.Length;

    /// <summary>So many float64, not cleared.</summary>
    public Span<double> Sums(int length)
    {
        if (_sums.Length < length) _sums = new double[_ids.Length];
        return _sums.AsSpan(0, length);
    }

    public void Begin(int length)
    {
        _heapCount = 0;
        if (_ids.Length >= length) return;
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, 64));
        _ids = new int[capacity];
        _ranks = new int[capacity];
        _next = new int[capacity];
        _previous = new int[capacity];
        // A merge removes a pair and offers at most two, and there are fewer merges than bytes.
        _heap = new ulong[capacity * 3];
    }

    public void Put(int rank, int at)
    {
        ulong key = ((ulong)(uint)rank << 32) | (uint)at;
        int hole = _heapCount++;
        while (hole > 0)
        {
            int parent = (hole - 1) >> 1;
            if (_heap[parent] <= key) break;
            _heap[hole] = _heap[parent];
            hole = parent;
        }
        _heap[hole] = key;
    }

    public bool TryTake(out int rank, out int at)
    {
        if (_heapCount == 0) { rank = at = 0; return false; }
        (rank, at) = ((int)(_heap[0] >> 32), (int)_heap[0]);
        ulong last = _heap[--_heapCount];
        int hole = 0;
        while (true)
        {
            int child = (hole * 2) + 1;
            if (child >= _heapCount) break;
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child]) child++;
            if (_heap[child] >= last) break;
            _heap[hole] = _heap[child];
            hole = child;
        }
        _heap[hole] = last;
        return true;
    }
}
