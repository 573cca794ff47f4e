namespace Edge.Models.Pack;

/// <summary>The one magnitude that all weights but the zeros of a ternary matrix have; mixed where there are
/// several.</summary>
internal struct Magnitude
{
    private float _value;
    private bool _mixed;

    /// <summary>Null: several, or no weight is other than zero.</summary>
    public readonly float? Value => _mixed || _value == 0 ? null : _value;

    public void Add(ReadOnlySpan<float> weights)
    {
        foreach (float w in weights) Add(Math.Abs(w));
    }

    public static float? Of(ReadOnlySpan<TileWriter> writers)
    {
        var all = new Magnitude();
        foreach (TileWriter writer in writers)
        {
            Magnitude part = writer.Magnitude;
            all.Add(part._value);
            all._mixed |= part._mixed;
        }
        return all.Value;
    }

    private void Add(float size)
    {
        if (size == 0 || size == _value) return;
        _mixed |= _value != 0;
        _value = size;
    }
}
