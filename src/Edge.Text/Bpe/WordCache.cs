using System.Runtime.InteropServices;

namespace Edge.Text;

/// <summary>Tokens of short words that were met lately. Text repeats its words; merging one costs a hundred times what
/// finding it here costs. Direct-mapped: a word has one place and a newer one takes it, so a stranger's text cannot
/// make it slow or large.</summary>
internal sealed class WordCache
{
    private const int Entries = 2048, BytesMax = 24, IdsMax = 12;

    private readonly byte[] _words = new byte[Entries * BytesMax];
    private readonly int[] _ids = new int[Entries * IdsMax];
    private readonly byte[] _lengths = new byte[Entries];
    private readonly byte[] _idCounts = new byte[Entries];
    private readonly uint _seed = (uint)Random.Shared.Next();

    /// <summary>Appends the word's ids; false when it is not here.</summary>
    public bool TryAppend(ReadOnlySpan<byte> word, List<int> destination)
    {
        if (word.Length > BytesMax) return false;
        int at = Place(word);
        if (_lengths[at] != word.Length || !_words.AsSpan(at * BytesMax, word.Length).SequenceEqual(word)) return false;
        for (int i = 0; i < _idCounts[at]; i++) destination.Add(_ids[at * IdsMax + i]);
        return true;
    }

    /// <summary>Remembers the ids of <paramref name="destination"/> from <paramref name="first"/> on.</summary>
    public void Put(ReadOnlySpan<byte> word, List<int> destination, int first)
    {
        int count = destination.Count - first;
        if (word.Length > BytesMax || count > IdsMax) return;
        int at = Place(word);
        word.CopyTo(_words.AsSpan(at * BytesMax));
        CollectionsMarshal.AsSpan(destination)[first..].CopyTo(_ids.AsSpan(at * IdsMax));
        (_lengths[at], _idCounts[at]) = ((byte)word.Length, (byte)count);
    }

    private int Place(ReadOnlySpan<byte> word)
    {
        uint hash = _seed ^ (uint)word.Length;
        for (; word.Length >= 4; word = word[4..]) hash = Mix(hash, MemoryMarshal.Read<uint>(word));
        foreach (byte value in word) hash = Mix(hash, value);
        return (int)(hash >> 16) % Entries;
    }

    private static uint Mix(uint hash, uint value)
    {
        hash = (hash ^ value) * 0x9E3779B1;
        return hash ^ hash >> 15;
    }
}
