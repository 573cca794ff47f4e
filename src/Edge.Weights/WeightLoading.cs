namespace Edge.Weights;

/// <summary>Map: pages come from the file as they are touched. Read: copied into own anonymous memory at
/// load.</summary>
public enum WeightLoading { Map, Read }
