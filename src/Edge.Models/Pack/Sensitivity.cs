using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>Measures what each possible type of a matrix would cost: the squared relative error of its output, each
/// column weighted by the calibration text. Of a large matrix some tiles are rounded, evenly spread over it.</summary>
internal sealed unsafe class Sensitivity(PackSource source, Importance? importance)
{
    /// <summary>Weights of a unit that are rounded, about: errors of rows differ by little.</summary>
    private const long WeightsMax = 1 << 19;
    /// <summary>Matrices of a stack that stand for all.</summary>
    private const long MatricesMax = 8;
    private const int RowsMax = 32;

    /// <summary>Fills the losses of a unit; reads a part of its rows.</summary>
    public void Measure(MixedUnit unit, int threads)
    {
        GgufTensor tensor = unit.Tensor;
        long matrices = PackSource.Matrices(tensor), rows = tensor.Shape[1];
        long first = Math.Max(0, unit.Matrix), count = unit.Matrix < 0 ? Math.Min(matrices, MatricesMax) : 1;
        long tiles = (rows + RowsMax - 1) / RowsMax;
        long used = Math.Clamp(WeightsMax / (RowsMax * tensor.Columns * count), 1, tiles);
        double[] errors = new double[unit.Options.Length], squares = new double[unit.Options.Length];
        for (long i = 0; i < count; i++)
        {
            long m = unit.Matrix < 0 ? i * matrices / count : first;
            byte* from = source.Matrix(tensor, m);
            fixed (float* columns = importance?.Columns(tensor.Name, m, (int)tensor.Columns))
            {
                float* weights = columns;
                Parallel.For(0, unit.Options.Length, new ParallelOptions { MaxDegreeOfParallelism = threads },
                    option => Add(unit, option, from, weights, tiles, used, ref errors[option], ref squares[option]));
            }
            source.Release(tensor, m);
        }
        for (int i = 0; i < errors.Length; i++) unit.Loss[i] = squares[i] == 0 ? 0 : errors[i] / squares[i];
    }

    private static void Add(MixedUnit unit, int option, byte* from, float* weights, long tiles, long used,
        ref double errors, ref double squares)
    {
        GgufTensor tensor = unit.Tensor;
        (QuantType type, double outliers) = unit.Options[option];
        if (type == tensor.Type) return; // kept as it is
        using var writer = new TileWriter(tensor.Type, type, tensor.Columns);
        QuantTypeRow row = QuantTypes.Of(type);
        using var memory = new NativeArena(row.TileBytes(tensor.Columns));
        byte* tile = memory.Take(row.TileBytes(tensor.Columns));
        writer.Begin(from, tensor.Shape[1], weights);
        OutlierChoice? choice = outliers > 0 ? new(tensor.Type, type, tensor.Columns, outliers, threads: 1) : null;
        uint[] words = choice is null ? [] : new uint[OutlierChoice.Words(RowsMax, tensor.Columns, outliers)];
        long rowBytes = QuantTypes.RowBytes(tensor.Type, tensor.Columns);
        for (long i = 0; i < used; i++)
        {
            long start = i * tiles / used * RowsMax, end = Math.Min(start + RowsMax, tensor.Shape[1]);
            fixed (uint* apart = words)
            {
                if (choice is not null)
                {
                    // Of these rows alone, as if they were the matrix.
                    choice.Choose(from + start * rowBytes, end - start, weights, apart, default);
                    writer.Begin(from + start * rowBytes, end - start, weights, apart);
                }
                for (long at = start; at < end; at += row.TileRows)
                    writer.Convert(from + at * rowBytes, (int)Math.Min(row.TileRows, end - at), tile);
            }
        }
        errors += writer.WeightedError;
        squares += writer.WeightedSquares;
    }
}
