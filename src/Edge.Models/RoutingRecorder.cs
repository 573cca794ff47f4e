using Edge.Weights.Policies;
using Edge.Weights.Traces;

namespace Edge.Models;

/// <summary>Records which experts a model chooses, for `edge replay`. Recording never fails a request: when the file
/// cannot be written any more it ends, and <see cref="Problem"/> says why.</summary>
public sealed unsafe class RoutingRecorder : IDisposable
{
    private readonly Transformer _model;
    private readonly TraceWriter _writer;
    private readonly int _firstLayer, _lastLayer;

    private RoutingRecorder(Transformer model, TraceWriter writer, CacheShape shape)
    {
        (_model, _writer) = (model, writer);
        int[] layers = [.. Enumerable.Range(0, shape.Layers).Where(l => shape.UnitBytes(l) > 0)];
        (_firstLayer, _lastLayer) = (layers[0], layers[^1]);
        model.OnRouted += Record;
    }

    /// <summary>Rows (tokens) recorded so far.</summary>
    public long Rows => _writer.Rows;
    /// <summary>Why recording ended early; null while all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>Records from the next pass on, until disposed; dispose it before the model. Null when the model has no
    /// experts. Errors: IOException, UnauthorizedAccessException when the file cannot be made.</summary>
    public static RoutingRecorder? Start(Model model, string path, string name)
    {
        if (model is not Transformer transformer) return null;
        if (ExpertSlices.Find(transformer.File, model.Config) is not { } shape) return null;
        return new RoutingRecorder(transformer, new TraceWriter(path, shape, name, scores: true), shape);
    }

    public void Dispose()
    {
        _model.OnRouted -= Record;
        try
        {
            _writer.Dispose();
        }
        catch (IOException e)
        {
            Problem ??= e.Message;
        }
    }

    private void Record(int layer, RowBuffer scores, Routing routing, Batch batch)
    {
        try
        {
            if (layer == _firstLayer)
            {
                if (batch.Positions[0] == 0) _writer.BeginSequence();
                _writer.BeginPass(batch.Count);
            }
            for (int row = 0; row < batch.Count; row++)
            {
                _writer.Add(new RoutedRow
                {
                    Token = batch.Positions[row],
                    Layer = layer,
                    Experts = new ReadOnlySpan<int>(routing.Experts + row * routing.Used, routing.Used),
                    Weights = new ReadOnlySpan<float>(routing.Weights + row * routing.Used, routing.Used),
                    Scores = new ReadOnlySpan<float>(scores.Row(row), routing.ExpertCount),
                });
            }
            if (layer != _lastLayer) return;
            _writer.EndPass();
            if (_writer.IsFull) Stop("the trace has reached its largest size");
        }
        catch (IOException e)
        {
            Stop(e.Message);
        }
    }

    private void Stop(string why)
    {
        Problem = why;
        _model.OnRouted -= Record;
    }
}
