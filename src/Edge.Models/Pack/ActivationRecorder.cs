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

    public ActivationRecorder(Tensors tensors, ActivationSink sink)
    {
        _sink = sink;
        var places = new List<Place>();
        foreach ((GgufTensor tensor, Matrix matrix) in tensors.Bound)
        {
            if (matrix.Cell != null) continue; // streamed: it has no address of its own
            long count = tensor.Rows / matrix.Rows;
            places.Add(new Place((long)matrix.Weights, tensor.Name, count, count > 1 ? matrix.StackBytes : matrix.Bytes,
                matrix.Columns));
        }
        _places = [.. places.OrderBy(place => place.Start)];
        _starts = Array.ConvertAll(_places, place => place.Start);
    }

    public void See(byte* weights, RowBuffer x, int first, int rows)
    {
        int at = Array.BinarySearch(_starts, (long)weights);
        if (at < 0) at = ~at - 1;
        if (at < 0) return;
        Place place = _places[at];
        long matrix = ((long)weights - place.Start) / place.Stride;
        // Not a tensor's own bytes: something that was made of one at load.
        if (matrix >= place.Count || place.Columns != x.Width) return;
        _sink(place.Tensor, matrix, place.Count, x.Row(first), x.Width, rows);
    }

    private sealed record Place(long Start, string Tensor, long Count, long Stride, long Columns);
}
