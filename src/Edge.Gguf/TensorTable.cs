namespace Edge.Gguf;

/// <summary>Walks the tensor entries and places their data in the file.</summary>
internal sealed class TensorTable(HeaderCursor cursor, int alignment)
{
    private readonly List<GgufTensor> _tensors = [];
    private readonly Dictionary<string, GgufTensor> _byName = [];

    public IReadOnlyList<GgufTensor> Tensors => _tensors;
    public IReadOnlyDictionary<string, GgufTensor> ByName => _byName;

    /// <summary>Reads <paramref name="count"/> entries; offsets become absolute and lie inside the file.</summary>
    public void Read(int count)
    {
        var entries = new List<GgufTensor>();
        for (int i = 0; i < count; i++) entries.Add(ReadEntry(i));
        // bitnet.cpp on x64 cuts blocks of 128, and runs no matrix that has no whole number of them; on ARM it cuts
        // blocks of 64. One machine wrote the file, so one such matrix tells how all of them stand.
        bool of64 = entries.Exists(entry => entry.Type == QuantType.I2_S && entry.Columns % 128 != 0);
        long dataStart = Align(cursor.Position);
        foreach (GgufTensor entry in entries)
        {
            GgufTensor tensor = entry with
            {
                Offset = dataStart + entry.Offset, HasBlocksOf64 = of64 && entry.Type == QuantType.I2_S,
            };
            int alignment = QuantTypes.Of(tensor.Type).MatrixAlignment;
            if (tensor.Offset % alignment != 0)
                throw new GgufException($"tensor {Printable.Quote(tensor.Name)} of type {tensor.Type} lies at byte " +
                    $"{tensor.Offset} of the file, and must at a multiple of {alignment}; pack the model again",
                    tensor.EntryOffset);
            _tensors.Add(tensor);
            if (!_byName.TryAdd(tensor.Name, tensor))
                throw new GgufException($"tensor {Printable.Quote(tensor.Name)} stands twice (first at byte " +
                    $"{_byName[tensor.Name].EntryOffset}); the file is damaged, download it again", tensor.EntryOffset);
        }
        RequireInside();
        RequireDisjoint();
    }

    private long Align(long position) => (position + alignment - 1) & -(long)alignment;

    /// <summary>The tensor's entry, its offset still relative to the data.</summary>
    private GgufTensor ReadEntry(int index)
    {
        int start = cursor.Position;
        string name = cursor.ReadName($"the name of tensor {index}", GgufLimits.TensorNameBytesMax);
        string what = $"tensor {Printable.Quote(name)}";
        long[] shape = ReadShape(what, start);
        QuantTypeRow row = ReadType(what, start);
        if (shape[0] % row.BlockElements != 0)
            throw new GgufException($"{what} has {shape[0]} columns, no multiple of {row.Name}'s block of " +
                $"{row.BlockElements}; the file is damaged, download or convert it again", start);
        ulong offset = cursor.TakeUInt64($"the offset of {what}");
        if (offset > GgufLimits.OffsetMax)
            throw new GgufException($"{what} claims to lie at byte {offset} of the data, beyond any file; " +
                "the file is damaged, download it again", start);
        if (offset % (ulong)alignment != 0)
            throw new GgufException($"{what} lies at byte {offset} of the data, no multiple of the alignment " +
                $"{alignment}; the file is damaged, download or convert it again", start);
        return new GgufTensor(name, row.Id, shape, (long)offset, row.Bytes(shape)) { EntryOffset = start };
    }

    private long[] ReadShape(string what, int start)
    {
        uint dimensions = cursor.TakeUInt32($"the dimension count of {what}");
        if (dimensions is 0 or > GgufLimits.DimensionsMax)
            throw new GgufException($"{what} has {dimensions} dimensions, allowed are 1 to " +
                $"{GgufLimits.DimensionsMax}; the file is damaged, download it again", start);
        var shape = new long[dimensions];
        long elements = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            ulong length = cursor.TakeUInt64($"the shape of {what}");
            if (length == 0 || length > (ulong)(GgufLimits.ElementsMax / elements))
                throw new GgufException($"{what} has the length {length} in dimension {i}: a tensor has 1 to " +
                    $"{GgufLimits.ElementsMax} elements in all; the file is damaged, download it again", start);
            shape[i] = (long)length;
            elements *= shape[i];
        }
        return shape;
    }

    private QuantTypeRow ReadType(string what, int start)
    {
        uint type = cursor.TakeUInt32($"the type of {what}");
        return QuantTypes.Find((QuantType)type) ?? throw new GgufException(
            $"{what} has type number {type}, which this version does not know; update edge, or take a file of " +
            $"one of these types: {QuantTypes.Runnable}", start);
    }

    private void RequireInside()
    {
        long end = 0;
        GgufTensor? last = null;
        foreach (GgufTensor tensor in _tensors)
            if (tensor.Offset + tensor.Bytes > end) (last, end) = (tensor, tensor.Offset + tensor.Bytes);
        if (last is not null && end > cursor.FileBytes)
            throw new GgufException($"truncated: the header promises {end} bytes (tensor " +
                $"{Printable.Quote(last.Name)} ends there), the file has {cursor.FileBytes}; download it again",
                last.EntryOffset);
    }

    private void RequireDisjoint()
    {
        GgufTensor? before = null;
        foreach (GgufTensor tensor in _tensors.OrderBy(t => t.Offset))
        {
            if (before is not null && before.Offset + before.Bytes > tensor.Offset)
                throw new GgufException($"tensors {Printable.Quote(before.Name)} and {Printable.Quote(tensor.Name)} " +
                    "overlap in the data; the file is damaged, download or convert it again", tensor.EntryOffset);
            before = tensor;
        }
    }
}
