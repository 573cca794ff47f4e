namespace Edge.Kernels;

/// <summary>A format as a type, so that the compiler makes a body of its own for each: what depends on the format is
/// decided when it compiles. Inlining alone does not do that: its budget ends within one kernel.</summary>
internal interface IBlockFormat
{
    /// <summary>ggml's number.</summary>
    int Id { get; }
}

internal readonly struct FormatQ4_1 : IBlockFormat
{
    public int Id => BlockTiles.Q4_1;
}

internal readonly struct FormatQ5_0 : IBlockFormat
{
    public int Id => BlockTiles.Q5_0;
}

internal readonly struct FormatQ5_1 : IBlockFormat
{
    public int Id => BlockTiles.Q5_1;
}

internal readonly struct FormatQ2_K : IBlockFormat
{
    public int Id => BlockTiles.Q2_K;
}

internal readonly struct FormatQ3_K : IBlockFormat
{
    public int Id => BlockTiles.Q3_K;
}

internal readonly struct FormatQ4_K : IBlockFormat
{
    public int Id => BlockTiles.Q4_K;
}

internal readonly struct FormatQ5_K : IBlockFormat
{
    public int Id => BlockTiles.Q5_K;
}

internal readonly struct FormatQ6_K : IBlockFormat
{
    public int Id => BlockTiles.Q6_K;
}

internal readonly struct FormatIQ4_NL : IBlockFormat
{
    public int Id => BlockTiles.IQ4_NL;
}

internal readonly struct FormatIQ4_XS : IBlockFormat
{
    public int Id => BlockTiles.IQ4_XS;
}

internal readonly struct FormatMXFP4 : IBlockFormat
{
    public int Id => BlockTiles.MXFP4;
}
