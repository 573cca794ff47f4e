using System.Buffers;
using System.Text.Json;

namespace Edge.Mqtt;

/// <summary>The replies to one request: at most one `accepted`, then deltas, then exactly one `final` or error. Any
/// thread; never blocks.</summary>
/// <remarks>Delta only copies text; a timer gathers it to one message per interval, off the caller's
/// thread.</remarks>
public sealed class ReplyStream
{
    private const int GatheredCharsMax = 16 * 1024;
    private const int ResumedSeq = 1 << 20;
    private static readonly KeyValuePair<string, string> s_ok = new("__stat", "200"), s_accepted = new("__stat", "202");

    private readonly Lock _gate = new();
    private readonly ReplyHead _head;
    private readonly ChatRequest? _request;
    private readonly NodeOptions _options;
    private readonly Func<MqttMessage, bool> _publish;
    private readonly ArrayBufferWriter<char> _gathered = new(256);
    private Timer? _timer;
    private Action<MqttMessage>? _finish;
    private Action<int>? _answered;
    private bool _armed, _acceptedSent, _deltaSent, _isFinished;
    private int _seq;

    internal ReplyStream(
        ReplyHead head, ChatRequest? request, NodeOptions options, Func<MqttMessage, bool> publish,
            bool isResumed = false)
    {
        (_head, _request, _options, _publish) = (head, request, options, publish);
        Model = request?.Model ?? "";
        IsResumed = isResumed;
        if (!isResumed) return;
        // An earlier run may have sent `accepted` and some deltas: their numbers are not used again.
        (_acceptedSent, _seq) = (true, ResumedSeq);
    }

    /// <summary>The model's name in deltas; the owner sets it when it has chosen one.</summary>
    public string Model { get; set; }

    /// <summary>The topic that the replies go to.</summary>
    public string Topic => _head.Topic;

    internal bool IsResumed { get; }
    internal string Id => _head.Id;
    internal long CreatedUnixSeconds => _head.CreatedUnixSeconds;

    public bool IsFinished { get { lock (_gate) return _isFinished; } }

    /// <summary>Tells the requester that its request waits behind <paramref name="position"/> others. False: told
    /// before, or finished.</summary>
    public bool Accepted(int position)
    {
        lock (_gate)
        {
            if (_isFinished || _acceptedSent) return false;
            _acceptedSent = true;
            Send("accepted", 1, s_accepted, ReplyWriter.Accepted(_head, _seq, position, _request?.Ignored ?? []));
            return true;
        }
    }

    /// <summary>More text of the answer; copied. Dropped when the request did not ask for a stream, or is
    /// finished.</summary>
    public void Delta(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            if (_isFinished || text.IsEmpty || _request is not { Stream: true }) return;
            if (_gathered.WrittenCount + text.Length > GatheredCharsMax) Flush(null);
            _gathered.Write(text);
            if (_armed) return;
            _armed = true;
            _timer ??= new(static state => ((ReplyStream)state!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
            // The first words go at once, what follows is gathered.
            _timer.Change(_deltaSent ? _options.DeltaInterval : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The whole answer. False: the request is already finished.</summary>
    public bool Final(ChatResult result)
    {
        lock (_gate)
        {
            if (_isFinished) return false;
            if (_request is { Stream: true })
            {
                Model = result.Model;
                Flush(result.Finish);
            }
            Finish("final", s_ok, ReplyWriter.Final(_head, _seq, result), "application/json");
        }
        _answered?.Invoke(result.PromptTokens + result.CompletionTokens);
        return true;
    }

    /// <summary>The result of a command that is no chat. False: the request is already finished.</summary>
    public bool Done(string kind, Action<Utf8JsonWriter> fields)
    {
        lock (_gate)
        {
            if (_isFinished) return false;
            Finish("final", s_ok, ReplyWriter.Done(_head, _seq, kind, fields), "application/json");
        }
        return true;
    }

    /// <summary>A refusal or a failure instead of an answer. False: the request is already finished.</summary>
    public bool Fail(Problem problem)
    {
        lock (_gate)
        {
            if (_isFinished) return false;
            Finish("error", new("__stat", $"{problem.Status}"), ReplyWriter.Error(_head, _seq, problem),
                "application/problem+json");
        }
        return true;
    }

    /// <summary>The last reply goes this way instead of being published at once; null: as before.</summary>
    internal void FinishThrough(Action<MqttMessage>? finish) => _finish = finish;

    /// <summary>Hears the tokens that an answer has cost.</summary>
    internal void WhenAnswered(Action<int> answered) => _answered = answered;

    private void OnTimer()
    {
        lock (_gate)
        {
            _armed = false;
            if (!_isFinished && _gathered.WrittenCount > 0) Flush(null);
        }
    }

    private void Flush(ChatFinish? finish)
    {
        byte[] body = ReplyWriter.Delta(_head, _seq, _gathered.WrittenMemory, Model, !_deltaSent, finish);
        _gathered.ResetWrittenCount();
        _deltaSent = true;
        Send("delta", 0, s_ok, body);
    }

    private void Finish(string kind, KeyValuePair<string, string> status, byte[] body, string contentType)
    {
        _isFinished = true;
        _timer?.Dispose();
        var last = Make(kind, 1, status, body, contentType);
        if (_finish is { } finish) finish(last);
        else _publish(last);
    }

    private void Send(string kind, int qos, KeyValuePair<string, string> status, byte[] body) =>
        _publish(Make(kind, qos, status, body, "application/json"));

    private MqttMessage Make(
        string kind, int qos, KeyValuePair<string, string> status, byte[] body, string contentType) => new()
    {
        Topic = _head.Topic,
        Payload = body,
        Qos = qos,
        Correlation = _head.Correlation,
        ContentType = contentType,
        ExpirySeconds = _options.ReplyExpirySeconds,
        UserProperties = [new("edge-kind", kind), new("edge-seq", $"{_seq++}"), status],
    };
}
