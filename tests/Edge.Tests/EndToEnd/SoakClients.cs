using System.Collections.Concurrent;
using System.Diagnostics;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Edge.Tests.Mqtt;

namespace Edge.Tests.EndToEnd;

/// <param name="Repeated">The share of requests that are published twice.</param>
internal sealed record SoakLoad(
    int Requests, int Clients, double Repeated, int KeepAlive = 30, int PatienceSeconds = 120);

/// <summary>Requesters as docs/wire.md tells them to be: one request at a time, the same one again under the same key
/// when nothing comes.</summary>
internal sealed class SoakClients(Broker broker, SoakLoad load, string topic) : IDisposable
{
    private const int AttemptSeconds = 10;
    private readonly List<IMqttTransport> _transports = [];
    private readonly ConcurrentDictionary<string, Record> _records = new();
    private readonly Inbox<int> _ends = new();
    private int _next, _retries, _duplicates, _ended;
    private readonly Stopwatch _clock = new();

    /// <summary>All that came for one request.</summary>
    private sealed class Record
    {
        public readonly List<string> Finals = [], Errors = [];
        public int Accepted;
        public string? Node;
        public readonly TaskCompletionSource End = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public async Task Run()
    {
        _clock.Start();
        await Task.WhenAll(Enumerable.Range(0, load.Clients).Select(RunOne));
        _clock.Stop();
    }

    /// <summary>Waits until so many requests have ended.</summary>
    public async Task Ended(int count) => await _ends.Next(ended => ended >= count);

    private async Task RunOne(int client)
    {
        string reply = $"clients/soak{client}/rsp";
        var online = new TaskCompletionSource();
        var transport = new MosquittoTransport(new()
        {
            Port = broker.Port, ClientId = $"soak{client}", Subscriptions = [new(reply, 1)], ReceiveMaximum = 64,
            KeepAliveSeconds = load.KeepAlive,
        }, new() { OnMessage = Take, OnOnline = () => online.TrySetResult() });
        lock (_transports) _transports.Add(transport);
        transport.Start();
        await online.Task;
        var random = new Random(client);
        while (Interlocked.Increment(ref _next) is var number && number <= load.Requests)
        {
            string key = $"{client}-{number}";
            var record = _records[key] = new();
            bool twice = random.NextDouble() < load.Repeated;
            for (int attempt = 0; attempt < load.PatienceSeconds / AttemptSeconds; attempt++)
            {
                if (attempt > 0) Interlocked.Increment(ref _retries);
                Publish(transport, reply, key, number);
                if (twice && attempt == 0)
                {
                    Interlocked.Increment(ref _duplicates);
                    Publish(transport, reply, key, number);
                }
                if (await Task.WhenAny(record.End.Task, Task.Delay(AttemptSeconds * 1000)) == record.End.Task) break;
            }
        }
    }

    private void Publish(
        MosquittoTransport transport, string reply, string key, int number) => transport.TryPublish(new()
    {
        Topic = topic, Qos = 1, ResponseTopic = reply, Correlation = key.Utf8(), ContentType = "application/json",
        ExpirySeconds = (uint)load.PatienceSeconds,
        Payload = AgentProcess.Chat($"cold store {number}", ",\"max_tokens\":4").Utf8(),
    });

    private void Take(MqttMessage m)
    {
        if (!_records.TryGetValue(System.Text.Encoding.UTF8.GetString(m.Correlation.Span), out var record)) return;
        lock (record)
        {
            string kind = m.Property("edge-kind") ?? "";
            if (kind == "accepted") record.Accepted++;
            if (kind is not ("final" or "error")) return;
            (kind == "final" ? record.Finals : record.Errors).Add(m.Text());
            record.Node = m.Json().GetProperty("edge").GetProperty("node").GetString();
            if (record.End.TrySetResult()) _ends.Add(Interlocked.Increment(ref _ended));
        }
    }

    public SoakTally Tally(string name, int kills)
    {
        var all = _records.Values.ToList();
        return new()
        {
            Name = name, Requests = all.Count, Kills = kills, Seconds = Math.Round(_clock.Elapsed.TotalSeconds, 1),
            Answered = all.Count(r => r.Finals.Count > 0),
            Refused = all.Count(r => r.Finals.Count == 0 && r.Errors.Count > 0),
            Codes = string.Join(' ', all.SelectMany(r => r.Errors).Select(e => System.Text.Json.JsonDocument.Parse(e)
                .RootElement.GetProperty("code").GetString()).GroupBy(c => c).Select(g => $"{g.Key}:{g.Count()}")),
            Silent = all.Count(r => r.Finals.Count == 0 && r.Errors.Count == 0),
            Lost = all.Count(r => r.Accepted > 0 && r.Finals.Count == 0 && r.Errors.Count == 0),
            AnsweredDifferently = all.Count(r => r.Finals.Distinct().Count() > 1),
            Redelivered = all.Sum(r => Math.Max(0, r.Finals.Count - 1)),
            Retries = _retries, Repeated = _duplicates,
            Nodes = all.Select(r => r.Node).Distinct().Count(n => n != null),
        };
    }

    public void Dispose()
    {
        foreach (var transport in _transports) transport.Dispose();
    }
}
