using System.Runtime.InteropServices;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Reads one matrix of a folder at a time and brings it into the form that a GGUF file of the model would
/// have: read, decoded, turned round, every second row taken, rows reordered. <paramref name="zeroOffset"/>: what GPTQ
/// took off its zeros. <paramref name="isDivisor"/>: packed BitNet's scales divide.</summary>
internal sealed unsafe class HubMatrices(int zeroOffset, bool isDivisor) : IDisposable
{
    private const int ReadBytes = 1 << 24;

    private readonly Room[] _rooms = [new(), new(), new()];

    /// <summary>The bytes of a matrix in its tensor's type; valid until the next call. Errors: ModelFolderException;
    /// IOException.</summary>
    public byte* Read(HubTensor hub, int index)
    {
        GgufTensor tensor = hub.Tensor;
        if (hub.Values is not null)
        {
            byte* values = _rooms[0].Take(tensor.Bytes);
            MemoryMarshal.AsBytes(hub.Values.AsSpan()).CopyTo(new Span<byte>(values, checked((int)tensor.Bytes)));
            return values;
        }
        HubPart part = hub.Parts[index];
        byte* at = hub.Form switch
        {
            HubForm.Float => Floats(part, tensor.Type),
            HubForm.Mxfp4 => Mxfp4(part),
            HubForm.BitNet => BitNet(part),
            _ => FourBits(part, hub.Form, tensor.Type),
        };
        long columns = part.Columns, rows = part.Rows;
        if (part.IsTransposed)
        {
            at = Transposed(at, rows, columns, (int)QuantTypes.RowBytes(tensor.Type, 1));
            (rows, columns) = (columns, rows);
        }
        // A vector is a column; what is no number is a row of blocks.
        long rowBytes = QuantTypes.RowBytes(tensor.Type, columns);
        if (part.Step > 1) at = Selected(at, part, rows / part.Step, rowBytes);
        if (hub.IsNormLessOne)
            for (long i = 0; i < rows * columns; i++) ((float*)at)[i] += 1;
        if (hub.PermutedHeads == 0) return at;
        byte* ordered = Other(at, rows * rowBytes);
        HubDecoder.Permute(at, ordered, rows, rowBytes, hub.PermutedHeads);
        return ordered;
    }

    public void Dispose()
    {
        foreach (Room room in _rooms) room.Dispose();
    }

    /// <summary>A part of an entry of floats, as it is or as float32.</summary>
    private byte* Floats(HubPart part, QuantType type)
    {
        long elements = part.Rows * part.Columns, size = part.Weights.Bytes / part.Weights.Elements;
        byte* raw = Bytes(part.Weights, part.FirstRow * part.Columns * size, elements * size);
        if (HubDecoder.TypeOf(part.Weights.Type) == type) return raw;
        byte* floats = Other(raw, elements * sizeof(float));
        HubDecoder.Floats(part.Weights, raw, (float*)floats, elements);
        return floats;
    }

    private byte* Mxfp4(HubPart part)
    {
        long row = part.Columns / 2 / HubBlocks.Mxfp4Bytes, first = part.FirstRow * row, count = part.Rows * row;
        byte* codes = Bytes(part.Weights, first * HubBlocks.Mxfp4Bytes, count * HubBlocks.Mxfp4Bytes);
        byte* exponents = Other(codes, count * (2 + HubBlocks.Mxfp4Bytes));
        Fill(part.Scales!, first, exponents, count);
        byte* to = exponents + count;
        HubBlocks.Mxfp4(codes, exponents, to, count);
        return to;
    }

    private byte* BitNet(HubPart part)
    {
        SafetensorsEntry weights = part.Weights;
        (long rows, long columns) = (weights.Shape[0] * 4, weights.Shape[1]);
        byte* raw = Bytes(weights, 0, weights.Bytes);
        byte* to = Other(raw, rows * columns * sizeof(float));
        float scale = 0;
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        part.Scales!.File.Read(part.Scales, 0, bytes[..(int)part.Scales.Bytes]);
        fixed (byte* from = bytes) HubDecoder.Floats(part.Scales, from, &scale, 1);
        HubDecoder.BitNet(raw, isDivisor ? 1 / scale : scale, (float*)to, rows, columns, weights);
        return to + part.FirstRow * columns * sizeof(float);
    }

