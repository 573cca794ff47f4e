namespace Edge.Models;

/// <summary>The rows of one pass: token, position and cache of each. Arrays made once.</summary>
internal sealed class Batch(int rowsMax)
{
    private readonly int[] _tokens = new int[rowsMax];
    private readonly int[] _positions = new int[rowsMax];
    private readonly SequenceCache[] _caches = new SequenceCache[rowsMax];
    private readonly int[] _wanted = new int[rowsMax];

    public int Count { get; private set; }
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);
    public ReadOnlySpan<int> Positions => _positions.AsSpan(0, Count);
    public ReadOnlySpan<SequenceCache> Caches => _caches.AsSpan(0, Count);
    /// <summary>The rows whose logits are wanted.</summary>
    public ReadOnlySpan<int> Wanted => _wanted.AsSpan(0, WantedCount);
    public int WantedCount { get; private set; }

    /// <summary>Takes the rows and appends their positions. Errors: as <see cref="Model.Forward"/>.</summary>
    public void Set(ReadOnlySpan<BatchRow> rows, object owner, int vocabulary)
    {
        Require(rows, owner, vocabulary);
        Count = rows.Length;
        WantedCount = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            _tokens[i] = rows[i].Token;
            _caches[i] = (SequenceCache)rows[i].Cache;
            _positions[i] = _caches[i].Append();
            if (rows[i].WantsLogits) _wanted[WantedCount++] = i;
        }
    }

    private void Require(ReadOnlySpan<BatchRow> rows, object owner, int vocabulary)
    {
        if (rows.Length > _tokens.Length)
            throw new ArgumentException($"{rows.Length} rows in one pass; the model was loaded for {_tokens.Length}");
        foreach (ref readonly BatchRow row in rows)
        {
            if ((uint)row.Token >= (uint)vocabulary)
                throw new ArgumentException($"token {row.Token} is outside the vocabulary of {vocabulary}");
            if (row.Cache is not SequenceCache cache || cache.Owner != owner)
                throw new ArgumentException("the cache was made by another model");
            if (cache.Capacity - cache.Length < rows.Length && !Fits(rows, cache))
                throw new ArgumentException($"the rows do not fit the cache of {cache.Capacity} positions");
        }
    }

    private static bool Fits(ReadOnlySpan<BatchRow> rows, SequenceCache cache)
    {
        int own = 0;
        foreach (ref readonly BatchRow row in rows)
        {
            if (row.Cache == cache) own++;
        }
        return own <= cache.Capacity - cache.Length;
    }
}
