namespace Edge.Models.Streaming;

/// <summary>What a unit of a window is. Layers: all that streams of one, read as a whole. Matrices: each by itself.
/// MatricesAndHead: the matrix of the logits, too, which else stays.</summary>
public enum WindowGrain { Layers, Matrices, MatricesAndHead }
