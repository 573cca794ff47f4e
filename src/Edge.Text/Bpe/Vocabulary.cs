using System.Globalization;
using System.Numerics;
using System.Text;

namespace Edge.Text;

/// <summary>The bytes and the type of every token, in one block of memory, and the way back from a word to its
/// token.</summary>
internal sealed class Vocabulary
{
    /// <summary>What some converters write for tokens that they know nothing about.</summary>
    private const long Undefined = 0;

    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly TokenType[] _types;
    private readonly int[] _slots;
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    private Vocabulary(byte[] bytes, int[] offsets, TokenType[] types, bool findsBytes)
    {
        (_bytes, _offsets, _types) = (bytes, offsets, types);
        _slots = new int[BitOperations.RoundUpToPowerOf2((uint)(types.Length * 2) | 16)];
        Array.Fill(_slots, -1);
        for (int id = 0; id < types.Length; id++)
        {
            bool wanted = types[id] == TokenType.Normal || (findsBytes && types[id] == TokenType.Byte);
            if (wanted && Bytes(id).Length > 0) _slots[Slot(Bytes(id))] = id;
            BytesMax = Math.Max(BytesMax, Bytes(id).Length);
        }
    }

    public int Count => _types.Length;

    /// <summary>Length in bytes of the longest token.</summary>
    public int BytesMax { get; }

    public TokenType Type(int id) => _types[id];

    /// <summary>The bytes that the token adds to the text, control tokens' spelling included.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_offsets[id], _offsets[id + 1] - _offsets[id]);

    /// <summary>The normal token of exactly these bytes; -1 when there is none.</summary>
    public int Find(ReadOnlySpan<byte> word) => _slots[Slot(word)];

    /// <summary>Errors: GgufException where types and tokens disagree.</summary>
    public static Vocabulary Build(TokenizerMetadata metadata)
    {
        int count = metadata.Tokens.Count;
        if (count == 0) throw metadata.Bad(TokenizerMetadata.TokensKey, "the vocabulary is empty");
        if (metadata.Types is { } given && given.Count != count)
        {
            throw metadata.Bad(TokenizerMetadata.TypesKey, $"{given.Count} types for {count} tokens");
        }
        var bytes = new List<byte>(count * 6);
        var offsets = new int[count + 1];
        var types = new TokenType[count];
        bool hashes = metadata.Model == TokenizerMetadata.WordPiece && !HasSpaceMarks(metadata);
        for (int id = 0; id < count; id++)
        {
            types[id] = TypeOf(metadata, id);
            // Only normal tokens are spelled in the byte alphabet; special ones are written as they read.
            if (metadata.HasPieces && types[id] == TokenType.Byte) bytes.Add(ByteToken(metadata, id));
            else if (metadata.HasPieces) bytes.AddRange(Encoding.UTF8.GetBytes(Piece(metadata, id, types[id], hashes)));
            else if (types[id] is TokenType.Normal or TokenType.Byte)
                ByteAlphabet.AppendBytes(metadata.Tokens[id], bytes);
            else bytes.AddRange(Encoding.UTF8.GetBytes(metadata.Tokens[id]));
            offsets[id + 1] = bytes.Count;
        }
        return new([.. bytes], offsets, types, !metadata.HasPieces);
    }

    /// <summary>WordPiece's own files mark what goes on with "##"; GGUF marks what begins a word with a
    /// space.</summary>
    private static string Piece(TokenizerMetadata metadata, int id, TokenType type, bool hashes)
    {
        string token = metadata.Tokens[id];
        if (!hashes || type != TokenType.Normal) return token.Replace(ScorePairs.Space, ' ');
        return token.StartsWith("##", StringComparison.Ordinal) && token.Length > 2 ? token[2..] : $" {token}";
    }

    private static bool HasSpaceMarks(TokenizerMetadata metadata)
    {
        foreach (string token in metadata.Tokens)
            if (token.StartsWith(ScorePairs.Space)) return true;
        return false;
    }

    /// <summary>SentencePiece spells them &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    private static byte ByteToken(TokenizerMetadata metadata, int id)
    {
        string token = metadata.Tokens[id];
        bool spelled = token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>';
        return spelled && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out byte value)
            ? value : throw metadata.Bad(TokenizerMetadata.TokensKey, $"token {id} should be a byte such as <0x0A>");
    }

    private static TokenType TypeOf(TokenizerMetadata metadata, int id)
    {
        long type = metadata.Types?[id] ?? (long)TokenType.Normal;
        if (type == Undefined) type = (long)TokenType.Normal;
        if (type is < 1 or > 6)
            throw metadata.Bad(TokenizerMetadata.TypesKey, $"token {id} has the unknown type {type}");
        // Files made by careless converters leave turn ends normal; as text they would never end a reply.
        bool turnEnd = type == (long)TokenType.Normal && EndOfGeneration.IsUnmistakable(metadata.Tokens[id]);
        return turnEnd ? TokenType.Control : (TokenType)type;
    }

    private int Slot(ReadOnlySpan<byte> word)
    {
        int mask = _slots.Length - 1, slot = (int)Hash(word) & mask;
        while (_slots[slot] is >= 0 and var id && !Bytes(id).SequenceEqual(word)) slot = (slot + 1) & mask;
        return slot;
    }

    private ulong Hash(ReadOnlySpan<byte> word)
    {
        ulong hash = _seed ^ (ulong)word.Length;
        while (word.Length >= 8)
        {
            hash = (hash ^ BitConverter.ToUInt64(word)) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 32;
            word = word[8..];
        }
        foreach (byte b in word) hash = (hash ^ b) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 32);
    }
}
