using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>What is done with a guess at the next layer's experts.</summary>
public enum ForesightUse
{
    /// <summary>Nothing is guessed.</summary>
    Off,
    /// <summary>Guessed experts stay in memory, and their LO slices are the first to be read when storage is idle.
    /// </summary>
    Keep,
    /// <summary>They are read, too, while storage is idle.</summary>
    Read,
}

/// <summary>Which experts the next layer will likely want: its own router says so from the input of this layer's. A
/// guess costs a small matrix and changes no result.</summary>
/// <remarks>Source: Fate, arXiv 2502.12224; what a guess is used for, first to keep and last to read, follows HOBBIT,
/// arXiv 2411.01433, and the measurements in docs/decisions/0011-residency.md.</remarks>
internal sealed class Foresight(Residency residency, CacheShape shape, ForesightUse use, bool hasLow)
{
    // Best first, each once.
    private readonly int[] _experts = new int[shape.Experts];
    private readonly bool[] _isGuessed = new bool[shape.Experts];
    private int _layer = -1, _count;

    public bool IsOn => use != ForesightUse.Off;
    /// <summary>Choices of experts in layers for which there was a guess, and those of them that were in it.</summary>
    public long Choices { get; private set; }
    public long Right { get; private set; }

    /// <summary>What a row of this pass will want in a layer, best first. Another layer's guess is over.</summary>
    public void Guess(int layer, ReadOnlySpan<int> experts)
    {
        if (layer != _layer) Clear();
        _layer = layer;
        foreach (int e in experts)
        {
            if (_isGuessed[e]) continue;
            (_isGuessed[e], _experts[_count++]) = (true, e);
            Protect(e, true);
        }
    }

    /// <summary>What a row of the layer chose: how good the guess was.</summary>
    public void Meet(int layer, ReadOnlySpan<int> chosen)
    {
        if (layer != _layer) return;
        Choices += chosen.Length;
        foreach (int e in chosen) Right += _isGuessed[e] ? 1 : 0;
    }

    /// <summary>Asks for the best guess that is not there, if storage has nothing else to do: first what lacks all,
    /// then what lacks LO.</summary>
    public void Continue()
    {
        for (int i = 0; use == ForesightUse.Read && i < _count && residency.IsIdle; i++)
            residency.Want(Hi(_experts[i]), ReadPriority.Prefetch);
        for (int i = 0; hasLow && i < _count && residency.IsIdle; i++)
            if (residency.IsReady(Hi(_experts[i]))) residency.Want(Lo(_experts[i]), ReadPriority.Idle);
    }

    /// <summary>Forgets the guess; what it protected may leave.</summary>
    public void Clear()
    {
        for (int i = 0; i < _count; i++)
        {
            _isGuessed[_experts[i]] = false;
            Protect(_experts[i], false);
        }
        (_layer, _count) = (-1, 0);
    }

    private int Hi(int expert) => CacheShape.Hi(shape.Unit(_layer, expert));
    private int Lo(int expert) => CacheShape.Lo(shape.Unit(_layer, expert));

    private void Protect(int expert, bool isProtected)
    {
        residency.Protect(Hi(expert), isProtected);
        if (hasLow) residency.Protect(Lo(expert), isProtected);
    }
}
