using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>Hears what every matrix multiplies: rows of activations and the matrix of a tensor that they meet.
/// </summary>
internal unsafe delegate void ActivationSink(
    string tensor, long matrix, long matrices, float* x, int columns, int rows);

/// <summary>Tells an <see cref="ActivationSink"/> what every matrix multiplies; finds a matrix's tensor by its
/// address.</summary>
internal sealed unsafe class ActivationRecorder
{
    private readonly ActivationSink _sink;
    private readonly long[] _starts;
    private readonly Place[] _places;
    /// <summary>Streamed matrices have no address of their own: the cell that holds it tells them apart.</summary>
    private readonly Dictionary<long, Cell> _cells = [];

    public ActivationRecorder(Tensors tensors, ActivationSink sink)
    {
        _sink = sink;
        var places = new List<Place>();
        foreach ((GgufTensor tensor, Matrix matrix) in tensors.Bound)
        {
            long count = tensor.Rows / matrix.Rows, stride = count > 1 ? matrix.StackBytes : matrix.Bytes;
            var place = new Place((long)matrix.Weights, tensor.Name, count, stride, matrix.Columns);
            if (matrix.Cell == null) places.Add(place);
            else for (int m = 0; m < count; m++) _cells.Add((long)matrix[m].Cell, new Cell(place, m));
        }
        _places = [.. places.OrderBy(place => place.Start)];
        _starts = Array.ConvertAll(_places, place => place.Start);
    }

    public void See(in Matrix w, RowBuffer x, int first, int rows)
    {
        if (w.Cell != null)
        {
            if (_cells.TryGetValue((long)w.Cell, out Cell? cell))
                _sink(cell.Place.Tensor, cell.Matrix, cell.Place.Count, x.Row(first), x.Width, rows);
            return;
        }
        long address = (long)w.Weights;
        int at = Array.BinarySearch(_starts, address);
        if (at < 0) at = ~at - 1;
        if (at < 0) return;
        Place place = _places[at];
        long matrix = (address - place.Start) / place.Stride;
        // Not a tensor's own bytes: something that was made of one at load.
        if (matrix >= place.Count || place.Columns != x.Width) return;
        _sink(place.Tensor, matrix, place.Count, x.Row(first), x.Width, rows);
    }

    private sealed record Place(long Start, string Tensor, long Count, long Stride, long Columns);

    private sealed record Cell(Place Place, long Matrix);
}
