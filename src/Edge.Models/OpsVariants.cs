namespace Edge.Models;

/// <summary>Small steps that some architectures have.</summary>
internal sealed unsafe partial class Ops
{
    /// <summary>x ← factor · x.</summary>
    public void Scale(RowBuffer x, float factor) => Scale(x, factor, Batch.Count);

    public void Scale(RowBuffer x, float factor, int rows)
    {
        float* end = x.Row(rows);
        for (float* at = x.Data; at < end; at++) *at *= factor;
    }

    /// <summary>x ← cap · tanh(x / cap), for logits.</summary>
    public void SoftCap(RowBuffer x, float cap, int rows)
    {
        float* end = x.Row(rows);
        for (float* at = x.Data; at < end; at++) *at = cap * MathF.Tanh(*at / cap);
    }

    /// <summary>x ← x + factor · y.</summary>
    public void AddScaled(RowBuffer x, RowBuffer y, float factor)
    {
        for (int row = 0; row < Batch.Count; row++) _kernels.AddScaled(x.Row(row), y.Row(row), factor, x.Width);
    }

    /// <summary>Parts of a row that one matrix made, one after another, each to its own buffer.</summary>
    public void Split(RowBuffer x, params ReadOnlySpan<RowBuffer> parts)
    {
        for (int row = 0; row < Batch.Count; row++)
        {
            float* at = x.Row(row);
            foreach (RowBuffer part in parts)
            {
                Buffer.MemoryCopy(at, part.Row(row), part.Width * sizeof(float), part.Width * sizeof(float));
                at += part.Width;
            }
        }
    }

    /// <summary>The first floats of every row ← their norm · weight.</summary>
    public void NormStart(RowBuffer x, float* weight, int length)
    {
        for (int row = 0; row < Batch.Count; row++)
            _kernels.Rms(x.Row(row), weight, x.Row(row), length, _config.LayerNormRmsEpsilon);
    }

    /// <summary>y ← GELU(gate) · up, and prepared for matrices.</summary>
    public void GeGlu(RowBuffer gate, RowBuffer up, RowBuffer y) => Gate(_kernels.GeGlu, gate, up, y);

    /// <summary>y ← max(x, 0)², and prepared for matrices.</summary>
    public void ReluSquared(RowBuffer x, RowBuffer y) => Gate(_kernels.ReGlu, x, x, y);

    /// <summary>y ← max(gate, 0)² · up, and prepared for matrices.</summary>
    public void ReluSquared(RowBuffer gate, RowBuffer up, RowBuffer y) =>
        Gate(_kernels.ReGlu, gate, up, y, twice: true);

    /// <summary>y ← gpt-oss's clamped SwiGLU of gate and up, for the slots of the wave.</summary>
    public void SwiGluClampedExperts(RowBuffer gate, RowBuffer up, RowBuffer y, Routing routing) =>
        GateExperts(_kernels.SwiGluClamped, gate, up, y, routing);

    /// <summary>x[slot] ← x[slot] + bias of the slot's expert, for the experts of the wave. Shapes: bias is
    /// float[experts][width].</summary>
    public void AddBiasExperts(RowBuffer x, Routing routing, float* bias)
    {
        for (int i = 0; i < routing.WaveCount; i++)
        {
            int e = routing.Wave[i];
            for (int slot = routing.FirstSlot[e]; slot < routing.FirstSlot[e + 1]; slot++)
                _kernels.Add(x.Row(slot), bias + (long)e * x.Width, x.Width);
        }
    }
}
