namespace Edge.Models;

internal sealed unsafe partial class Ops
{
    private Routing _routing = null!;

    /// <summary>Chooses every row's experts from their scores and groups the choices by expert.</summary>
    public void Route(RowBuffer scores, Routing routing, bool renormalise)
    {
        for (int row = 0; row < Batch.Count; row++)
        {
            _experts?.BeforeRoute(_layer, scores.Row(row));
            _kernels.TopK(scores.Row(row), routing.Experts + row * routing.Used, routing.Weights + row * routing.Used,
                routing.ExpertCount, routing.Used, renormalise ? 1 : 0);
            _experts?.AfterRoute(_layer, Batch.Positions[row], scores.Row(row), routing, row, renormalise);
        }
        routing.Group(Batch.Count);
    }

    /// <summary>Guesses what a layer to come will want: <paramref name="router"/> is its, <paramref name="x"/> this
    /// layer's input. Only time depends on it. Writes <paramref name="scores"/> over.</summary>
    public void Foresee(RowBuffer x, int layer, in Matrix router, RowBuffer scores, Routing routing)
    {
        if (_experts is not { Foresees: true }) return;
        MatMul(x, router, scores);
        int* experts = stackalloc int[routing.Used];
        float* weights = stackalloc float[routing.Used];
        for (int row = 0; row < Batch.Count; row++)
        {
            _kernels.TopK(scores.Row(row), experts, weights, routing.ExpertCount, routing.Used, 0);
            _experts.Guess(layer, new ReadOnlySpan<int>(experts, routing.Used));
        }
    }

    /// <summary>Chooses which experts run now: all of them, or, when they are streamed, those that are there. False
    /// when all have run. Errors: WeightReadException.</summary>
    public bool NextWave(in Matrix stack, Routing routing) =>
        // A stack that stays may have neighbours that stream.
        _experts is null ? routing.NextAll()
            : _experts.NextWave(stack.StreamedUnit > 0 ? stack.StreamedUnit - 1 : _layer, routing);

    /// <summary>y[slot] ← x of the slot's row, prepared or not, whichever matrices read.</summary>
    public void Gather(RowBuffer x, Routing routing, RowBuffer y)
    {
        (_x, _y, _routing) = (x, y, routing);
        _pool.Run(_gatherSlots, routing.Slots, 16);
    }

    /// <summary>y[slot] ← the slot's expert's w · x[slot], for the experts of the wave; each one's matrix is read
    /// once.</summary>
    public void MatMulExperts(RowBuffer x, Routing routing, in Matrix w, RowBuffer y)
    {
        QueueExperts(x, routing, w, y);
        RunQueued();
    }

    /// <summary>Two stacks with one input, in one pass over the threads.</summary>
    public void MatMulExperts(RowBuffer x, Routing routing, in Matrix w1, RowBuffer y1, in Matrix w2, RowBuffer y2)
    {
        QueueExperts(x, routing, w1, y1);
        QueueExperts(x, routing, w2, y2);
        RunQueued();
    }

    /// <summary>As <see cref="SwiGlu(RowBuffer, RowBuffer, RowBuffer)"/>, for the slots of the wave.</summary>
    public void SwiGluExperts(RowBuffer gate, RowBuffer up, RowBuffer y, Routing routing) =>
        GateExperts(_kernels.SwiGlu, gate, up, y, routing);

    private void GateExperts(GateKernel kernel, RowBuffer gate, RowBuffer up, RowBuffer y, Routing routing)
    {
        (_x, _y, _z, _routing) = (gate, up, y, routing);
        _gateKernel = kernel;
        _pool.Run(_gateSlots, routing.WaveSlots, 1);
    }

    /// <summary>x ← x + Σ weight · y[slot] over the row's experts, best first, whatever order the slots have.</summary>
    public void Combine(RowBuffer y, Routing routing, RowBuffer x)
    {
        (_x, _y, _routing) = (x, y, routing);
        _pool.Run(_combineRows, Batch.Count, 8);
    }

    private void QueueExperts(RowBuffer x, Routing routing, in Matrix w, RowBuffer y)
    {
        for (int i = 0; i < routing.WaveCount; i++)
        {
            int e = routing.Wave[i];
            Queue(x, w[e], y, routing.FirstSlot[e], routing.CountOf(e));
        }
    }

    private void GateSlots(int worker, long from, long to)
    {
        for (long i = from; i < to; i++)
        {
            int slot = _routing.WaveSlot[i];
            _gateKernel(_x.Row(slot), _y.Row(slot), _z.Row(slot), _z.Width);
            Quantize(_z, slot, slot + 1);
        }
    }

    private void GatherSlots(int worker, long from, long to)
    {
        long floats = _x.Width * sizeof(float);
        for (int slot = (int)from; slot < to; slot++)
        {
            int row = _routing.RowOf[slot];
            if (_y.Data != null) Buffer.MemoryCopy(_x.Row(row), _y.Row(slot), floats, floats);
            Copy(ActivationFormat.Blocks, row, slot);
            Copy(ActivationFormat.FileBlocks, row, slot);
            Copy(ActivationFormat.Groups, row, slot);
            Copy(ActivationFormat.Token, row, slot);
            Copy(ActivationFormat.Tables, row, slot);
        }
    }

    private void Copy(ActivationFormat format, int row, int slot)
    {
        byte* to = _y.Prepared.Row(format, slot, _y.Width);
        if (to == null) return;
        long bytes = PreparedRows.Bytes(format, _y.Width);
        Buffer.MemoryCopy(_x.Prepared.Row(format, row, _x.Width), to, bytes, bytes);
        byte* split = _y.Split(format, slot);
        if (split == null) return;
        int* from = (int*)_x.Split(format, row);
        bytes = *from == 0 ? Outliers.HeaderBytes : Outliers.Bytes(format);
        Buffer.MemoryCopy(from, split, bytes, bytes);
    }

    private void CombineRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
        {
            for (int k = row * _routing.Used; k < (row + 1) * _routing.Used; k++)
            {
                float weight = _routing.Weights[k];
                // 0: the choice was left out, and its slot was not computed.
                if (weight != 0) _kernels.AddScaled(_x.Row(row), _y.Row(_routing.SlotOf[k]), weight, _x.Width);
            }
        }
    }
}
