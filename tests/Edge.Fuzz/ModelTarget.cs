using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;
using Edge.Models;

namespace Edge.Fuzz;

/// <summary>A small model of every architecture with a header that lies: refused with a place, or it runs three tokens.
/// An input is a recipe, as most of a file is weights: the file's number, then changes of six bytes each (what, which,
/// two bytes of where, two of value).</summary>
internal static class ModelTarget
{
    private const int ChangeBytes = 6, ChangesMax = 8, ContextMax = 16;

    private static readonly string Folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
    private static readonly IReadOnlyList<(string Name, byte[] Bytes)> Files = EmbeddedFiles.Of("models");
    private static readonly Dictionary<int, (int Header, int[] Values)> Places = [];

    public static FuzzTarget Row { get; } = new("model", Run)
    {
        Refusals = [typeof(GgufException)],
        Complaint = static (e, _) => e.Message.Any(char.IsControl) ? "control characters in the message"
            : e.Message.Length > 500 ? "message longer than 500 characters" : null,
        Generate = Generate,
    };

    private static void Run(ReadOnlySpan<byte> input)
    {
        string path = Path.Combine(
            Folder, $"edge-fuzz-model-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.gguf");
        File.WriteAllBytes(path, Cooked(input, path));
        try
        {
            using Model model = Model.Load(path, new ModelOptions { Threads = 1, BatchRowsMax = 2 });
            using KvCache cache = model.CreateCache(Math.Min(ContextMax, model.Config.ContextLength));
            int last = model.Config.VocabularySize - 1;
            ReadOnlySpan<float> logits = model.Forward([new BatchRow(0, cache, WantsLogits: true)]);
            if (logits.Length != last + 1) throw new InvalidOperationException($"{logits.Length} logits");
            if (model.Config.ContextLength < 3) return;
            model.Forward([new BatchRow(last, cache, false), new BatchRow(last / 2, cache, WantsLogits: true)]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Cooked(ReadOnlySpan<byte> recipe, string path)
    {
        int file = recipe.IsEmpty ? 0 : recipe[0] % Files.Count;
        byte[] bytes = [.. Files[file].Bytes];
        (int header, int[] values) = PlacesOf(file, path);
        for (int i = 0, at = 1; i < ChangesMax && at + ChangeBytes <= recipe.Length; i++, at += ChangeBytes)
        {
            ushort where = BinaryPrimitives.ReadUInt16LittleEndian(recipe[(at + 2)..]);
            ushort value = BinaryPrimitives.ReadUInt16LittleEndian(recipe[(at + 4)..]);
            uint word = recipe[at + 1] % 3 == 0 ? value : (uint)Mutator.InterestingInteger(new Random(value));
            int place = recipe[at] % 3 == 0 ? where % header : values[where % values.Length];
            if (recipe[at] % 3 == 1) word = (uint)(bytes[place] + (sbyte)value);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Math.Min(place, bytes.Length - 4)), word);
        }
        return bytes;
    }

    /// <summary>Where the header ends and where its numbers stand.</summary>
    private static (int Header, int[] Values) PlacesOf(int file, string path)
    {
        if (Places.TryGetValue(file, out var known)) return known;
        File.WriteAllBytes(path, Files[file].Bytes);
        GgufFile open = GgufFile.Open(path);
        var values = new List<int>();
        foreach (string key in open.Metadata.Keys)
        {
            // An entry: the key's length, the key, its type, the value.
            byte[] spelled = Encoding.UTF8.GetBytes(key);
            int type = Files[file].Bytes.AsSpan().IndexOf(spelled) + spelled.Length;
            if (Files[file].Bytes[type] is not (byte)GgufValueType.String and not (byte)GgufValueType.Array)
                values.Add(type + 4);
        }
        return Places[file] = ((int)open.Tensors.Min(tensor => tensor.Offset), [.. values]);
    }

    private static byte[] Generate(Random random)
    {
        var recipe = new byte[1 + ChangeBytes * random.Next(1, 4)];
        random.NextBytes(recipe);
        return recipe;
    }
}
