using System.Buffers.Binary;
using System.Text;
using Edge.Weights.Policies;

namespace Edge.Weights.Traces;

/// <summary>Writes a trace: rows of a pass layer by layer, as they were routed. Ends by itself at the format's limit:
/// what was written until then is a whole trace.</summary>
/// <remarks>Errors: IOException from the system. One thread at a time; adding a row allocates nothing.</remarks>
public sealed class TraceWriter : IDisposable
{
    private readonly Stream _to;
    private readonly CacheShape _shape;
    private readonly bool _scores;
    private readonly byte[] _row;
    private byte[] _pass = [];
    private int _passRows, _filled;
    private long _bytes;
    private bool _disposed;

    /// <summary><paramref name="scores"/>: rows come with the probabilities of all experts.</summary>
    public TraceWriter(string path, CacheShape shape, string model, bool scores)
        : this(new FileStream(path, FileMode.Create, FileAccess.Write), shape, model, scores) { }

    public TraceWriter(Stream to, CacheShape shape, string model, bool scores)
    {
        (_to, _shape, _scores) = (to, shape, scores);
        _row = new byte[TraceLayout.RowBytes(shape.Experts, shape.Used, scores)];
        WriteHeader(model);
    }

    /// <summary>Rows of whole passes so far.</summary>
    public long Rows { get; private set; }
    /// <summary>The limit was reached: nothing more is recorded.</summary>
    public bool IsFull { get; private set; }

    public void BeginSequence()
    {
        if (IsFull) return;
        Write([TraceLayout.Sequence]);
    }

    /// <summary>A pass of so many rows begins; every layer with experts follows, in order, with every row.</summary>
    public void BeginPass(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, TraceLayout.RowsMax);
        int layers = 0;
        for (int l = 0; l < _shape.Layers; l++) layers += _shape.UnitBytes(l) > 0 ? 1 : 0;
        long bytes = 3 + (long)rows * layers * _row.Length;
        IsFull |= _bytes + bytes + 16 > TraceLayout.BytesMax;
        if (IsFull) return;
        if (_pass.Length < bytes) _pass = new byte[bytes];
        _pass[0] = TraceLayout.Pass;
        BinaryPrimitives.WriteUInt16LittleEndian(_pass.AsSpan(1), (ushort)rows);
        (_passRows, _filled) = (rows, 3);
    }

    /// <summary>The next row of the pass: <paramref name="row"/>.Layer and Token are given by the order of the calls.
    /// </summary>
    public void Add(in RoutedRow row)
    {
        if (IsFull) return;
        int at = 0, expertBytes = TraceLayout.ExpertBytes(_shape.Experts);
        float sum = 0;
        foreach (float weight in row.Weights) sum += weight;
        foreach (int expert in row.Experts)
        {
            _row[at++] = (byte)expert;
            if (expertBytes == 2) _row[at++] = (byte)(expert >> 8);
        }
        foreach (float weight in row.Weights) _row[at++] = (byte)Math.Clamp(MathF.Round(255 * weight / sum), 0, 255);
        if (_scores)
        {
            float best = 0;
            foreach (float score in row.Scores) best = MathF.Max(best, score);
            foreach (float score in row.Scores) _row[at++] = Quantize(score, best);
        }
        _row.CopyTo(_pass, _filled);
        _filled += _row.Length;
    }

    /// <summary>The pass is whole and is written.</summary>
    public void EndPass()
    {
        if (IsFull) return;
        Write(_pass.AsSpan(0, _filled));
        Rows += _passRows;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Span<byte> end = stackalloc byte[9];
        end[0] = TraceLayout.End;
        BinaryPrimitives.WriteInt64LittleEndian(end[1..], Rows);
        using (_to) _to.Write(end);
    }

    private static byte Quantize(float score, float best)
    {
        double octaves = score > 0 ? Math.Log2(best / (double)score) : 255;
        return (byte)Math.Clamp(Math.Round(octaves * TraceLayout.StepsPerOctave), 0, 255);
    }

    private void WriteHeader(string model)
    {
        byte[] name = Encoding.UTF8.GetBytes(model);
        if (name.Length > TraceLayout.NameBytesMax) name = name[..TraceLayout.NameBytesMax];
        byte[] header = new byte[TraceLayout.HeaderBytes + 1 + name.Length + 16 * _shape.Layers];
        Span<byte> rest = header;
        TraceLayout.Magic.CopyTo(rest);
        rest = rest[TraceLayout.Magic.Length..];
        ReadOnlySpan<uint> counts = [TraceLayout.Version, _scores ? TraceLayout.AllScores : 0, (uint)_shape.Layers,
            (uint)_shape.Experts, (uint)_shape.Used];
        foreach (uint count in counts)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, count);
            rest = rest[4..];
        }
        rest[0] = (byte)name.Length;
        name.CopyTo(rest[1..]);
        rest = rest[(1 + name.Length)..];
        for (int l = 0; l < _shape.Layers; l++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest[(16 * l)..], _shape.HiBytes(l));
            BinaryPrimitives.WriteInt64LittleEndian(rest[(16 * l + 8)..], _shape.LoBytes(l));
        }
        Write(header);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _to.Write(bytes);
        _bytes += bytes.Length;
    }
}
