using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Converts one tile: rows as the source file has them, to the bytes of a tile of another type, and what that
/// lost. One per thread; its buffers hold one tile.</summary>
internal sealed unsafe class TileWriter : IDisposable
{
    private readonly NativeArena _memory;
    private readonly float* _weights;
    private readonly float* _decoded;
    private readonly sbyte* _codes;
    private readonly ushort* _scales;
    private readonly byte* _blocks;
    private readonly QuantType _from, _to;
    private readonly int _columns, _rowsMax;
    private readonly long _rowBytes;
    private readonly byte* _scaledRow;
    private readonly float* _ones;
    private float* _importance;
    private byte* _matrix;
    private uint* _outliers;
    private Magnitude _magnitude;

    public TileWriter(QuantType from, QuantType to, long columns)
    {
        (_from, _to, _columns) = (from, to, checked((int)columns));
        _rowsMax = QuantTypes.Of(to).TileRows;
        _rowBytes = QuantTypes.RowBytes(from, columns);
        long elements = checked((long)_rowsMax * _columns);
        long wideBytes = Math.Max(_rowBytes, BlocksOf64.WideBytes(columns)) + sizeof(float);
        _memory = new NativeArena(checked(elements * 12 + _columns * 4L + wideBytes));
        _weights = _memory.TakeFloats(elements);
        _decoded = _memory.TakeFloats(_columns);
        _codes = (sbyte*)_memory.Take(elements);
        _scales = (ushort*)_memory.Take(elements / 16 + 2 * _rowsMax);
        _blocks = _memory.Take(elements * 2);
        _scaledRow = _memory.Take(wideBytes);
        _ones = _importance = _memory.TakeFloats(_columns);
        new Span<float>(_ones, _columns).Fill(1);
    }

    /// <summary>Of the source: <see cref="GgufTensor.HasBlocksOf64"/>.</summary>
    public bool HasBlocksOf64 { get; init; }

    /// <summary>Σ (w − w')² and Σ w² of all tiles so far, and the largest |w − w'| and |w|.</summary>
    public double SquaredError { get; private set; }
    public double Squares { get; private set; }
    /// <summary>The same, each column as important as its activations are large.</summary>
    public double WeightedError { get; private set; }
    public double WeightedSquares { get; private set; }
    public double MaxError { get; private set; }
    public double MaxWeight { get; private set; }
    /// <summary>Weights that are infinite or not a number.</summary>
    public long Bad { get; private set; }

    /// <summary>The magnitude of the weights of this matrix that <see cref="Round"/> saw.</summary>
    public Magnitude Magnitude => _magnitude;

    /// <summary>Starts a matrix. I2_S has its scale behind the rows. <paramref name="importance"/>: of each column,
    /// null where nothing is known; it stays valid while the matrix is converted, and so do
    /// <paramref name="outliers"/>, which are taken out of it.</summary>
    public void Begin(byte* matrix, long rows, float* importance = null, uint* outliers = null)
    {
        _matrix = matrix;
        _outliers = outliers;
        _magnitude = default;
        _importance = importance == null ? _ones : importance;
        if (_from == QuantType.I2_S) *(float*)_scaledRow = *(float*)(matrix + rows * _rowBytes);
    }

    /// <summary>Converts up to a tile of rows; <paramref name="tile"/> has room for a whole one.</summary>
    public void Convert(byte* source, int rows, byte* tile)
    {
        if (_from == QuantType.Q4_0 && _to == QuantType.DIGITS4_G32)
        {
            Bad += Digits4x32Scalar.Pack(source, tile, _columns, rows);
            return;
        }
        Load(source, rows);
        if (Bad > 0) return;
        if (_to is QuantType.DIGITS4_G32 or QuantType.Q8_0) ToBlocks(source, rows, tile);
        else if (_to == QuantType.Q4_1) ToAffine(source, rows, tile);
        else ToDigits(rows, tile);
    }

