namespace Edge.Models;

/// <summary>Which two elements of a head rotate together: neighbours (llama) or the two halves' (NEOX, qwen).</summary>
internal enum RopeOrder { Pairs, Halves }
