using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>Adds what every matrix multiplies to an <see cref="Importance"/>; finds a matrix's tensor by its
/// address.</summary>
internal sealed unsafe class ActivationRecorder
{
    private readonly Importance _importance;
    private readonly long[] _starts;
    private readonly Place[] _places;

    public ActivationRecorder(Tensors tensors, Importance importance)
    {
        _importance = importance;
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
        _importance.Add(place.Tensor, matrix, place.Count, x.Row(first), x.Width, rows);
    }

    private sealed record Place(long Start, string Tensor, long Count, long Stride, long Columns);
}
