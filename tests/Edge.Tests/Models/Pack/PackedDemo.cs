using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;

namespace Edge.Tests.Models.Pack;

/// <summary>The demo model packed in every way that tests ask for, each once per run.</summary>
public sealed class PackedDemo : IDisposable
{
    private readonly Dictionary<(string, PackOptions), (TemporaryFile File,
        IReadOnlyList<PackedTensor> Tensors)> _made = [];

    internal (string Path, IReadOnlyList<PackedTensor> Tensors) Get(string type, PackOptions options)
    {
        lock (_made)
        {
            if (!_made.TryGetValue((type, options), out var made))
            {
                var file = new TemporaryFile(name: "packed.gguf");
                made = (file, ModelPacker.Pack(DemoModel.File(type), file.Path, options));
                _made.Add((type, options), made);
            }
            return (made.File.Path, made.Tensors);
        }
    }

    /// <summary>Logits of a prompt's last token, computed in chunks.</summary>
    internal static float[] Logits(string path, string? set, int[] ids, int chunk, Arithmetic arithmetic =
        Arithmetic.Integer)
    {
        using Model model = Model.Load(path, new ModelOptions { KernelSet = set, Arithmetic = arithmetic, Threads =
            2 });
        using KvCache cache = model.CreateCache(256);
        return DemoModel.Run(model, cache, ids, chunk);
    }

    public void Dispose()
    {
        foreach ((TemporaryFile file, _) in _made.Values) file.Dispose();
    }
}
