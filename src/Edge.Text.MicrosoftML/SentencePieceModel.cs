using System.Buffers.Binary;
using System.Text;

namespace Edge.Text.MicrosoftML;

/// <summary>Writes a vocabulary as SentencePiece's model file has it: the one form in which the library takes
/// it.</summary>
/// <remarks>Source: sentencepiece_model.proto; the numbers are those of its fields.</remarks>
internal static class SentencePieceModel
{
    public static byte[] Write(TokenizerMetadata metadata, bool unigram)
    {
        var model = new MemoryStream();
        bool bytes = false;
        for (int id = 0; id < metadata.Tokens.Count; id++)
        {
            long type = metadata.Types?[id] ?? (long)TokenType.Normal;
            bytes |= type == (long)TokenType.Byte;
            var piece = new MemoryStream();
            Field(piece, 1, Encoding.UTF8.GetBytes(metadata.Tokens[id]));
            Tag(piece, 2, 5);
            byte[] score = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(score, (float)metadata.Scores[id]);
            piece.Write(score);
            Field(piece, 3, (ulong)type);
            Field(model, 1, piece.ToArray());
        }
        var trainer = new MemoryStream();
        Field(trainer, 3, unigram ? 1ul : 2ul);
        Field(trainer, 35, bytes ? 1ul : 0ul);
        AddSpecial(trainer, metadata, (40, 45), TokenizerMetadata.UnknownKey);
        AddSpecial(trainer, metadata, (41, 46), TokenizerMetadata.BosKey);
        AddSpecial(trainer, metadata, (42, 47), TokenizerMetadata.EosKey);
        Field(model, 2, trainer.ToArray());
        var normalizer = new MemoryStream();
        Field(normalizer, 1, Encoding.UTF8.GetBytes(metadata.CharsMap.IsEmpty ? "identity" : "user_defined"));
        Field(normalizer, 2, metadata.CharsMap.ToArray());
        Field(normalizer, 3, metadata.AddSpacePrefix ? 1ul : 0ul);
        Field(normalizer, 4, metadata.RemovesExtraSpaces ? 1ul : 0ul);
        Field(normalizer, 5, 1ul);
        Field(model, 3, normalizer.ToArray());
        return model.ToArray();
    }

    private static void AddSpecial(
        MemoryStream trainer, TokenizerMetadata metadata, (int Id, int Piece) field, string key)
    {
        if (metadata.FindId(key) is not { } id) return;
        Field(trainer, field.Id, (ulong)id);
        Field(trainer, field.Piece, Encoding.UTF8.GetBytes(metadata.Tokens[id]));
    }

    private static void Tag(MemoryStream stream, int field, int wireType) =>
        Number(stream, ((ulong)field << 3) | (uint)wireType);

    private static void Field(MemoryStream stream, int field, ulong value)
    {
        Tag(stream, field, 0);
        Number(stream, value);
    }

    private static void Field(MemoryStream stream, int field, byte[] value)
    {
        Tag(stream, field, 2);
        Number(stream, (ulong)value.Length);
        stream.Write(value);
    }

    private static void Number(MemoryStream stream, ulong value)
    {
        for (; value >= 128; value >>= 7) stream.WriteByte((byte)(value | 128));
        stream.WriteByte((byte)value);
    }
}
