namespace Edge.Models;

/// <summary>Integer: Q8_0 and Q4_0 matrices meet activations in int8, products exact. Float: weights decoded to float32
/// on the fly, activations in float32, the reference path.</summary>
public enum Arithmetic { Integer, Float }
