using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripSum = delegate*<byte*, long, byte*, long, long, long, int*, void>;

namespace Edge.Kernels;

/// <summary>
/// Prefill of the packed families on x64: a strip, up to 512 columns of two blocks of rows, is taken apart once and
/// multiplied with four tokens at a time; the same bits as one token alone gives.
/// <para>Codes: a block has 64 bytes per four columns, its rows 0 … 7 and 8 … 15: byte 4·r + j is column j as an
/// unsigned number, weight + offset. Four activations, broadcast, meet a vector: a lane is a row, and nothing but loads
/// stands between the multiplications.</para>
/// <para>Other instruction sets put their own in the place of <see cref="AddGroups(Strip*, Reading*, Reading*, Target*,
/// long, long)"/> or <see cref="Sum"/>: the families take them as parameters.</para>
/// </summary>
internal static unsafe class CodesAvx2
{
    /// <summary>Rows of a block; a strip has two.</summary>
    public const int BlockRows = 16;
    /// <summary>Columns that a <see cref="ChunkBytes"/> of codes has.</summary>
    public const int ChunkColumns = 128;
    public const int ChunkBytes = BlockRows * ChunkColumns;
    /// <summary>Chunks and columns of a strip: its codes take half of a first-level cache.</summary>
    public const int Chunks = 4, StripColumns = Chunks * ChunkColumns;
    /// <summary>From the first block's codes to the second's.</summary>
    public const int BlockBytes = Chunks * ChunkBytes;
    /// <summary>Tokens that share a vector of codes.</summary>
    public const int Tokens = 4;

    /// <summary>A strip and what comes of it. Lives on the stack: see <see cref="Align"/>.</summary>
    internal struct Strip
    {
        public fixed byte Codes[2 * BlockBytes];
        /// <summary>[block, chunk, row].</summary>
        public fixed float Scales[2 * Chunks * BlockRows];
        /// <summary>[token, block, row], as are the results.</summary>
        public fixed int Sums[Tokens * 2 * BlockRows];
        public fixed float Results[Tokens * 2 * BlockRows];
    }

    /// <summary>Room for a strip at a multiple of 64 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 2 * BlockBytes + 2 * Chunks * 64 + Tokens * 256 + 64)]
    internal struct Room
    {
        private Vector256<byte> _first;
    }

    /// <summary>The tokens that a strip meets, a multiple of four, and where its rows go: Rows are left from the first
    /// block on, the second begins TileRows further.</summary>
    internal struct Target
    {
        public byte* X, Record;
        public float* Y, First;
        public long TokenBytes, Tokens, YStride, TileRows, Rows;
    }

    /// <summary>How a block's sums become results: ((sum · 2^Shift − Bias · Σ activations) · 2^powers) · Factor ·
    /// (scales · (activation scale · Part)).</summary>
    internal struct Reading
    {
        /// <summary>Of rows 0 … 7 and 8 … 15.</summary>
        public Vector256<uint> LowPowers, HighPowers;
        public Vector256<float> Part;
        public float Factor;
        public int Shift, Bias;
        /// <summary>Columns whose products fit int16: 32 of 4-bit codes, 64 of 3-bit, 128 of fewer bits.</summary>
        public int Columns;
    }

    public static Strip* Align(Room* room) => (Strip*)(((nint)room + 63) & ~(nint)63);

    public static void Aim(Target* target, byte* x, long columns, long tokenBytes, float* y, long yStride, long tokens,
        long tileRows)
    {
        target->X = x;
        target->Record = x + columns;
        target->First = y;
        target->TokenBytes = tokenBytes;
        target->Tokens = tokens;
        target->YStride = yStride;
        target->TileRows = tileRows;
    }

    /// <summary>Goes on to the blocks that begin with a row.</summary>
    public static void Next(Target* target, long row, long end)
    {
        target->Y = target->First + row;
        target->Rows = end - row;
    }

    /// <summary>How many of a strip's blocks have rows.</summary>
    public static long Blocks(Target* target) => target->Rows > target->TileRows ? 2 : 1;

    /// <summary>The usual reading of signed weights: offset Bias, one part, no fraction.</summary>
    public static void Plain(Reading* reading, int bias, int columns, Vector256<uint> low, Vector256<uint> high)
    {
        reading->LowPowers = low;
        reading->HighPowers = high;
        reading->Part = Vector256.Create(1f);
        reading->Factor = 1;
        reading->Shift = 0;
        reading->Bias = bias;
        reading->Columns = columns;
    }