    /// <summary>GPTQ or AWQ: the whole entry, of which the part's rows are returned.</summary>
    private byte* FourBits(HubPart part, HubForm form, QuantType type)
    {
        SafetensorsEntry weights = part.Weights, scales = part.Scales!, zeros = part.Zeros!;
        SafetensorsEntry? groups = part.Groups;
        (long rows, long columns, long count) = (scales.Shape[1], part.Columns, scales.Shape[0]);
        byte* raw = Bytes(weights, 0, weights.Bytes);
        long made = rows * QuantTypes.RowBytes(type, columns), floats = scales.Elements * sizeof(float);
        byte* to = Other(raw, made + floats + zeros.Bytes + (groups?.Bytes ?? 0) + scales.Bytes + 16);
        byte* at = to + (made + 3) / 4 * 4;
        float* scale = (float*)at;
        uint* zero = (uint*)(at + floats);
        int* group = (int*)(at + floats + zeros.Bytes);
        byte* halves = at + floats + zeros.Bytes + (groups?.Bytes ?? 0);
        Fill(scales, 0, halves, scales.Bytes);
        Fill(zeros, 0, (byte*)zero, zeros.Bytes);
        if (groups is not null) Fill(groups, 0, (byte*)group, groups.Bytes);
        HubDecoder.Floats(scales, halves, scale, scales.Elements);
        if (type != QuantType.F32)
        {
            ushort* half = (ushort*)scale; // over what it is made of, which is wider
            for (long i = 0; i < scales.Elements; i++) half[i] = Kernels.FloatScalar.ToF16(scale[i]);
            HubBlocks.Write(form, type, (uint*)raw, zero, half, to, rows, columns, count, zeroOffset);
        }
        else if (form == HubForm.Awq) HubDecoder.Awq((uint*)raw, zero, scale, (float*)to, rows, columns, count);
        else
            HubDecoder.Gptq((uint*)raw, zero, scale, groups is null ? null : group, (float*)to, rows, columns, count,
                zeroOffset, weights);
        return to + part.FirstRow * QuantTypes.RowBytes(type, columns);
    }

    private byte* Transposed(byte* from, long rows, long columns, int size)
    {
        byte* to = Other(from, rows * columns * size);
        if (size == sizeof(float))
            for (long r = 0; r < rows; r++)
                for (long c = 0; c < columns; c++) ((uint*)to)[c * rows + r] = ((uint*)from)[r * columns + c];
        else
            for (long r = 0; r < rows; r++)
                for (long c = 0; c < columns; c++) ((ushort*)to)[c * rows + r] = ((ushort*)from)[r * columns + c];
        return to;
    }

    private byte* Selected(byte* from, HubPart part, long rows, long rowBytes)
    {
        byte* to = Other(from, rows * rowBytes);
        for (long r = 0; r < rows; r++)
            Buffer.MemoryCopy(from + (part.Select + r * part.Step) * rowBytes, to + r * rowBytes, rowBytes, rowBytes);
        return to;
    }

    private byte* Bytes(SafetensorsEntry entry, long at, long count)
    {
        byte* to = _rooms[0].Take(count);
        Fill(entry, at, to, count);
        return to;
    }

    private static void Fill(SafetensorsEntry entry, long at, byte* to, long count)
    {
        for (long done = 0; done < count; done += ReadBytes)
            entry.File.Read(entry, at + done, new Span<byte>(to + done, (int)Math.Min(ReadBytes, count - done)));
    }

    /// <summary>Room that is not where <paramref name="from"/> lies.</summary>
    private byte* Other(byte* from, long bytes) => _rooms[_rooms[1].Holds(from) ? 2 : 1].Take(bytes);

    /// <summary>Memory that grows to the largest that was asked for.</summary>
    private sealed class Room : IDisposable
    {
        private byte* _at;
        private long _bytes;

        public bool Holds(byte* address) => address >= _at && address < _at + _bytes;

        public byte* Take(long bytes)
        {
            if (_bytes >= bytes) return _at;
            Dispose();
            _at = (byte*)NativeMemory.Alloc((nuint)bytes);
            _bytes = bytes;
            return _at;
        }

        public void Dispose()
        {
            NativeMemory.Free(_at);
            _at = null;
            _bytes = 0;
        }
    }
}
