using System.Numerics;
using System.Runtime.CompilerServices;

namespace Edge.Models.Pack;

/// <summary>What rounding lost of a run of weights: Σe², Σhe², Σw², Σhw² and the largest |e| and |w|.</summary>
internal readonly record struct RunError(double Squared, double Weighted, double Squares, double WeightedSquares,
    float Largest, float LargestWeight);

/// <summary>The same in vectors, while a run of at most a group is read.</summary>
internal unsafe struct ErrorSums
{
    private Vector<float> _squared, _weighted, _squares, _weightedSquares, _largest, _largestWeight;

    public readonly RunError Total
    {
        get
        {
            (float error, float weight) = (0, 0);
            for (int lane = 0; lane < Vector<float>.Count; lane++)
                (error, weight) = (Math.Max(error, _largest[lane]), Math.Max(weight, _largestWeight[lane]));
            return new RunError(Vector.Sum(_squared), Vector.Sum(_weighted), Vector.Sum(_squares),
                Vector.Sum(_weightedSquares), error, weight);
        }
    }

    /// <summary>A vector of weights, of their importances, and of what they became.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float* weights, float* importance, Vector<float> became)
    {
        Vector<float> w = Vector.Load(weights), h = Vector.Load(importance), e = w - became;
        Vector<float> ee = e * e, ww = w * w;
        _squared += ee;
        _weighted = Vector.FusedMultiplyAdd(ee, h, _weighted);
        _squares += ww;
        _weightedSquares = Vector.FusedMultiplyAdd(ww, h, _weightedSquares);
        _largest = Vector.MaxNative(_largest, Vector.Abs(e));
        _largestWeight = Vector.MaxNative(_largestWeight, Vector.Abs(w));
    }

    /// <summary>Fewer weights than a vector has.</summary>
    public void AddRest(float* weights, float* importance, float* became, int n)
    {
        Vector<float> w = default, h = default, to = default;
        for (int i = 0; i < n; i++)
            (((float*)&w)[i], ((float*)&h)[i], ((float*)&to)[i]) = (weights[i], importance[i], became[i]);
        Add((float*)&w, (float*)&h, to);
    }
}