    /// <summary>Writes eight columns of four fields: four rows each, columns 0 … 3 in the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* codes, Vector256<byte> f0, Vector256<byte> f1, Vector256<byte> f2, Vector256<byte> f3)
    {
        Avx.Store(codes, Avx2.Permute2x128(f0, f1, 0x20));
        Avx.Store(codes + 32, Avx2.Permute2x128(f2, f3, 0x20));
        Avx.Store(codes + 64, Avx2.Permute2x128(f0, f1, 0x31));
        Avx.Store(codes + 96, Avx2.Permute2x128(f2, f3, 0x31));
    }

    /// <summary>Keeps a group's sixteen scales with the strip.</summary>
    public static void PutScales(Strip* strip, long block, long chunk, byte* scales)
    {
        float* to = strip->Scales + (block * Chunks + chunk) * BlockRows;
        Avx.Store(to, DigitsAvx2.Scales((ushort*)scales));
        Avx.Store(to + 8, DigitsAvx2.Scales((ushort*)scales + 8));
    }

    /// <summary>Adds a strip of groups to y, which starts at zero with the first strip. First and second: how the
    /// blocks are read, with the same Columns.</summary>
    public static void AddGroups(Strip* strip, Reading* first, Reading* second, Target* target, long group,
        long groups) => AddGroups(strip, first, second, target, group, groups, &Sum);

    internal static void AddGroups(Strip* strip, Reading* first, Reading* second, Target* target, long group,
        long groups, StripSum sum)
    {
        long blocks = Blocks(target);
        for (long t = 0; t < target->Tokens; t += Tokens)
        {
            byte* x = target->X + t * target->TokenBytes + group * Digits.Group;
            byte* record = target->Record + t * target->TokenBytes + group * Digits.RecordBytes;
            Load(strip->Results, target, t, blocks, group == 0);
            for (long g = 0; g < groups; g++, x += Digits.Group, record += Digits.RecordBytes)
            {
                sum(strip->Codes + g * ChunkBytes, blocks, x, target->TokenBytes, Digits.Group, first->Columns,
                    strip->Sums);
                for (long b = 0; b < blocks; b++)
                    AddScaled(strip->Sums + b * BlockRows, strip->Results + b * BlockRows, b == 0 ? first : second,
                        strip->Scales + (b * Chunks + g) * BlockRows, record, target->TokenBytes);
            }
            Store(strip->Results, target, t, blocks);
        }
    }

    /// <summary>Adds a strip to y, which holds int32 until the rows are finished (<see cref="DigitsAvx2.Finish"/>).
    /// Codes are at most 3.</summary>
    public static void AddColumns(Strip* strip, Target* target, long column, long columns,
        StripSum sum)
    {
        long blocks = Blocks(target);
        for (long t = 0; t < target->Tokens; t += Tokens)
        {
            sum(strip->Codes, blocks, target->X + t * target->TokenBytes + column, target->TokenBytes, columns,
                ChunkColumns, strip->Sums);
            Load(strip->Results, target, t, blocks, column == 0);
            int* results = (int*)strip->Results, sums = strip->Sums;
            for (long i = 0; i < Tokens * 2 * BlockRows; i += 8)
                Avx.Store(results + i, Avx2.Add(Avx.LoadVector256(results + i), Avx.LoadVector256(sums + i)));
            Store(strip->Results, target, t, blocks);
        }
    }

    /// <summary>Sets sums[token · 32 + block · 16 + row] of four tokens to Σ code · activation. Shapes: columns is a
    /// multiple of 32; step: columns whose products fit int16.</summary>
    public static void Sum(byte* codes, long blocks, byte* x, long tokenBytes, long columns, long step, int* sums)
    {
        for (long b = 0; b < blocks; b++)
            SumBlock(codes + b * BlockBytes, x, tokenBytes, columns, step, sums + b * BlockRows);
    }

    private static void SumBlock(byte* codes, byte* x, long tokenBytes, long columns, long step, int* sums)
    {
        long third = 3 * tokenBytes;
        Vector256<short> ones = Vector256.Create((short)1);
        for (byte* end = x + columns, begin = x; x < end;)
        {
            byte* stop = end - x > step ? x + step : end;
            bool first = x == begin;
            Vector256<short> a0 = Vector256<short>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            for (; x < stop; x += 4, codes += 64)
            {
                Vector256<byte> low = Avx.LoadVector256(codes), high = Avx.LoadVector256(codes + 32);
                Vector256<sbyte> four = TilesAvx2.Four(x);
                a0 = Avx2.Add(a0, Avx2.MultiplyAddAdjacent(low, four));
                a1 = Avx2.Add(a1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + tokenBytes);
                b0 = Avx2.Add(b0, Avx2.MultiplyAddAdjacent(low, four));
                b1 = Avx2.Add(b1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + 2 * tokenBytes);
                c0 = Avx2.Add(c0, Avx2.MultiplyAddAdjacent(low, four));
                c1 = Avx2.Add(c1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + third);
                d0 = Avx2.Add(d0, Avx2.MultiplyAddAdjacent(low, four));
                d1 = Avx2.Add(d1, Avx2.MultiplyAddAdjacent(high, four));
            }
            Widen(sums, a0, a1, ones, first);
            Widen(sums + 2 * BlockRows, b0, b1, ones, first);
            Widen(sums + 4 * BlockRows, c0, c1, ones, first);
            Widen(sums + 6 * BlockRows, d0, d1, ones, first);
        }
    }

