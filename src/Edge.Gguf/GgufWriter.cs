using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Gguf;

/// <summary>Writes a version 3 file: first all metadata and all tensors' shapes, then the data in the same order,
/// streamed. The file appears under its name, whole and on disk, at <see cref="Complete"/>; until then, and if that is
/// never reached, there is only a temporary file beside it, which Dispose removes unless it is to be gone on with.
/// </summary>
/// <remarks>Errors: ArgumentException and InvalidOperationException for what the reader would refuse or for calls out
/// of order (bugs); IOException from the system.</remarks>
public sealed class GgufWriter : IDisposable
{
    private const int StreamBufferBytes = 1 << 20;
    /// <summary>Magic, version and two counts: what stands before the metadata.</summary>
    private const int FixedHeaderBytes = 24;
    private const string AlignmentKey = "general.alignment";
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly string _path, _temporaryPath;
    private readonly FileStream _file;
    private readonly MemoryStream _metadata = new();
    private readonly BinaryWriter _values;
    private readonly HashSet<string> _keys = [], _names = [];
    private readonly List<GgufTensor> _tensors = [];
    private readonly Dictionary<string, (long Start, int Count)> _reserved = [];
    private readonly int _alignment;
    private long _relativeEnd;
    private int _current = -1;
    private long _currentBytes;
    private bool _completed, _disposed;

