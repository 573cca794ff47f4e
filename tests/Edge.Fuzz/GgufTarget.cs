using System.Text;
using Edge.Gguf;
using Edge.Weights;

namespace Edge.Fuzz;

/// <summary>A file: its header parsed, all metadata decoded, its weights opened both ways, every tensor's first and
/// last byte compared between the two.</summary>
internal static class GgufTarget
{
    /// <summary>In memory where Linux has it: a run writes millions of files.</summary>
    private static readonly string Folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    public static FuzzTarget Row { get; } = new("gguf", Run)
    {
        Refusals = [typeof(GgufException)],
        Complaint = Complaint,
        Generate = Generate,
    };

    private static void Run(ReadOnlySpan<byte> input)
    {
        string path = Path.Combine(
            Folder, $"edge-fuzz-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.gguf");
        File.WriteAllBytes(path, input);
        try
        {
            GgufFile file = GgufFile.Open(path);
            foreach (string key in file.Metadata.Keys) Decode(file.Metadata, key);
            using WeightFile mapped = WeightFile.Open(file, WeightLoading.Map);
            using WeightFile read = WeightFile.Open(file, WeightLoading.Read);
            foreach (GgufTensor tensor in file.Tensors) Touch(mapped, read, tensor);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Decode(GgufMetadata metadata, string key)
    {
        object value = metadata[key];
        if (value is Array array && array.Length != metadata.ArrayCount(key))
            throw new InvalidOperationException($"{key} lost elements");
        if (metadata.OffsetOf(key) == 0) throw new InvalidOperationException($"{key} has no offset");
    }

    private static unsafe void Touch(WeightFile mapped, WeightFile read, GgufTensor tensor)
    {
        byte* m = mapped.Address(tensor), r = read.Address(tensor);
        if (m[0] != r[0] || m[tensor.Bytes - 1] != r[tensor.Bytes - 1])
            throw new InvalidOperationException($"{tensor.Name} differs between Map and Read");
        mapped.Release(tensor);
    }

    private static string? Complaint(Exception e, byte[] input)
    {
        long offset = ((GgufException)e).ByteOffset;
        if (offset < 0 || offset > input.Length)
            return $"byte offset {offset} outside the input of {input.Length} bytes";
        if (e.Message.Any(char.IsControl)) return "control characters in the message";
        return e.Message.Length > 500 ? "message longer than 500 characters" : null;
    }

    /// <summary>A whole file, right but for a field here and there. Written without the product's writer, on
    /// purpose.</summary>
    private static byte[] Generate(Random random)
    {
        var bytes = new MemoryStream();
        var to = new BinaryWriter(bytes);
        int keys = random.Next(6), tensors = random.Next(5), alignment = 8 << random.Next(4);
        to.Write("GGUF"u8);
        to.Write((uint)Attacked(random, (ulong)random.Next(2, 4)));
        to.Write(Attacked(random, (ulong)tensors));
        to.Write(Attacked(random, (ulong)(keys + 1)));
        WriteText(random, to, "general.alignment");
        to.Write((uint)GgufValueType.UInt32);
        to.Write((uint)Attacked(random, (ulong)alignment));
        for (int i = 0; i < keys; i++)
        {
            WriteText(random, to, $"k{random.Next(20)}");
            WriteValue(random, to, (uint)Attacked(random, (ulong)random.Next(13)));
        }
        long data = 0;
        for (int i = 0; i < tensors; i++) data += WriteTensor(random, to, $"t{random.Next(20)}", data, alignment);
        while (bytes.Length % alignment != 0) to.Write((byte)0);
        for (long left = Math.Max(0, data - random.Next(40) / 39); left > 0; left--) to.Write((byte)random.Next(256));
        return bytes.ToArray();
    }

    private static ulong Attacked(Random random, ulong value) =>
        random.Next(24) == 0 ? Mutator.InterestingInteger(random) : value;

    private static void WriteText(Random random, BinaryWriter to, string text)
    {
        to.Write(Attacked(random, (ulong)text.Length));
        to.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void WriteValue(Random random, BinaryWriter to, uint type)
    {
        to.Write(type);
        var values = new byte[8];
        random.NextBytes(values);
        switch ((GgufValueType)type)
        {
            case GgufValueType.String: WriteText(random, to, new string('s', random.Next(40))); break;
            case GgufValueType.Bool: to.Write((byte)Attacked(random, (ulong)random.Next(2))); break;
            case GgufValueType.Array:
                uint element = (uint)Attacked(random, (ulong)random.Next(13));
                int count = random.Next(5);
                to.Write(element);
                to.Write(Attacked(random, (ulong)count));
                for (int i = 0; i < count; i++)
                {
                    if (element == (uint)GgufValueType.String) WriteText(random, to, "abc");
                    else to.Write(values.AsSpan(0, Width(element)));
                }
                break;
            default: to.Write(values.AsSpan(0, Width(type))); break;
        }
    }

    private static int Width(uint type) => type switch { < 2 or 7 => 1, < 4 => 2, < 7 => 4, _ => 8 };

    /// <summary>Returns the aligned bytes of the tensor's data.</summary>
    private static long WriteTensor(Random random, BinaryWriter to, string name, long offset, int alignment)
    {
        QuantTypeRow type = QuantTypes.Rows[random.Next(random.Next(4) == 0 ? QuantTypes.Rows.Count : 5)];
        int dimensions = random.Next(1, 5);
        WriteText(random, to, name);
        to.Write((uint)Attacked(random, (ulong)dimensions));
        var shape = new long[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            shape[i] = random.Next(1, 4) * (i == 0 ? type.BlockElements : 1);
            to.Write(Attacked(random, (ulong)shape[i]));
        }
        to.Write((uint)Attacked(random, (ulong)type.Id));
        to.Write(Attacked(random, (ulong)offset));
        long bytes = QuantTypes.Bytes(type.Id, shape);
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
