namespace Edge.Text;

/// <summary>What one schema may still spend while it is compiled.</summary>
internal sealed class CompileBudget
{
    private int _work;

    /// <summary>Counts elementary steps. Errors: refuses the keyword when the schema's share is used up.</summary>
    public void Spend(int steps, string keyword, string pointer)
    {
        _work += steps;
        if (_work > GrammarLimits.WorkMax || _work < 0)
            throw SchemaRefusedException.At(keyword, pointer,
                "the schema is too complex to compile; simplify its patterns");
    }
}
