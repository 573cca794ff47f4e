namespace Edge.Text;

/// <summary>
/// Objects: declared properties in order, then others. All names of an object share one tree; the frame's count (the
/// first property that may still come) and the next required property say which of them are open, so n optional
/// properties need no n² states.
/// </summary>
internal sealed class ObjectCompiler(AutomatonBuilder builder, GrammarCompiler values)
{
    /// <summary>One object while its states are made; Texts: sorted names in quotes.</summary>
    private sealed record Draft(int Id, string Pointer, byte[][] Texts, int[] SortedKeys, int[] Values, int After)
    {
        /// <summary>The state behind the closing quote of a name that is not declared; -1: there are none.</summary>
        public int ExtraColon { get; set; } = -1;
        /// <summary>The state behind the opening quote of a name.</summary>
        public int NameStart { get; set; } = -1;
    }

    public int Start(SchemaNode.Object shape)
    {
        var start = builder.Add(default, shape.Pointer);
        values.Later(() => Fill(shape, start));
        return start;
    }

    private void Fill(SchemaNode.Object shape, int start)
    {
        var (pointer, count) = (shape.Pointer, shape.Properties.Count);
        var end = builder.Add(new State { Jump = Jump.Return }, pointer);
        if (count == 0 && shape.Extra is null)
        {
            var empty = builder.AddSpaced(default, true, pointer);
            builder.Edge(start, '{', empty[0]);
            foreach (var state in empty)
                builder.Edge(state, '}', end);
            return;
        }
        var id = builder.Objects.Count;
        builder.Objects.Add(null!);
        var lastRequired = shape.Properties.FindLastIndex(property => property.Required);
        int below = builder.Add(default, pointer), within = builder.Add(default, pointer);
        var after = builder.Add(new State
        {
            Jump = Jump.Gate, Cost = CostKind.Rest, Owner = id, Min = lastRequired + 1, Max = int.MaxValue, A = below,
            B = within, C = within,
        }, pointer);
        // The rows behind the gate are never landed on; as Rest they cost nothing of their own.
        builder[below] = builder[within] = new State { Cost = CostKind.Rest, Owner = id };
        var texts = shape.Properties.Select(property => Quoted(property.Name)).ToArray();
        var order = Enumerable.Range(0, count).ToArray();
        Array.Sort(order, (a, b) => texts[a].AsSpan().SequenceCompareTo(texts[b]));
        var draft = new Draft(id, pointer, [.. order.Select(i => texts[i])], order,
            [.. shape.Properties.Select(property => values.Start(property.Value))], after);
        var (names, extraStart) = AddNames(shape, draft, lastRequired);
        builder.Edge(below, ',', names[0]);
        builder.Edge(within, ',', names[0]);
        builder.AddClosing('}', end, pointer, within);
        builder.Edge(start, '{', lastRequired >= 0 ? names[0] : AddFirst(shape, draft, names, end));
        builder.Objects[id] = new ObjectShape(texts, order, [.. texts.Select(text => text.Length + 1)], draft.Values,
            [.. shape.Properties.Select(property => property.Required)], NextRequired(shape), extraStart);
    }

    private static byte[] Quoted(string name)
    {
        var text = new List<byte>();
        JsonLiteral.AppendString(text, name);
        return [.. text];
    }

    private static int[] NextRequired(SchemaNode.Object shape)
    {
        var count = shape.Properties.Count;
        var next = new int[count + 1];
        next[count] = count;
        for (var i = count - 1; i >= 0; i--)
            next[i] = shape.Properties[i].Required ? i : next[i + 1];
        return next;
    }

    /// <summary>Behind the opening bracket of an object that may be empty.</summary>
    private int AddFirst(SchemaNode.Object shape, Draft draft, int[] names, int end)
    {
        var first = builder.AddSpaced(builder[names[0]] with { Cost = CostKind.Flat }, true, shape.Pointer);
        foreach (var state in first)
        {
            builder.Edge(state, '}', end);
            if (draft.SortedKeys.Length > 0)
                builder.Edge(state, '"', draft.NameStart);
        }
        return first[0];
    }

    /// <summary>The states in which a name begins, and the one behind the quote of a name that is not declared (or
    /// -1).</summary>
    private (int[] Names, int ExtraStart) AddNames(SchemaNode.Object shape, Draft draft, int lastRequired)
    {
        var (pointer, count) = (draft.Pointer, draft.SortedKeys.Length);
        if (shape.Extra is not null)
        {
            draft.ExtraColon = builder.Add(default, pointer);
            var value = builder.AddSpaced(
                new State { Jump = Jump.Call, A = values.Start(shape.Extra), B = draft.After, C = count }, false,
                    pointer);
            builder.Edge(draft.ExtraColon, ':', value[0]);
        }
        if (count == 0)
        {
            // Any string is a name.
            var call = new State { Jump = Jump.Call, A = values.AnyText(pointer), B = draft.ExtraColon };
            return (builder.AddSpaced(call, true, pointer), -1);
        }
        var key = new State { Cost = CostKind.Key, Owner = draft.Id, KeyTo = count, Extra = shape.Extra is not null };
        var names = builder.AddSpaced(key, true, pointer);
        var declared = AddTree(draft, 0, count, 1);
        var extraStart = -1;
        draft.NameStart = declared;
        if (shape.Extra is not null)
        {
            extraStart = new UndeclaredNames(builder, pointer, draft.ExtraColon).Start(draft.Texts);
            var both = builder.Add(new State { Jump = Jump.Fork, A = builder.Forks.Count, B = 2 }, pointer);
            builder.Forks.AddRange([declared, extraStart]);
            draft.NameStart = builder.Add(key with
            {
                KeyDepth = 1, Jump = Jump.Gate, A = declared, B = both, C = both, Min = lastRequired + 1,
                Max = int.MaxValue,
            }, pointer);
        }
        foreach (var state in names)
            builder.Edge(state, '"', draft.NameStart);
        return (names, extraStart);
    }

    /// <summary>The tree of the sorted names from…to, of which <paramref name="depth"/> bytes are behind.</summary>
    private int AddTree(Draft draft, int from, int to, int depth)
    {
        var state = builder.Add(
            new State { Cost = CostKind.Key, Owner = draft.Id, KeyFrom = from, KeyTo = to, KeyDepth = depth },
                draft.Pointer);
        if (to == from + 1 && depth == draft.Texts[from].Length)
        {
            var property = draft.SortedKeys[from];
            var value = builder.AddSpaced(
                new State { Jump = Jump.Call, A = draft.Values[property], B = draft.After, C = property + 1 }, false,
                    draft.Pointer);
            builder.Edge(state, ':', value[0]);
            return state;
        }
        for (var i = from; i < to;)
        {
            var b = draft.Texts[i][depth];
            var next = i + 1;
            while (next < to && draft.Texts[next][depth] == b)
                next++;
            builder.Edge(state, b, b, AddTree(draft, i, next, depth + 1));
            i = next;
        }
        return state;
    }
}
