using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Weights;

namespace Edge.Tests.Models.Pack;

/// <summary>Packed files changed by someone who knows the digests.</summary>
internal static class PackedBytes
{
    public delegate void Edit(Span<int> words, int matrix);

    /// <summary>The file with every matrix of a tensor edited, as words of 32 bits, and its digests made to
    /// fit.</summary>
    public static byte[] Change(string path, string name, Edit edit)
    {
        GgufFile file = GgufFile.Open(path);
        GgufTensor tensor = file.Get(name);
        byte[] bytes = File.ReadAllBytes(path);
        int count = PackHeader.Matrices(tensor.Type, tensor.Shape), size = (int)(tensor.Bytes / count);
        int words = QuantTypes.Of(tensor.Type).IsSparse ? (int)tensor.Columns : size / sizeof(int);
        int before = file.Tensors.TakeWhile(t => t != tensor).Sum(t => PackHeader.Matrices(t.Type, t.Shape));
        int digests = (int)file.Metadata.OffsetOf(PackHeader.DigestsKey) + sizeof(ulong) + PackHeader.DigestsKey.Length
            + 2 * sizeof(uint) + sizeof(ulong);
        for (int m = 0; m < count; m++)
        {
            Span<byte> matrix = bytes.AsSpan((int)tensor.Offset + m * size, size);
            edit(MemoryMarshal.Cast<byte, int>(matrix)[..words], m);
            var digest = new Checksum();
            digest.Add(matrix);
            int at = digests + (before + m) * sizeof(ulong);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), digest.Value);
        }
        return bytes;
    }
}
