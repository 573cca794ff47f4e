using System.Runtime.InteropServices;

namespace Edge.Kernels;

// Formats of rows as types, as those of BlockTiles: the size is FloatScalar's number, but for F32, whose number is 0.

[StructLayout(LayoutKind.Sequential, Size = sizeof(float))]
internal struct FormatF32;

[StructLayout(LayoutKind.Sequential, Size = FloatScalar.F16)]
internal struct FormatF16;

[StructLayout(LayoutKind.Sequential, Size = FloatScalar.BF16)]
internal struct FormatBF16;
