namespace Edge.Engine.Speculation;

/// <summary>Drafts while the engine's thread is in a pass: one hand-over per pass, no queue.</summary>
internal sealed class DraftThread : IDisposable
{
    private readonly DraftModelSource _source;
    private readonly Sequence[] _slots;
    private readonly Func<bool> _enough;
    private readonly Thread _thread;
    private readonly AutoResetEvent _go = new(false), _done = new(false);
    private volatile bool _passOver, _ending;
    private int _count, _decoding;
    private bool _running;

    public DraftThread(DraftModelSource source, int slotsMax)
    {
        (_source, _slots) = (source, new Sequence[slotsMax]);
        _enough = () => _passOver;
        _thread = new Thread(Loop) { Name = "edge-drafts", IsBackground = true };
        _thread.Start();
    }

    /// <summary>A pass begins: until <see cref="End"/> the drafts of these slots are the thread's to extend.</summary>
    public void Begin(ReadOnlySpan<Sequence> slots, int decoding)
    {
        slots.CopyTo(_slots);
        (_count, _decoding, _passOver, _running) = (slots.Length, decoding, false, true);
        _go.Set();
    }

    /// <summary>The pass is over; returns when the thread has let go.</summary>
    public void End()
    {
        if (!_running) return;
        _passOver = true;
        _done.WaitOne();
        _running = false;
    }

    public void Dispose()
    {
        End();
        _ending = true;
        _go.Set();
        _thread.Join();
        _go.Dispose();
        _done.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            _go.WaitOne();
            if (_ending) return;
            _source.WriteAhead(_slots.AsSpan(0, _count), _decoding, _enough);
            _done.Set();
        }
    }
}
