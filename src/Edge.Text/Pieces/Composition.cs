using System.Text;

namespace Edge.Text;

/// <summary>Unicode's canonical composition (NFC). The binary carries no ICU, so that
/// <see cref="string.Normalize()"/> leaves text as it is.</summary>
/// <remarks>Source: Unicode Standard Annex 15 and chapter 3.11 to 3.12 of the standard.</remarks>
internal static class Composition
{
    private const int Syllables = 0xAC00, SyllablesLast = 0xD7A3, Leads = 0x1100, Vowels = 0x1161, Tails = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28;
    /// <summary>Below it nothing composes, and nothing comes apart that was composed.</summary>
    private const char FirstMark = '\u0300';

    private static readonly Dictionary<int, byte> Classes = OfClasses();
    private static readonly Dictionary<int, (int First, int Second)> Apart = OfDecompositions();
    private static readonly Dictionary<(int, int), int> Pairs = OfPairs();
    /// <summary>Of the basic plane: characters that may not stay as they are, a bit each.</summary>
    private static readonly ulong[] Doubtful = OfDoubtful();

    /// <summary>The composed text; the same memory where nothing changes. Time: O(n log n).</summary>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> text)
    {
        int mark = text.IndexOfAnyInRange(FirstMark, '\uFFFF');
        return mark < 0 || !IsDoubtful(text[mark..]) ? text : Composed(text);
    }

    private static bool IsDoubtful(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
            // Beyond the basic plane characters are rare enough to be looked at one by one.
            if (char.IsSurrogate(c) || (Doubtful[c >> 6] >> (c & 63) & 1) != 0) return true;
        return false;
    }

    private static string Composed(ReadOnlySpan<char> text)
    {
        var all = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, all);
        Order(all);
        Compose(all);
        var composed = new StringBuilder(text.Length + 16);
        Span<char> units = stackalloc char[2];
        foreach (int value in all) composed.Append(units[..new Rune(value).EncodeToUtf16(units)]);
        return composed.ToString();
    }

    private static void Decompose(int value, List<int> all)
    {
        if (value is >= Syllables and <= SyllablesLast)
        {
            int syllable = value - Syllables, tail = syllable % TailCount;
            all.Add(Leads + syllable / (VowelCount * TailCount));
            all.Add(Vowels + syllable / TailCount % VowelCount);
            if (tail > 0) all.Add(Tails + tail);
        }
        else if (Decompositions.Ideograph(value) is { } ideograph) all.Add(ideograph);
        else if (Apart.TryGetValue(value, out (int First, int Second) parts))
        {
            Decompose(parts.First, all);
            if (parts.Second > 0) Decompose(parts.Second, all);
        }
        else all.Add(value);
    }

    /// <summary>Marks in a row stand in the order of their classes; those of one class as they were.</summary>
    private static void Order(List<int> all)
    {
        var keys = new List<long>();
        for (int at = 0; at < all.Count; at++)
        {
            keys.Clear();
            int start = at;
            for (; at < all.Count && ClassOf(all[at]) is > 0 and var kind; at++)
                keys.Add((long)kind << 53 | (long)(at - start) << 21 | (uint)all[at]);
            if (keys.Count < 2) continue;
            keys.Sort();
            for (int i = 0; i < keys.Count; i++) all[start + i] = (int)(keys[i] & 0x1FFFFF);
        }
    }

    private static void Compose(List<int> all)
    {
        int starter = -1, last = -1, kept = 0; // last: the class of what stands between the starter and this one
        for (int at = 0; at < all.Count; at++)
        {
            int kind = ClassOf(all[at]);
            if (starter >= 0 && (last < kind || last == -1)
                && Pair(all[starter], all[at]) is > 0 and var composed)
            {
                all[starter] = composed;
                continue;
            }
            if (kind == 0) (starter, last) = (kept, -1);
            else last = kind;
            all[kept++] = all[at];
        }
        all.RemoveRange(kept, all.Count - kept);
    }

    /// <summary>0: the two stay apart.</summary>
    private static int Pair(int first, int second)
    {
        if (first is >= Leads and < Leads + LeadCount && second is >= Vowels and < Vowels + VowelCount)
            return Syllables + ((first - Leads) * VowelCount + second - Vowels) * TailCount;
        if (first is >= Syllables and <= SyllablesLast && (first - Syllables) % TailCount == 0
            && second is > Tails and < Tails + TailCount) return first + second - Tails;
        return Pairs.GetValueOrDefault((first, second));
    }

    private static int ClassOf(int value) => value < FirstMark ? 0 : Classes.GetValueOrDefault(value);

    private static Dictionary<int, byte> OfClasses()
    {
        var classes = new Dictionary<int, byte>();
        ReadOnlySpan<int> rows = CompositionTables.Classes;
        for (int i = 0; i < rows.Length; i += 3)
            for (int value = rows[i]; value <= rows[i + 1]; value++) classes[value] = (byte)rows[i + 2];
        return classes;
    }

    private static Dictionary<int, (int, int)> OfDecompositions()
    {
        var apart = new Dictionary<int, (int, int)>();
        foreach (string table in (string[])[CompositionTables.Pairs, CompositionTables.Apart])
            foreach (int[] entry in Entries(table, 3)) apart[entry[0]] = (entry[1], entry[2]);
        foreach (int[] entry in Entries(CompositionTables.Singles, 2)) apart[entry[0]] = (entry[1], 0);
        return apart;
    }

    private static Dictionary<(int, int), int> OfPairs()
    {
        var pairs = new Dictionary<(int, int), int>();
        foreach (int[] entry in Entries(CompositionTables.Pairs, 3)) pairs[(entry[1], entry[2])] = entry[0];
        return pairs;
    }

    private static ulong[] OfDoubtful()
    {
        ulong[] bits = new ulong[1024];
        foreach (int value in Classes.Keys) Mark(value);
        foreach (int[] entry in Entries(CompositionTables.Pairs, 3)) Mark(entry[2]);
        foreach (int[] entry in Entries(CompositionTables.Apart, 3)) Mark(entry[0]);
        foreach (int[] entry in Entries(CompositionTables.Singles, 2)) Mark(entry[0]);
        for (int value = Vowels; value < Tails + TailCount; value++) Mark(value);
        for (int value = 0xF900; value < 0xFB00; value++) Mark(value);
        return bits;

        void Mark(int value)
        {
            if (value < 0x10000) bits[value >> 6] |= 1UL << (value & 63);
        }
    }

    private static IEnumerable<int[]> Entries(string table, int size)
    {
        int[] entry = new int[size];
        int at = 0;
        foreach (Rune rune in table.EnumerateRunes())
        {
            entry[at++] = rune.Value;
            if (at < size) continue;
            yield return entry;
            at = 0;
        }
    }
}