    /// <summary>One block's sums of a group for four tokens: scaled, and added to its results.</summary>
    private static void AddScaled(int* sums, float* results, Reading* reading, float* scales, byte* record,
        long tokenBytes)
    {
        Vector256<float> low = Avx.LoadVector256(scales), high = Avx.LoadVector256(scales + 8);
        for (long i = 0; i < Tokens; i++, sums += 2 * BlockRows, results += 2 * BlockRows, record += tokenBytes)
        {
            Vector256<int> bias = Vector256.Create(((int*)record)[10] * reading->Bias);
            Vector256<float> part = Avx.Multiply(Avx.BroadcastScalarToVector256((float*)record), reading->Part);
            Vector256<float> first = Scaled(sums, bias, reading, reading->LowPowers, Avx.Multiply(low, part));
            Vector256<float> second = Scaled(sums + 8, bias, reading, reading->HighPowers, Avx.Multiply(high, part));
            Avx.Store(results, Avx.Add(Avx.LoadVector256(results), first));
            Avx.Store(results + 8, Avx.Add(Avx.LoadVector256(results + 8), second));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(int* sums, Vector256<int> bias, Reading* reading, Vector256<uint> powers,
        Vector256<float> scales)
    {
        Vector256<int> sum = Avx.LoadVector256(sums);
        if (reading->Shift != 0) sum = Avx2.ShiftLeftLogical(sum, Vector128.CreateScalar(reading->Shift));
        Vector256<int> dot = Avx2.ShiftLeftLogicalVariable(Avx2.Subtract(sum, bias), powers);
        Vector256<float> product = Avx.ConvertToVector256Single(dot);
        if (reading->Shift != 0) product = Avx.Multiply(product, Vector256.Create(reading->Factor));
        return Avx.Multiply(product, scales);
    }

    // Four tokens' rows of y; the first strip starts at zero.
    private static void Load(float* results, Target* target, long token, long blocks, bool first)
    {
        for (long i = 0; i < Tokens; i++, token++)
            for (long b = 0; b < blocks; b++, results += BlockRows)
            {
                float* y = target->Y + token * target->YStride + b * target->TileRows;
                long rows = Rows(target, b);
                Avx.Store(results, first ? Vector256<float>.Zero : DigitsAvx2.Load(y, rows));
                Avx.Store(results + 8, first || rows <= 8 ? Vector256<float>.Zero : DigitsAvx2.Load(y + 8, rows - 8));
                if (blocks == 1) results += BlockRows;
            }
    }

    private static void Store(float* results, Target* target, long token, long blocks)
    {
        for (long i = 0; i < Tokens; i++, token++)
            for (long b = 0; b < blocks; b++, results += BlockRows)
            {
                float* y = target->Y + token * target->YStride + b * target->TileRows;
                long rows = Rows(target, b);
                DigitsAvx2.Store(y, Avx.LoadVector256(results), rows);
                DigitsAvx2.Store(y + 8, Avx.LoadVector256(results + 8), rows - 8);
                if (blocks == 1) results += BlockRows;
            }
    }

    // Rows of y that a block has.
    private static long Rows(Target* target, long block)
    {
        long rows = target->Rows - block * target->TileRows;
        long most = target->TileRows < BlockRows ? target->TileRows : BlockRows;
        return rows < most ? rows : most;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(int* sums, Vector256<short> low, Vector256<short> high, Vector256<short> ones, bool first)
    {
        Vector256<int> a = Avx2.MultiplyAddAdjacent(low, ones), b = Avx2.MultiplyAddAdjacent(high, ones);
        Avx.Store(sums, first ? a : Avx2.Add(Avx.LoadVector256(sums), a));
        Avx.Store(sums + 8, first ? b : Avx2.Add(Avx.LoadVector256(sums + 8), b));
    }
}
