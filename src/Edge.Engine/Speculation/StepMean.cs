namespace Edge.Engine.Speculation;

/// <summary>Means over the latest steps of one kind. Units: seconds of the pass and what follows it; drafting
/// apart.</summary>
internal struct StepMean
{
    private const double Keep = 0.97;
    private double _steps, _drafts, _tokens, _seconds, _drafting;

    /// <summary>Steps that still weigh.</summary>
    public readonly double Count => _steps;
    public readonly double Drafts => _steps > 0 ? _drafts / _steps : 0;
    public readonly double Seconds => _steps > 0 ? _seconds / _steps : 0;
    public readonly double TokensPerSecond => _tokens / Math.Max(_seconds + _drafting, double.Epsilon);

    public void Add(int drafts, int tokens, double seconds, double drafting)
    {
        _steps = _steps * Keep + 1;
        _drafts = _drafts * Keep + drafts;
        _tokens = _tokens * Keep + tokens;
        _seconds = _seconds * Keep + seconds;
        _drafting = _drafting * Keep + drafting;
    }

    /// <summary>What was measured weighs like one step: the next ones decide.</summary>
    public void Forget()
    {
        if (_steps <= 1) return;
        double scale = 1 / _steps;
        _steps *= scale;
        _drafts *= scale;
        _tokens *= scale;
        _seconds *= scale;
        _drafting *= scale;
    }
}
