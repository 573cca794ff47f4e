using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Keys of the file that will be packed: gathered, and so checked, while packing is planned.</summary>
internal sealed class HubKeys
{
    private readonly List<Action<GgufWriter>> _all = [];

    public void Set<T>(string key, T value) where T : unmanaged => _all.Add(writer => writer.Set(key, value));

    public void Set(string key, string value) => _all.Add(writer => writer.Set(key, value));

    public void SetArray<T>(string key, T[] values) where T : unmanaged =>
        _all.Add(writer => writer.SetArray<T>(key, values));

    public void Write(GgufWriter writer)
    {
        foreach (Action<GgufWriter> set in _all) set(writer);
    }
}
