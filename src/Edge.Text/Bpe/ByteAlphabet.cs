using System.Text;

namespace Edge.Text;

/// <summary>GPT-2's spelling of bytes: printable Latin-1 characters stand for themselves, the other 68 for U+0100
/// on.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOf = new char[256];
    private static readonly short[] ByteOf = new short[256 + 68];

    static ByteAlphabet()
    {
        Array.Fill(ByteOf, (short)-1);
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool itself = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            CharOf[b] = (char)(itself ? b : next++);
            ByteOf[CharOf[b]] = (short)b;
        }
    }

    public static char Spell(byte value) => CharOf[value];

    /// <summary>Appends the bytes that <paramref name="spelling"/> stands for; characters outside the alphabet as
    /// UTF-8.</summary>
    public static void AppendBytes(string spelling, List<byte> destination)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in spelling.EnumerateRunes())
        {
            if (rune.Value < ByteOf.Length && ByteOf[rune.Value] is >= 0 and var value) destination.Add((byte)value);
            else destination.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
        }
    }
}
