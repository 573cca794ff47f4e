using System.Buffers.Binary;
using Edge.Gguf;
using Edge.Models.Pack;

namespace Edge.Fuzz;

/// <summary>A model folder one file of which is damaged: refused with file and place, or packed. An input is the file's
/// number and its content (of safetensors: of the header; the weights follow as they were).</summary>
internal static class FolderTarget
{
    private static readonly string Folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
    private static readonly IReadOnlyList<(string Name, byte[] Bytes)> Files = EmbeddedFiles.Of("folder");

    public static FuzzTarget Row { get; } = new("folder", Run)
    {
        Refusals = [typeof(ModelFolderException), typeof(GgufException)],
        Complaint = static (e, _) => e.Message.Any(char.IsControl) ? "control characters in the message"
            : e is ModelFolderException { File: "" } or ModelFolderException { Place: "" } ? "no place"
            : e.Message.Length > 800 ? "message longer than 800 characters" : null,
        Generate = Generate,
    };

    private static void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty) return;
        string folder = Path.Combine(
            Folder, $"edge-fuzz-folder-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");
        Directory.CreateDirectory(folder);
        try
        {
            int damaged = input[0] % Files.Count;
            for (int i = 0; i < Files.Count; i++)
            {
                byte[] content = i == damaged ? [.. input[1..], .. Files[i].Bytes.AsSpan(HeadOf(i))] : Files[i].Bytes;
                File.WriteAllBytes(Path.Combine(folder, Files[i].Name), content);
            }
            ModelPacker.Forecast(folder, new PackOptions { Target = PackTarget.Keep });
            if (input.Length % 8 == 0)
                ModelPacker.Pack(folder, Path.Combine(folder, "out.gguf"),
                    new PackOptions { Target = PackTarget.Keep, Threads = 1 });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The bytes of a file that an input stands for.</summary>
    private static int HeadOf(int file) => !Files[file].Name.EndsWith(".safetensors", StringComparison.Ordinal)
        ? Files[file].Bytes.Length : 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(Files[file].Bytes);

    /// <summary>Numbers that stay numbers, or words that change places: what parses and lies.</summary>
    private static byte[] Generate(Random random)
    {
        int file = random.Next(Files.Count);
        byte[] head = Files[file].Bytes[..HeadOf(file)];
        int[] digits = [.. Enumerable.Range(0, head.Length).Where(i => head[i] is >= (byte)'0' and <= (byte)'9')];
        for (int i = random.Next(4); i > 0 && digits.Length > 0; i--)
            head[digits[random.Next(digits.Length)]] = (byte)('0' + random.Next(10));
        if (random.Next(2) == 0) head = Mutator.Mutate(random, head, Files[random.Next(Files.Count)].Bytes);
        return [(byte)file, .. head];
    }
}
