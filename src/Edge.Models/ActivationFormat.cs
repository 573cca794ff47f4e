namespace Edge.Models;

/// <summary>What a matrix kernel reads of its activations. Floats: as they are. Blocks: int8 with a scale per 32.
/// Groups: int8 with a scale per 128. Token: int8 with one scale. Tables: look-up tables.</summary>
internal enum ActivationFormat { Floats, Blocks, Groups, Token, Tables }
