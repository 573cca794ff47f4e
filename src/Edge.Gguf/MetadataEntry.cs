namespace Edge.Gguf;

/// <summary>Where a value stands; it was bounded when walked and is decoded when asked for.</summary>
/// <param name="EntryOffset">Byte offset of the key.</param>
/// <param name="ValueOffset">Byte offset of the first value byte (behind a string's length, an array's count).</param>
/// <param name="Type">Type of the value.</param>
/// <param name="ElementType">Type of an array's elements; else the same as Type.</param>
/// <param name="Count">Elements of an array, bytes of a string, else 1.</param>
internal readonly record struct MetadataEntry(
    int EntryOffset, int ValueOffset, GgufValueType Type, GgufValueType ElementType, int Count)
{
    public string TypeName => Type == GgufValueType.Array ? $"array of {ElementType}" : Type.ToString();
}
