using Edge.Kernels;

namespace Edge.Models;

/// <summary>The prepared activations beside a vector per row: one array per format that any matrix reads, null for the
/// others. Prepared once, shared by all matrices with that input.</summary>
internal readonly unsafe struct PreparedRows
{
    private readonly byte* _blocks, _fileBlocks, _groups, _token, _tables, _splitBlocks, _splitGroups;

    public PreparedRows(IReadOnlySet<ActivationFormat> formats, NativeArena memory, long rows, int width)
    {
        foreach (ActivationFormat format in formats)
        {
            byte* at = memory.Take(rows * Bytes(format, width)), split = memory.Take(rows * Outliers.Bytes(format));
            if (format == ActivationFormat.Blocks)
            {
                _blocks = at;
                _splitBlocks = split;
            }
            else if (format == ActivationFormat.Groups)
            {
                _groups = at;
                _splitGroups = split;
            }
            else if (format == ActivationFormat.FileBlocks) _fileBlocks = at;
            else if (format == ActivationFormat.Token) _token = at;
            else if (format == ActivationFormat.Tables) _tables = at;
        }
    }

    public bool IsEmpty =>
        _blocks == null && _fileBlocks == null && _groups == null && _token == null && _tables == null;

    /// <summary>Row <paramref name="row"/> in a format, or null.</summary>
    public byte* Row(ActivationFormat format, int row, int width)
    {
        byte* first = format switch
        {
            ActivationFormat.Blocks => _blocks,
            ActivationFormat.FileBlocks => _fileBlocks,
            ActivationFormat.Groups => _groups,
            ActivationFormat.Token => _token,
            ActivationFormat.Tables => _tables,
            _ => null,
        };
        return first == null ? null : first + row * Bytes(format, width);
    }

    /// <summary>The split units of row <paramref name="row"/> (<see cref="Outliers"/>), or null.</summary>
    public byte* Split(ActivationFormat format, int row)
    {
        byte* first = format == ActivationFormat.Blocks ? _splitBlocks
            : format == ActivationFormat.Groups ? _splitGroups : null;
        return first == null ? null : first + row * Outliers.Bytes(format);
    }

    /// <summary>Bytes of one row.</summary>
    public static long Bytes(ActivationFormat format, int width) => format switch
    {
        ActivationFormat.Blocks => Tiles.ActivationBytes(width),
        ActivationFormat.FileBlocks => BlockTiles.ActivationBytes(width),
        ActivationFormat.Groups => Digits.ActivationBytes(width),
        ActivationFormat.Token => Digits.TokenActivationBytes(width),
        ActivationFormat.Tables => Digits2LutScalar.TableBytes(width),
        _ => (long)width * sizeof(float),
    };
}
