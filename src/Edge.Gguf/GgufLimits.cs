namespace Edge.Gguf;

/// <summary>What a file may claim. Real models stay far below; anything above is damage or an attack.</summary>
public static class GgufLimits
{
    /// <summary>Tensors in one file. The largest public mixtures of experts have a few thousand.</summary>
    public const int TensorCountMax = 65_536;
    /// <summary>Metadata entries in one file.</summary>
    public const int KeyValueCountMax = 65_536;
    /// <summary>Bytes of a metadata key (the format's own limit).</summary>
    public const int KeyBytesMax = 65_535;
    /// <summary>Bytes of a tensor's name (the format's own limit).</summary>
    public const int TensorNameBytesMax = 64;
    /// <summary>Bytes of one string value. A whole tokenizer.json put into the metadata is about 17 MB.</summary>
    public const int StringBytesMax = 32 << 20;
    /// <summary>Elements of one array value. The largest vocabularies have about 260 thousand tokens.</summary>
    public const int ArrayCountMax = 16 << 20;
    /// <summary>Bytes of everything before the tensor data: all of it is held in memory.</summary>
    public const int HeaderBytesMax = 128 << 20;
    /// <summary>Dimensions of a tensor (ggml's own limit).</summary>
    public const int DimensionsMax = 4;
    /// <summary>Elements of one tensor; keeps every later product inside 64 bits.</summary>
    public const long ElementsMax = 1L << 42;
    /// <summary>Largest tensor offset that is read as "truncated" and not as nonsense: 64 TiB.</summary>
    public const long OffsetMax = 1L << 46;
    /// <summary>Smallest value of general.alignment; it must be a power of two.</summary>
    public const int AlignmentMin = 8;
    /// <summary>Largest value of general.alignment.</summary>
    public const int AlignmentMax = 65_536;
    /// <summary>Alignment of tensor data where the file does not say.</summary>
    public const int AlignmentDefault = 32;
    /// <summary>Oldest and newest version of the format that is read.</summary>
    public const int VersionMin = 2, VersionMax = 3;
}
