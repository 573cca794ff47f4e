using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Edge.Tests.Mqtt;
using Xunit;

namespace Edge.Tests.EndToEnd;

/// <summary>A running `edge run`, ended by its process id, and a client beside it.</summary>
internal sealed partial class AgentProcess : IDisposable
{
    private const int SigTerm = 15;
    private readonly Process _process;
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-").FullName;
    private int _lastId;

    private AgentProcess(int port, string[] extra, string? shell = null)
    {
        StartedAt = Stopwatch.GetTimestamp();
        List<string> arguments = ["run", "--model", NativeEdge.Model, "--broker", $"127.0.0.1:{port}", .. extra];
        if (!extra.Contains("--node")) arguments.AddRange(["--node", Node]);
        if (!extra.Contains("--journal")) arguments.AddRange(["--journal", Path.Combine(_folder, "journal")]);
        var start = NativeEdge.StartInfo([.. arguments]);
        if (shell is not null)
        {
            // What a shell sets up, the agent that it becomes inherits.
            start.FileName = "/bin/sh";
            string[] before = ["-c", shell + "; exec \"$0\" \"$@\"", NativeEdge.Binary];
            for (int i = 0; i < before.Length; i++) start.ArgumentList.Insert(i, before[i]);
        }
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is { } line) Log.Add(line);
        };
        _process.BeginErrorReadLine();
    }

    public const string Node = "e2e";

    /// <summary>More of a request: a reply of nearly 400 tokens. With <see cref="SlowKernels"/> it takes a second and
    /// more on any machine, longer than messages travel.</summary>
    public const string Long =
        """
        ,"max_tokens":400,"temperature":1,"seed":1,"response_format":{"type":"json_schema","json_schema":{"name":"long",
         "schema":{"type":"array","items":{"enum":[0,1,2]},"minItems":180,"maxItems":190}}}
        """;

    /// <summary>Options for a test that needs the agent busy while something else happens.</summary>
    public static readonly string[] SlowKernels = ["--kernels", "scalar", "--threads", "1"];

    public static NodeTopics Topics { get; } = new(NodeTopics.DefaultRoot, Node);
    public long StartedAt { get; }
    public Inbox<string> Log { get; } = new();
    public int Id => _process.Id;

    public static AgentProcess Start(int port, params string[] extra) => new(port, extra);

    /// <summary>Starts it from a shell after <paramref name="shell"/>, such as a limit.</summary>
    public static AgentProcess StartAfter(string shell, int port, params string[] extra) => new(port, extra, shell);

    /// <summary>Starts and waits until requests are served.</summary>
    public static async Task<AgentProcess> Ready(Broker broker, params string[] extra)
    {
        var agent = Start(broker.Port, extra);
        await agent.IsReady();
        return agent;
    }

    public async Task IsReady()
    {
        // In either order: the link and the model come up side by side.
        bool ready = false, online = false;
        while (!ready || !online)
        {
            string line = await Log.Next();
            ready |= line.Contains("info: ready", StringComparison.Ordinal);
            online |= line.Contains("info: online", StringComparison.Ordinal);
        }
    }

    public static Task<Client> Connect(Broker broker, params string[] topics) => Connect(broker, 0, topics);

    /// <summary><paramref name="sessionSeconds"/>: how long the broker keeps what comes while the client is away.
    /// </summary>
    public static async Task<Client> Connect(Broker broker, uint sessionSeconds, params string[] topics)
    {
        var options = new MqttOptions
        {
            Port = broker.Port,
            ClientId = $"test-{Guid.NewGuid():N}"[..20],
            SessionExpirySeconds = sessionSeconds,
            ReconnectMax = TimeSpan.FromMilliseconds(500),
            Subscriptions = [.. topics.Append("clients/e2e/rsp").Select(topic => new MqttSubscription(topic, 1))],
        };
        return await Client.Connect((o, e) => new MosquittoTransport(o, e), options);
    }

    /// <summary>Publishes a chat request; returns its correlation.</summary>
    public byte[] Send(Client client, string body, Func<MqttMessage, MqttMessage>? change = null)
    {
        byte[] correlation = $"c{++_lastId}".Utf8();
        var message = new MqttMessage
        {
            Topic = Topics.Request("chat"),
            Qos = 1,
            Payload = body.Utf8(),
            ContentType = "application/json",
            ResponseTopic = "clients/e2e/rsp",
            Correlation = correlation,
            ExpirySeconds = 60,
        };
        Assert.True(client.Transport.TryPublish(change is null ? message : change(message)));
        return correlation;
    }

    public static async Task<MqttMessage> Reply(Client client, byte[] correlation, params string[] kinds) =>
        await client.Messages.Next(m =>
            m.Correlation.Span.SequenceEqual(correlation) && kinds.Contains(m.Property("edge-kind")));

    /// <summary>Sends a request and returns its last reply.</summary>
    public async Task<JsonElement> Ask(Client client, string body) =>
        (await Reply(client, Send(client, body), "final", "error")).Json();

    public static string Chat(string prompt, string more = "") =>
        $$"""{"messages":[{"role":"user","content":{{JsonSerializer.Serialize(prompt)}}}]{{more}}}""";

    public void Terminate() => Signal(SigTerm);

    /// <summary>kill -9, and waits for the end.</summary>
    public void KillNow()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    public async Task<int> Exit()
    {
        using var limit = new CancellationTokenSource(Broker.Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>User and system time so far, from the kernel's own accounting (hundredths of a second).</summary>
    public TimeSpan CpuTime()
    {
        string stat = File.ReadAllText($"/proc/{Id}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks =
            long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromMilliseconds(ticks * 10);
    }

    public long RssBytes()
    {
        string line = File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Kill(int pid, int signal);
}
