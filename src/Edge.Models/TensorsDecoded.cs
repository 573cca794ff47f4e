using Edge.Gguf;

namespace Edge.Models;

/// <summary>Tensors that no kernel reads as the file has them: brought into own memory at load.</summary>
internal sealed unsafe partial class Tensors
{
    /// <summary>float[columns][rows] of a small matrix of any type: its columns one after another.</summary>
    public float* Transposed(string name, long rows, long columns)
    {
        Matrix table = Table(name, rows, columns);
        float* target = (float*)Allocate(checked(rows * columns * sizeof(float)));
        float[] row = new float[columns];
        fixed (float* at = row)
        {
            for (long r = 0; r < rows; r++)
            {
                table.DecodeRow(r, at);
                for (long c = 0; c < columns; c++) target[c * rows + r] = row[c];
            }
        }
        return target;
    }

    /// <summary>Older files of latent attention hold, per head, the rows that decompress a key and then those that
    /// decompress a value. The absorbed form needs the first transposed: per head, keys is rank × size, values
    /// valueSize × rank. Float32 where the file has it, else half, which is finer than any quantised type.</summary>
    public (Matrix Keys, Matrix Values) Decompression(string name, int heads, int size, int valueSize, int rank)
    {
        Matrix table = Table(name, (long)heads * (size + valueSize), rank);
        bool half = table.Type != QuantType.F32;
        Matrix keys = Own(half, rank, size, heads), values = Own(half, valueSize, rank, heads);
        float[] row = new float[rank];
        fixed (float* at = row)
        {
            for (int head = 0; head < heads; head++)
            {
                long first = (long)head * (size + valueSize);
                for (int r = 0; r < size + valueSize; r++)
                {
                    table.DecodeRow(first + r, at);
                    if (r >= size) Write(values[head].Weights, (long)(r - size) * rank, 1, row, half);
                    else Write(keys[head].Weights, r, size, row, half);
                }
            }
        }
        return (keys, values);
    }

    private static void Write(byte* target, long first, long step, float[] values, bool half)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (half) ((Half*)target)[first + i * step] = (Half)values[i];
            else ((float*)target)[first + i * step] = values[i];
        }
    }

    private Matrix Own(bool half, long rows, long columns, long count)
    {
        long bytes = checked(rows * columns * (half ? 2 : sizeof(float)));
        return new Matrix
        {
            Weights = Allocate(checked(bytes * count)),
            Rows = rows,
            Columns = columns,
            StackBytes = bytes,
            Type = half ? QuantType.F16 : QuantType.F32,
            Layout = null,
            Kernel = half ? _kernels.F16 : _kernels.F32,
            Bytes = bytes,
        };
    }
}
