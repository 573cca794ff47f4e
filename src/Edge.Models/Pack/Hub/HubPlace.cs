namespace Edge.Models.Pack.Hub;

/// <summary>Which part of an entry becomes a tensor's matrix or matrices.</summary>
internal enum HubCut
{
    /// <summary>All of it is one matrix or vector.</summary>
    Whole,
    /// <summary>It is a matrix for every expert.</summary>
    Stack,
    /// <summary>The upper or lower half of the rows of its matrix, or of each of its matrices.</summary>
    FirstHalf, SecondHalf,
    /// <summary>Every second row of each of its matrices, or of a vector for every expert.</summary>
    Evens, Odds,
    /// <summary>Of each head of latent attention, what decompresses keys (turned round) or values.</summary>
    Keys, Values,
    /// <summary>A dimension of one between rows and columns falls away.</summary>
    Taps,
}

/// <summary>Where an entry goes: a tensor's name here, which expert of a stack it is (−1: not one of a stack), and what
/// part of it.</summary>
internal readonly record struct HubPlace(string Name, int Expert = -1, HubCut Cut = HubCut.Whole)
{
    /// <summary>Its matrices stand with rows and columns exchanged.</summary>
    public bool IsTransposed { get; init; }
}
