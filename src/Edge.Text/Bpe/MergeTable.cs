using System.Numerics;

namespace Edge.Text;

/// <summary>Pairs of adjacent tokens that merge: which token they become and in which order of precedence.</summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that does not merge.</summary>
    public const int NoRank = int.MaxValue;

    private const ulong Empty = ulong.MaxValue;
    private readonly ulong[] _pairs;
    private readonly (int Rank, int Merged)[] _values;
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    private MergeTable(int count)
    {
        _pairs = new ulong[BitOperations.RoundUpToPowerOf2((uint)(count + (count / 2)) | 16)];
        _values = new (int, int)[_pairs.Length];
        Array.Fill(_pairs, Empty);
    }

    /// <summary>Rank (0 first) and result of merging two tokens; <see cref="NoRank"/> when they do not merge.</summary>
    public int Find(int left, int right, out int merged)
    {
        ulong pair = Pair(left, right);
        int slot = Slot(pair);
        merged = _values[slot].Merged;
        return _pairs[slot] == pair ? _values[slot].Rank : NoRank;
    }

    /// <summary>Errors: GgufException for a line that is not two tokens whose union is a token.</summary>
    public static MergeTable Build(TokenizerMetadata metadata, IReadOnlyDictionary<string, int> ids)
    {
        var table = new MergeTable(metadata.Merges.Count);
        var find = ((Dictionary<string, int>)ids).GetAlternateLookup<ReadOnlySpan<char>>();
        char[] union = [];
        for (int rank = 0; rank < metadata.Merges.Count; rank++)
        {
            string line = metadata.Merges[rank];
            int space = line.Length < 3 ? -1 : line.IndexOf(' ', 1);
            if (space < 0 || space == line.Length - 1) throw Bad(metadata, rank, "is not two tokens");
            if (union.Length < line.Length) union = new char[line.Length * 2];
            line.CopyTo(union);
            line.AsSpan(space + 1).CopyTo(union.AsSpan(space));
            if (!find.TryGetValue(line.AsSpan(0, space), out int left)
                || !find.TryGetValue(line.AsSpan(space + 1), out int right)
                || !find.TryGetValue(union.AsSpan(0, line.Length - 1), out int merged))
            {
                throw Bad(metadata, rank, "names a token that the vocabulary lacks");
            }
            table.Add(Pair(left, right), rank, merged);
        }
        return table;
    }

    private void Add(ulong pair, int rank, int merged)
    {
        int slot = Slot(pair);
        if (_pairs[slot] == pair) return;   // the first line of a pair counts
        _pairs[slot] = pair;
        _values[slot] = (rank, merged);
    }

    private int Slot(ulong pair)
    {
        ulong hash = (pair ^ _seed) * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9;
        int mask = _pairs.Length - 1, slot = (int)(hash >> 32) & mask;
        while (_pairs[slot] != pair && _pairs[slot] != Empty) slot = (slot + 1) & mask;
        return slot;
    }

    private static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private static Gguf.GgufException Bad(TokenizerMetadata metadata, int rank, string what) =>
        metadata.Bad(TokenizerMetadata.MergesKey, $"merge {rank} '{Shown(metadata.Merges[rank])}' {what}");

    private static string Shown(string line) => line.Length <= 60 ? line : line[..60] + "…";
}