    /// <summary>Of Q8_0 whose integers take four bits; see <see cref="AffineBlocks"/>.</summary>
    private void ToAffine(byte* source, int rows, byte* tile)
    {
        long bytes = QuantTypes.RowBytes(_to, _columns);
        for (int r = 0; r < rows; r++, tile += bytes)
        {
            AffineBlocks.Write(source + r * _rowBytes, tile, _columns);
            Bad += SourceRows.Decode(tile, _decoded, _columns, _to);
            Measure(_weights + (long)r * _columns, _decoded);
        }
    }

    /// <summary>Rounds rows of a matrix whose scales are known only when all rows are.</summary>
    public void Round(byte* source, int rows, sbyte* codes, ushort* scales)
    {
        Load(source, rows);
        if (Bad > 0) return;
        Round(rows, codes, scales);
        _magnitude.Add(new ReadOnlySpan<float>(_weights, checked(rows * _columns)));
    }

    /// <summary>Compares rows of a packed matrix with what they were.</summary>
    public void Compare(byte* source, int rows, byte* matrix, long firstRow)
    {
        Load(source, rows);
        DecodeKernel decode = KernelSet.Choose("scalar").Layout(_to)!.Decode;
        for (int r = 0; r < rows; r++)
        {
            decode(matrix, _decoded, _columns, firstRow + r);
            Measure(_weights + (long)r * _columns, _decoded);
        }
    }

    public void Dispose() => _memory.Dispose();

    private void Load(byte* source, int rows)
    {
        for (int r = 0; r < rows; r++)
        {
            byte* row = source + r * _rowBytes;
            if (_from == QuantType.I2_S)
            {
                if (HasBlocksOf64) BlocksOf64.Widen(row, _scaledRow + sizeof(float), _columns);
                else Buffer.MemoryCopy(row, _scaledRow + sizeof(float), _rowBytes, _rowBytes);
                row = _scaledRow;
            }
            Bad += SourceRows.Decode(row, _weights + (long)r * _columns, _columns, _from);
            if (_outliers != null)
                TakeOut((source - _matrix) / _rowBytes + r, _weights + (long)r * _columns);
        }
    }

    /// <summary>What is kept apart is zero among the digits; it counts with what its value lost.</summary>
    private void TakeOut(long row, float* weights)
    {
        int format = SparseWeights.FormatOf(OutlierChoice.TypeFor(_from));
        for (uint* at = _outliers + _outliers[row], end = _outliers + _outliers[row + 1]; at < end; at++)
        {
            uint column = *at & 0xFFFF;
            double w = weights[column], e = w - SparseScalar.Value(*at, format), h = _importance[column];
            weights[column] = 0;
            (SquaredError, WeightedError) = (SquaredError + e * e, WeightedError + h * e * e);
            (Squares, WeightedSquares) = (Squares + w * w, WeightedSquares + h * w * w);
            (MaxError, MaxWeight) = (Math.Max(MaxError, Math.Abs(e)), Math.Max(MaxWeight, Math.Abs(w)));
        }
    }

    private void Round(int rows, sbyte* all, ushort* scales)
    {
        bool ternary = _to is QuantType.TERNARY_2_0 or QuantType.TERNARY_1_67 or QuantType.TERNARY_1_6;
        int run = ternary ? _columns : Digits.Group, next = 0;
        int most = _to switch
        {
            QuantType.DIGITS4_G128 or QuantType.NESTED4_HI or QuantType.NESTED4_LO => 7,
            QuantType.DIGITS3_G128 => 3,
            _ => 1,
        };
        var sums = new ErrorSums();
        for (long at = 0; at < (long)rows * _columns; at += run)
        {
            var weights = new ReadOnlySpan<float>(_weights + at, run);
            var importance = new ReadOnlySpan<float>(_importance + at % _columns, run);
            var codes = new Span<sbyte>(all + at, run);
            ReadOnlySpan<float> counts = _importance == _ones ? [] : importance;
            float scale = ternary
                ? Rounding.FitTernary(weights, counts, codes, isHalf: false)
                : Rounding.Fit(weights, counts, codes, -most - 1, most, isHalf: false);
            scales[next++] = (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16);
            // A matrix of TERNARY_1_67 is compared when it is whole; a first plane alone is not what was rounded.
            if (_to is QuantType.TERNARY_1_67 or QuantType.NESTED4_HI) continue;
            Rounding.Error(weights, importance, codes, scale, ref sums);
            if ((at + run) % _columns == 0) Take(ref sums);
        }
    }