    /// <summary><paramref name="alignment"/> of tensor data: a power of two, 8 to 65536; written when not 32.
    /// <paramref name="resumable"/>: the temporary file is PATH.part, and one that is there is opened: whole tensors in
    /// it, checked with <see cref="ReadBack"/>, may be skipped. IOException while another process has it, and for a
    /// path that <see cref="OutputPath"/> refuses.</summary>
    public GgufWriter(string path, int alignment = GgufLimits.AlignmentDefault, bool resumable = false)
    {
        if (alignment is < GgufLimits.AlignmentMin or > GgufLimits.AlignmentMax || !BitOperations.IsPow2(alignment))
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "not a power of two from 8 to 65536");
        _path = OutputPath.Resolve(path);
        _temporaryPath = resumable ? $"{_path}.part" : $"{_path}.{Guid.NewGuid():N}.tmp";
        _alignment = alignment;
        _values = new BinaryWriter(_metadata, StrictUtf8);
        _file = new FileStream(_temporaryPath, resumable ? FileMode.OpenOrCreate : FileMode.CreateNew,
            FileAccess.ReadWrite, FileShare.None, StreamBufferBytes);
        if (alignment != GgufLimits.AlignmentDefault) SetValue(AlignmentKey, (uint)alignment);
    }

    /// <summary>Whether Dispose leaves an incomplete file.</summary>
    public bool KeepsPart { get; set; }

    /// <summary>A number or a bool, of exactly the type given (an int is an Int32, a uint a UInt32).</summary>
    public void Set<T>(string key, T value) where T : unmanaged
    {
        if (key == AlignmentKey) throw new ArgumentException("the alignment is set by the constructor", nameof(key));
        SetValue(key, value);
    }

    public void Set(string key, string value)
    {
        StartEntry(key, GgufValueType.String);
        WriteString(_values, value, GgufLimits.StringBytesMax);
    }

    public void SetArray<T>(string key, ReadOnlySpan<T> values) where T : unmanaged
    {
        StartArray(key, ValueTypes.Of<T>(), values.Length);
        _values.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>The same value under the same key as in another file.</summary>
    public void Copy(GgufMetadata from, string key)
    {
        (GgufValueType type, ReadOnlyMemory<byte> value) = from.Raw(key);
        StartEntry(key, type);
        _values.Write(value.Span);
    }

    /// <summary>An array whose values are known only when the data is written: zeros until
    /// <see cref="Fill"/>.</summary>
    public void Reserve(string key, int count)
    {
        StartArray(key, GgufValueType.UInt64, count);
        _values.Flush();
        _reserved.Add(key, (_metadata.Length, count));
        _values.Write(new byte[count * sizeof(ulong)]);
    }

    /// <summary>The values of a reserved array, at any time before <see cref="Complete"/>.</summary>
    public void Fill(string key, ReadOnlySpan<ulong> values)
    {
        if (_completed) throw new InvalidOperationException("the file is complete");
        (long start, int count) = _reserved[key];
        if (values.Length != count) throw new ArgumentException($"'{key}' has {count} values", nameof(values));
        if (_current < 0) WriteHeader();
        long end = _file.Position;
        _file.Position = FixedHeaderBytes + start;
        _file.Write(MemoryMarshal.AsBytes(values));
        _file.Position = end;
    }

    public void SetArray(string key, IReadOnlyCollection<string> values)
    {
        StartArray(key, GgufValueType.String, values.Count);
        foreach (string value in values) WriteString(_values, value, GgufLimits.StringBytesMax);
    }

    /// <summary>Declares a tensor; <paramref name="shape"/>[0] is the innermost dimension. Its data follows later, in
    /// the order of declaration.</summary>
    public void AddTensor(string name, QuantType type, params ReadOnlySpan<long> shape)
    {
        RequireHeaderOpen();
        if (shape.Length is 0 or > GgufLimits.DimensionsMax)
            throw new ArgumentException($"tensor '{name}' has {shape.Length} dimensions", nameof(shape));
        if (StrictUtf8.GetByteCount(name) is 0 or > GgufLimits.TensorNameBytesMax || name.Any(char.IsControl))
            throw new ArgumentException($"'{name}' is no tensor name of 1 to 64 bytes", nameof(name));
        if (_tensors.Count == GgufLimits.TensorCountMax) throw new InvalidOperationException("too many tensors");
        if (!_names.Add(name)) throw new ArgumentException($"tensor '{name}' is declared twice", nameof(name));
        long elements = 1;
        foreach (long length in shape)
        {
            if (length <= 0 || length > GgufLimits.ElementsMax / elements)
                throw new ArgumentException($"tensor '{name}' has a dimension of {length}", nameof(shape));
            elements *= length;
        }
        if (_alignment % QuantTypes.Of(type).MatrixAlignment != 0)
            throw new ArgumentException(
                $"tensor '{name}' of type {type} needs an alignment of {QuantTypes.PackedAlignment}", nameof(type));
        long bytes = QuantTypes.Bytes(type, shape);
        _tensors.Add(new GgufTensor(name, type, shape.ToArray(), _relativeEnd, bytes));
        _relativeEnd = Align(_relativeEnd + bytes);
    }

    /// <summary>The next bytes of tensor <paramref name="name"/>; a tensor may come in any number of pieces.</summary>
    public void Write(string name, ReadOnlySpan<byte> bytes)
    {
        Begin(name);
        if (bytes.Length > _tensors[_current].Bytes - _currentBytes)
            throw new InvalidOperationException($"tensor '{name}' has {_tensors[_current].Bytes} bytes, " +
                "more were given");
        _file.Write(bytes);
        _currentBytes += bytes.Length;
    }

    /// <summary>Bytes that the file has of a tensor that was written, or a resumed one of the next tensor, from
    /// <paramref name="at"/> on; fewer than asked for where it ends.</summary>
    public int ReadBack(string name, long at, Span<byte> into)
    {
        int earlier = _current <= 0 ? -1 : _tensors.FindLastIndex(_current - 1, tensor => tensor.Name == name);
        if (earlier < 0) Begin(name);
        long start = _file.Position, back = earlier < 0 ? 0 : _tensors[_current].Offset - _tensors[earlier].Offset;
        _file.Position = start - _currentBytes - back + at;
        int count = _file.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        _file.Position = start;
        return count;
    }

    /// <summary>The resumed file has all of the next tensor, as <see cref="ReadBack"/> showed.</summary>
    public void Skip(string name)
    {
        Begin(name);
        if (_currentBytes != 0) throw new InvalidOperationException($"tensor '{name}' has been begun");
        _currentBytes = _tensors[_current].Bytes;
        _file.Position += _currentBytes;
    }

    /// <summary>Checks that every tensor's data has come, brings the file to disk and gives it its name. After a power
    /// cut the name holds the old file or the whole new one, never a part.</summary>
    public void Complete()
    {
        if (_completed) throw new InvalidOperationException("the file is complete already");
        if (_current < 0) WriteHeader();
        if (_current < _tensors.Count && _currentBytes == _tensors[_current].Bytes) StartNextTensor();
        if (_current < _tensors.Count)
            throw new InvalidOperationException($"tensor '{_tensors[_current].Name}' has {_currentBytes} of its " +
                $"{_tensors[_current].Bytes} bytes");
        _file.SetLength(_file.Position);
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        // Hours may have passed: what stands there now is what is replaced.
        OutputPath.Resolve(_path);
        File.Move(_temporaryPath, _path, overwrite: true);
        _completed = true;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            _file.Dispose();
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // The last bytes found no room. A part is compared with its digests before it is gone on with.
        }
        _values.Dispose();
        if (!_completed && !KeepsPart) File.Delete(_temporaryPath);
    }

    private void SetValue<T>(string key, T value) where T : unmanaged
    {
        StartEntry(key, ValueTypes.Of<T>());
        _values.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
    }

    private void StartArray(string key, GgufValueType type, int count)
    {
        if (count > GgufLimits.ArrayCountMax)
            throw new ArgumentException($"array '{key}' has {count} elements, the limit is {GgufLimits.ArrayCountMax}");
        StartEntry(key, GgufValueType.Array);
        _values.Write((uint)type);
        _values.Write((ulong)count);
    }

    private void StartEntry(string key, GgufValueType type)
    {
        RequireHeaderOpen();
        if (key.Length == 0 || key.Any(char.IsControl)) throw new ArgumentException($"'{key}' is no key", nameof(key));
        if (_keys.Count == GgufLimits.KeyValueCountMax) throw new InvalidOperationException("too many keys");
        if (!_keys.Add(key)) throw new ArgumentException($"key '{key}' is set twice", nameof(key));
        WriteString(_values, key, GgufLimits.KeyBytesMax);
        _values.Write((uint)type);
    }

    private static void WriteString(BinaryWriter to, string text, int bytesMax)
    {
        byte[] bytes = StrictUtf8.GetBytes(text);
        if (bytes.Length > bytesMax)
            throw new ArgumentException($"a string of {bytes.Length} bytes exceeds {bytesMax}", nameof(text));
        to.Write((ulong)bytes.Length);
        to.Write(bytes);
    }

    private void RequireHeaderOpen()
    {
        if (_current >= 0 || _completed)
            throw new InvalidOperationException("the header is written: declare keys and tensors before any data");
    }

    private long Align(long position) => (position + _alignment - 1) & -(long)_alignment;

    private void WriteHeader()
    {
        var header = new BinaryWriter(_file, StrictUtf8, leaveOpen: true);
        header.Write("GGUF"u8);
        header.Write((uint)GgufLimits.VersionMax);
        header.Write((ulong)_tensors.Count);
        header.Write((ulong)_keys.Count);
        header.Write(_metadata.GetBuffer().AsSpan(0, (int)_metadata.Length));
        foreach (GgufTensor tensor in _tensors)
        {
            WriteString(header, tensor.Name, GgufLimits.TensorNameBytesMax);
            header.Write((uint)tensor.Shape.Count);
            foreach (long length in tensor.Shape) header.Write((ulong)length);
            header.Write((uint)tensor.Type);
            header.Write((ulong)tensor.Offset);
        }
        header.Flush();
        if (_file.Position > GgufLimits.HeaderBytesMax)
            throw new InvalidOperationException($"the header exceeds {GgufLimits.HeaderBytesMax} bytes");
        Pad();
        _current = 0;
    }

    private void Begin(string name)
    {
        if (_completed) throw new InvalidOperationException("the file is complete");
        if (_current < 0) WriteHeader();
        if (_current < _tensors.Count && _currentBytes == _tensors[_current].Bytes && _tensors[_current].Name != name)
            StartNextTensor();
        if (_current >= _tensors.Count || _tensors[_current].Name != name)
            throw new InvalidOperationException($"data of tensor '{name}' comes out of order; expected is " +
                (_current < _tensors.Count ? $"'{_tensors[_current].Name}'" : "none"));
    }

    private void StartNextTensor()
    {
        Pad();
        _current++;
        _currentBytes = 0;
    }

    /// <summary>Zeros up to the alignment: before the data, and behind every tensor as other readers expect.</summary>
    private void Pad()
    {
        Span<byte> zeros = stackalloc byte[256];
        zeros.Clear();
        for (long left = Align(_file.Position) - _file.Position; left > 0; left -= zeros.Length)
            _file.Write(zeros[..(int)Math.Min(left, zeros.Length)]);
    }
}
