namespace Edge.Text;

/// <summary>Arrays: one chain of states for the items of prefixItems, one counted loop for the rest.</summary>
internal sealed class ArrayCompiler(AutomatonBuilder builder, GrammarCompiler values)
{
    public int Start(SchemaNode.Array array)
    {
        var start = builder.Add(default, array.Pointer);
        values.Later(() => Fill(array, start));
        return start;
    }

    private void Fill(SchemaNode.Array array, int start)
    {
        var pointer = array.Pointer;
        var end = builder.Add(new State { Jump = Jump.Return }, pointer);
        var max = array.Max < 0 ? int.MaxValue : array.Max;
        var chained = Math.Min(array.Prefix.Count, max);
        var (open, mark) = (start, '[');
        for (var i = 0; i < chained; i++)
        {
            // The loop behind the chain counts from zero.
            var after = builder.Add(default, pointer);
            var group = builder.AddSpaced(new State { Jump = Jump.Call, A = values.Start(array.Prefix[i]), B = after },
                true, pointer);
            builder.Edge(open, mark, group[0]);
            if (i == 0 && array.Min == 0)
                AllowEmpty(group, end);
            if (i + 1 >= array.Min)
                builder.AddClosing(']', end, pointer, after);
            (open, mark) = (after, ',');
        }
        if (array.Rest is not null && max > chained)
        {
            var most = max == int.MaxValue ? max : max - chained;
            FillLoop(array.Rest, open, mark, Math.Max(0, array.Min - chained), most, end, pointer,
                canBeEmpty: chained == 0 && array.Min == 0);
        }
        else if (chained == 0)
        {
            var group = builder.AddSpaced(default, true, pointer);
            builder.Edge(start, '[', group[0]);
            AllowEmpty(group, end);
        }
    }

    private void AllowEmpty(int[] group, int end)
    {
        foreach (var state in group)
            builder.Edge(state, ']', end);
    }

    private void FillLoop(SchemaNode rest, int open, char mark, int min, int max, int end, string pointer,
        bool canBeEmpty)
    {
        var item = values.Start(rest);
        var counted = new State { Cost = CostKind.Counted, Owner = item, Min = min, Max = max };
        int below = builder.Add(counted, pointer), within = builder.Add(counted, pointer),
            full = builder.Add(counted, pointer);
        var after = builder.Add(counted with { Jump = Jump.Gate, A = below, B = within, C = full }, pointer);
        var ahead = counted with { Jump = Jump.Call, A = item, B = after, C = -1, Pending = 1 };
        var next = builder.AddSpaced(ahead, true, pointer);
        builder.Edge(below, ',', next[0]);
        builder.Edge(within, ',', next[0]);
        builder.AddClosing(']', end, pointer, within, full);
        if (!canBeEmpty)
        {
            builder.Edge(open, mark, next[0]);
            return;
        }
        var first = builder.AddSpaced(ahead, true, pointer);
        builder.Edge(open, mark, first[0]);
        AllowEmpty(first, end);
    }
}
