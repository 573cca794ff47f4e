using System.Text;
using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>What a packed file takes, counted as it is written: a header, and every tensor's pages.</summary>
internal readonly record struct PackSize(long Header, long Data)
{
    public long FileBytes => Pages(Header) + Data;
    public long Bytes => Header + Data;

    /// <summary>Of a whole file.</summary>
    public static PackSize Of(PackSource source, List<PlannedTensor> plan)
    {
        const int Number = 4, ArrayStart = 4 + 8, TextStart = 8;
        var size = new PackSize(source.MetadataBytes
            + Key("general.alignment", Number) + Key(PackHeader.VersionKey, Number)
            + Key(PackHeader.LayoutKey, TextStart + PackHeader.Layout.Length)
            + Key(PackHeader.SourceTypeKey, TextStart + PackHeader.SourceType(source).Length)
            + Key(PackHeader.LabelsKey, ArrayStart) + Key(PackHeader.DigestsKey, ArrayStart), 0);
        foreach (PlannedTensor tensor in plan) size += Of(tensor);
        return size;
    }

    /// <summary>Of a tensor without its outliers: its entry, its label, its digests and its data.</summary>
    public static PackSize Of(PlannedTensor tensor)
    {
        const int NameLength = 8, DimensionCount = 4, Dimension = 8, TypeAndOffset = 4 + 8, Label = 8, Digest = 8;
        return new PackSize(
            NameLength + Encoding.UTF8.GetByteCount(tensor.Name) + DimensionCount + Dimension * tensor.Shape.Count
                + TypeAndOffset + Label + Digest * PackHeader.Matrices(tensor.Type, tensor.Shape),
            Pages(tensor.Bytes));
    }

    public static PackSize operator +(PackSize a, PackSize b) => new(a.Header + b.Header, a.Data + b.Data);

    public static PackSize operator -(PackSize a, PackSize b) => new(a.Header - b.Header, a.Data - b.Data);

    private static long Key(string key, long value) => 8 + key.Length + 4 + value;

    private static long Pages(long bytes) =>
        (bytes + QuantTypes.PackedAlignment - 1) / QuantTypes.PackedAlignment * QuantTypes.PackedAlignment;
}