    private void ToDigits(int rows, byte* tile)
    {
        Round(rows, _codes, _scales);
        if (_to is QuantType.NESTED4_HI or QuantType.NESTED4_LO)
        {
            // Each plane is a tensor, and the other one of this tile is not kept.
            bool isHi = _to == QuantType.NESTED4_HI;
            Nested4Scalar.Pack(_codes, _scales, isHi ? tile : _blocks, isHi ? _blocks : tile, _columns, rows);
            for (int r = 0; isHi && r < rows; r++)
            {
                Nested4Scalar.DecodeCoarse(tile, _decoded, _columns, r);
                Measure(_weights + (long)r * _columns, _decoded);
            }
            return;
        }
        PackDigitsKernel pack = _to switch
        {
            QuantType.DIGITS4_G128 => &Digits4Scalar.Pack,
            QuantType.DIGITS3_G128 => &Digits3Scalar.Pack,
            QuantType.DIGITS2_G128 => &Digits2Scalar.Pack,
            QuantType.TERNARY_2_0 => &Ternary2Scalar.Pack,
            _ => &Ternary1_6Scalar.Pack,
        };
        pack(_codes, _scales, tile, _columns, rows);
    }

    /// <summary>Through ggml's blocks of 32: Q8_0 as they are, Q4_0 on to its tile.</summary>
    private void ToBlocks(byte* source, int rows, byte* tile)
    {
        bool four = _to == QuantType.DIGITS4_G32;
        byte* block = four ? _blocks : tile;
        var sums = new ErrorSums();
        Span<sbyte> codes = stackalloc sbyte[32];
        for (long at = 0; at < (long)rows * _columns; at += 32, block += four ? 18 : 34)
        {
            var weights = new ReadOnlySpan<float>(_weights + at, 32);
            var importance = new ReadOnlySpan<float>(_importance + at % _columns, 32);
            (int least, int most) = four ? (-8, 7) : (-127, 127);
            float scale = _from is QuantType.Q4_1 or QuantType.Q4_K
                ? BlocksScalar.Scale(source + at / _columns * _rowBytes, at % _columns, (int)_from) : 0;
            ReadOnlySpan<float> counts = _importance == _ones ? [] : importance;
            if (!Rounding.IsExact(weights, codes, scale, least, most, isHalf: true))
                scale = Rounding.Fit(weights, counts, codes, least, most, isHalf: true);
            *(ushort*)block = FloatScalar.ToF16(scale);
            Rounding.Error(weights, importance, codes, scale, ref sums);
            if ((at + 32) % _columns == 0) Take(ref sums);
            if (four)
                for (int i = 0; i < 16; i++) block[2 + i] = (byte)(codes[i] + 8 | codes[i + 16] + 8 << 4);
            else
                for (int i = 0; i < 32; i++) block[2 + i] = (byte)codes[i];
        }
        if (four) Bad += Digits4x32Scalar.Pack(_blocks, tile, _columns, rows);
    }

    /// <summary>A row is measured: sums of float32 are exact enough for no more.</summary>
    private void Take(ref ErrorSums sums)
    {
        Add(sums.Total);
        sums = new ErrorSums();
    }

    private void Add(RunError error)
    {
        SquaredError += error.Squared;
        WeightedError += error.Weighted;
        Squares += error.Squares;
        WeightedSquares += error.WeightedSquares;
        MaxError = Math.Max(MaxError, error.Largest);
        MaxWeight = Math.Max(MaxWeight, error.LargestWeight);
    }

    /// <summary>A row and what it became.</summary>
    private void Measure(float* weights, float* decoded)
    {
        var sums = new ErrorSums();
        sums.Add(weights, _importance, decoded, _columns);
        Add(sums.Total);
    }
}
