using System.Runtime.InteropServices;

namespace Edge.Kernels;

// A format as a type, whose size is ggml's number: the compiler makes a body of its own for each, and knows sizeof,
// alone of all that a type can say, before it decides what to import. What depends on the format is then gone before it
// counts against what may be inlined.

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q4_1)]
internal struct FormatQ4_1;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q5_0)]
internal struct FormatQ5_0;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q5_1)]
internal struct FormatQ5_1;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q2_K)]
internal struct FormatQ2_K;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q3_K)]
internal struct FormatQ3_K;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q4_K)]
internal struct FormatQ4_K;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q5_K)]
internal struct FormatQ5_K;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.Q6_K)]
internal struct FormatQ6_K;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.IQ4_NL)]
internal struct FormatIQ4_NL;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.IQ4_XS)]
internal struct FormatIQ4_XS;

[StructLayout(LayoutKind.Sequential, Size = Blocks.TQ1_0)]
internal struct FormatTQ1_0;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.TQ2_0)]
internal struct FormatTQ2_0;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.I2_S)]
internal struct FormatI2_S;

[StructLayout(LayoutKind.Sequential, Size = BlockTiles.MXFP4)]
internal struct FormatMXFP4;
