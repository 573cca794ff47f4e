using System.Numerics;

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

    /// <summary>Weights, their importances, and what they became.</summary>
    public void Add(float* weights, float* importance, float* became, int n)
    {
        Vector<float> squared = default, weighted = default, squares = default, weightedSquares = default;
        Vector<float> largest = _largest, largestWeight = _largestWeight;
        int i = 0;
        for (; i + Vector<float>.Count <= n; i += Vector<float>.Count)
        {
            Vector<float> w = Vector.Load(weights + i), h = Vector.Load(importance + i);
            Vector<float> e = w - Vector.Load(became + i), ee = e * e, ww = w * w;
            squared += ee;
            weighted = Vector.FusedMultiplyAdd(ee, h, weighted);
            squares += ww;
            weightedSquares = Vector.FusedMultiplyAdd(ww, h, weightedSquares);
            largest = Vector.MaxNative(largest, Vector.Abs(e));
            largestWeight = Vector.MaxNative(largestWeight, Vector.Abs(w));
        }
        _squared += squared;
        _weighted += weighted;
        _squares += squares;
        _weightedSquares += weightedSquares;
        (_largest, _largestWeight) = (largest, largestWeight);
        if (i < n) AddRest(weights + i, importance + i, became + i, n - i);
    }

    /// <summary>Fewer weights than a vector has.</summary>
    private void AddRest(float* weights, float* importance, float* became, int n)
    {
        Vector<float> w = default, h = default, to = default;
        for (int i = 0; i < n; i++)
            (((float*)&w)[i], ((float*)&h)[i], ((float*)&to)[i]) = (weights[i], importance[i], became[i]);
        Add((float*)&w, (float*)&h, (float*)&to, Vector<float>.Count);
    }
}
