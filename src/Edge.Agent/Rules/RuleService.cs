using Edge.Mqtt;

namespace Edge.Agent.Rules;

/// <summary>Runs the rules: the network thread only enqueues, one loop does the rest, and answers are published from
/// the scheduler's thread.</summary>
internal sealed class RuleService : IDisposable
{
    /// <summary>Questions that wait for their answer.</summary>
    public const int QuestionsMax = 16;
    private static readonly TimeSpan QuietAfterProblem = TimeSpan.FromMinutes(1);

    private readonly RuleInbox _inbox;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, long> _told = [];
    private readonly RuleBook _book;
    private readonly RuleAsker _asker;
    private readonly Action<string> _log;
    private readonly Task _loop;
    private long _overflowed;
    private int _asking;
    private long _passes;
    private volatile bool _isBusy;

    /// <param name="makeBook">Makes the rules' state; its problems go to the log.</param>
    /// <param name="asker">Asks the model.</param>
    /// <param name="inbox">What devices publish.</param>
    /// <param name="publish">Takes the answers.</param>
    /// <param name="log">Warnings, at most one a minute of a kind.</param>
    public RuleService(
        Func<Action<Rule, string>, RuleBook> makeBook, RuleAsker asker, RuleInbox inbox,
        Func<MqttMessage, bool> publish, Action<string> log)
    {
        (_asker, _inbox, _log) = (asker, inbox, log);
        _book = makeBook(Tell);
        _loop = Task.Run(() => RunAsync(publish));
    }

    /// <summary>Triggers that came faster than they could be looked at, asked or answered.</summary>
    public long Dropped => _inbox.Dropped + Interlocked.Read(ref _overflowed) + _book.Dropped;

    /// <summary>Ends with the service; faulted before: a bug, and nothing answers any more.</summary>
    public Task Loop => _loop;

    /// <summary>Grows with every message and every look at the clock.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Something waits, or is being looked at.</summary>
    public bool IsBusy => _isBusy || _inbox.Count > 0;

    public void Dispose()
    {
        _stop.Cancel();
        Task.WhenAny(_loop).Wait(); // A fault is told by Loop.
        _stop.Dispose();
    }

    private async Task RunAsync(Func<MqttMessage, bool> publish)
    {
        while (!_stop.IsCancellationRequested)
        {
            using (var wait = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                wait.CancelAfter(_book.Rest());
                try
                {
                    await _inbox.WaitAsync(wait.Token);
                }
                catch (OperationCanceledException)
                {
                    // Something is due, or the end.
                }
            }
            _isBusy = true;
            while (!_stop.IsCancellationRequested && _inbox.TryTake(out var message))
            {
                Ask(_book.Take(message!), publish);
                Interlocked.Increment(ref _passes);
            }
            if (!_stop.IsCancellationRequested) Ask(_book.Tick(), publish);
            Interlocked.Increment(ref _passes);
            _isBusy = false;
        }
    }

    private void Ask(IReadOnlyList<RuleQuestion> questions, Func<MqttMessage, bool> publish)
    {
        foreach (var question in questions)
        {
            if (Interlocked.Increment(ref _asking) > QuestionsMax)
            {
                Interlocked.Decrement(ref _asking);
                Interlocked.Increment(ref _overflowed);
                Tell(question.Rule, $"{QuestionsMax} questions of rules wait for their answer; this one is left out");
                continue;
            }
            string? refusal = _asker.Ask(question, (answer, problem) =>
            {
                Interlocked.Decrement(ref _asking);
                if (answer is not null) publish(answer);
                else Tell(question.Rule, problem!);
            });
            if (refusal is null) continue;
            Interlocked.Decrement(ref _asking);
            Interlocked.Increment(ref _overflowed);
            Tell(question.Rule, refusal);
        }
    }

    // From several threads. One line a minute of each rule: a device that never has the field would fill the log.
    private void Tell(Rule rule, string problem)
    {
        lock (_told)
        {
            long now = TimeProvider.System.GetTimestamp();
            if (_told.TryGetValue(rule.Name, out long last)
                && TimeProvider.System.GetElapsedTime(last, now) < QuietAfterProblem) return;
            _told[rule.Name] = now;
        }
        _log($"rule '{rule.Name}': {problem}");
    }
}
