using System.Runtime.InteropServices;

namespace Edge.Kernels;

// How many heads share what a body loads, as the size of a type: the compiler makes a body of its own for each number,
// and what further heads would need is gone before it allots registers (as the formats of BlockTiles).

[StructLayout(LayoutKind.Sequential, Size = 1)]
internal struct Heads1;

[StructLayout(LayoutKind.Sequential, Size = 2)]
internal struct Heads2;

[StructLayout(LayoutKind.Sequential, Size = 3)]
internal struct Heads3;

[StructLayout(LayoutKind.Sequential, Size = 4)]
internal struct Heads4;

[StructLayout(LayoutKind.Sequential, Size = 5)]
internal struct Heads5;

[StructLayout(LayoutKind.Sequential, Size = 6)]
internal struct Heads6;

[StructLayout(LayoutKind.Sequential, Size = 7)]
internal struct Heads7;

[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct Heads8;
