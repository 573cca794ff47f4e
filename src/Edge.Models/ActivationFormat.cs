namespace Edge.Models;

/// <summary>What a matrix kernel reads of its activations. Floats: as they are. Blocks: int8 with a scale per 32.
/// FileBlocks: the same with more sums, for ggml's blocks, which may be longer than that, so that no unit of 32 can be
/// split off (<see cref="Outliers"/>). Groups: int8 with a scale per 128. Token: int8 with one scale. Tables: look-up
/// tables.</summary>
internal enum ActivationFormat { Floats, Blocks, FileBlocks, Groups, Token, Tables }
