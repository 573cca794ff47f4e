using System.Buffers.Binary;
using System.Text;
using Edge.Weights.Policies;

namespace Edge.Weights.Traces;

/// <summary>Reads and checks a whole trace.</summary>
public static class TraceReader
{
    private const string Again = "record it again with --trace";

    /// <summary>Errors: TraceException for a file that is no whole trace; IOException from the system.</summary>
    public static Trace Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > TraceLayout.BytesMax)
            throw new TraceException($"the file has {file.Length} bytes and a trace at most {TraceLayout.BytesMax}; " +
                "is it a trace?", TraceLayout.BytesMax);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return Parse(bytes);
    }

    /// <summary>Takes the bytes over. Errors: TraceException.</summary>
    public static Trace Parse(byte[] bytes)
    {
        (CacheShape shape, string model, bool scores, int at) = Header(bytes);
        int layers = 0;
        for (int l = 0; l < shape.Layers; l++) layers += shape.UnitBytes(l) > 0 ? 1 : 0;
        int rowBytes = TraceLayout.RowBytes(shape.Experts, shape.Used, scores);
        bool[] seen = new bool[shape.Experts];
        var passes = new List<TracePass>();
        long rows = 0, token = 0;
        bool begins = true;
        while (true)
        {
            byte kind = Take(bytes, at, 1, "the end of the trace")[0];
            switch (kind)
            {
                case TraceLayout.End:
                    Finish(bytes, at, rows);
                    return new Trace(bytes, shape, model, scores, passes, rows);
                case TraceLayout.Sequence:
                    (begins, token, at) = (true, 0, at + 1);
                    break;
                case TraceLayout.Pass:
                    int count = BinaryPrimitives.ReadUInt16LittleEndian(Take(bytes, at + 1, 2, "a pass"));
                    if (count is < 1 or > TraceLayout.RowsMax)
                        throw new TraceException(
                            $"a pass of {count} rows; 1 to {TraceLayout.RowsMax} are possible; {Again}", at + 1);
                    long length = (long)count * layers * rowBytes;
                    CheckRows(at + 3, Take(bytes, at + 3, length, $"a pass of {count} rows"), shape, seen,
                        rowBytes);
                    passes.Add(new TracePass(count, begins, token, at + 3));
                    (begins, token, rows) = (false, token + count, rows + count);
                    at = (int)(at + 3 + length);
                    break;
                default:
                    throw new TraceException($"no record of kind {kind}; the file is damaged: {Again}", at);
            }
        }
    }

    private static (CacheShape Shape, string Model, bool Scores, int Bytes) Header(byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith(TraceLayout.Magic))
            throw new TraceException("this is no routing trace; name a file that was recorded with --trace", 0);
        Take(bytes, 0, TraceLayout.HeaderBytes, "the header");
        uint Count(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
        if (Count(8) != TraceLayout.Version)
            throw new TraceException($"version {Count(8)}; this program reads {TraceLayout.Version}: {Again}", 8);
        if ((Count(12) & ~TraceLayout.AllScores) != 0)
            throw new TraceException($"unknown flags {Count(12):x}; the file is damaged: {Again}", 12);
        uint layers = Count(16), experts = Count(20), used = Count(24);
        bool inRange = layers <= CacheShape.LayersMax && experts <= CacheShape.ExpertsMax && used <= experts;
        string? problem = inRange ? CacheShape.Problem((int)layers, (int)experts, (int)used)
            : $"{layers} layers, {experts} experts, {used} used; at most {CacheShape.LayersMax} layers and " +
                $"{CacheShape.ExpertsMax} experts are possible";
        if (problem is not null) throw new TraceException($"{problem}; the file is damaged: {Again}", 16);
        int nameBytes = Take(bytes, 28, 1, "the model's name")[0];
        string model = Name(Take(bytes, 29, nameBytes, "the model's name"));
        int at = 29 + nameBytes;
        long[] hi = new long[layers], lo = new long[layers];
        ReadOnlySpan<byte> sizes = Take(bytes, at, 16L * layers, "the slices' sizes");
        bool any = false;
        for (int l = 0; l < layers; l++)
        {
            hi[l] = Size(sizes, 16 * l, at);
            lo[l] = Size(sizes, 16 * l + 8, at);
            if (hi[l] == 0 && lo[l] > 0)
                throw new TraceException($"layer {l} has LO slices without HI; {Again}", at + 16 * l);
            any |= hi[l] > 0;
        }
        if (!any) throw new TraceException($"no layer has experts: there is nothing to replay; {Again}", at);
        return (new CacheShape((int)experts, (int)used, hi, lo), model, (Count(12) & TraceLayout.AllScores) != 0,
            at + 16 * (int)layers);
    }

    private static long Size(ReadOnlySpan<byte> sizes, int at, int offset)
    {
        const long sizeMax = 1L << 40;
        long size = BinaryPrimitives.ReadInt64LittleEndian(sizes[at..]);
        return size is >= 0 and <= sizeMax ? size
            : throw new TraceException($"a slice of {size} bytes; at most {sizeMax} are possible; {Again}",
                offset + at);
    }

    /// <summary>What a terminal can show of the name.</summary>
    private static string Name(ReadOnlySpan<byte> utf8) =>
        new([.. Encoding.UTF8.GetString(utf8).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);

    private static void CheckRows(
        int at, ReadOnlySpan<byte> rows, CacheShape shape, bool[] seen, int rowBytes)
    {
        int expertBytes = TraceLayout.ExpertBytes(shape.Experts);
        for (int row = 0; row < rows.Length; row += rowBytes)
        {
            Array.Clear(seen);
            for (int i = 0; i < shape.Used; i++)
            {
                int expert = Trace.Expert(rows[row..], i, expertBytes);
                if (expert >= shape.Experts)
                    throw new TraceException(
                        $"expert {expert} of {shape.Experts}; the file is damaged: {Again}",
                        at + row + i * expertBytes);
                if (seen[expert])
                    throw new TraceException(
                        $"expert {expert} is chosen twice; the file is damaged: {Again}", at + row + i * expertBytes);
                seen[expert] = true;
            }
        }
    }

    private static void Finish(byte[] bytes, int at, long rows)
    {
        long said = BinaryPrimitives.ReadInt64LittleEndian(Take(bytes, at + 1, 8, "the number of rows"));
        if (said != rows)
            throw new TraceException($"the trace says {said} rows and has {rows}; the file is damaged: {Again}",
                at + 1);
        if (at + 9 != bytes.Length)
            throw new TraceException(
                $"{bytes.Length - at - 9} bytes follow the end; the file is damaged: {Again}", at + 9);
        if (rows == 0) throw new TraceException($"no token was recorded; {Again}", at);
    }

    private static ReadOnlySpan<byte> Take(byte[] bytes, int at, long count, string what) =>
        at + count <= bytes.Length ? bytes.AsSpan(at, (int)count)
        : throw new TraceException(
            $"{what} needs {count} bytes and {bytes.Length - at} are there: the recording was cut off; {Again}", at);
}
