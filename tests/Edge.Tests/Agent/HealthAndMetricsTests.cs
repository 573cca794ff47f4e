using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Edge.Agent;
using Edge.Agent.Service;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class HealthAndMetricsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}.sock");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Health_EveryConnection_OneLineThenTheEnd()
    {
        int asked = 0;
        await File.WriteAllTextAsync(_path, "left behind"); // By a run that was killed.
        using (new HealthSocket(_path, () => Report(++asked)))
        {
            for (int i = 1; i <= 3; i++)
            {
                string line = await Read();
                Assert.EndsWith("}\n", line, StringComparison.Ordinal);
                var report = JsonDocument.Parse(line).RootElement;
                Assert.Equal((i, true, "demo"), (report.GetProperty("queue").GetInt32(),
                    report.GetProperty("ready").GetBoolean(), report.GetProperty("model").GetString()));
            }
        }
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public void Health_NoSuchFolder_SaysSo() =>
        Assert.Contains("/nonexistent/h.sock", Assert.Throws<UserErrorException>(
            () => new HealthSocket("/nonexistent/h.sock", () => Report(0))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Otlp_Collector_GetsOneValidRequest()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var exporter = Exporter(port);
        var posting = exporter.PostAsync();
        using var client = await listener.AcceptTcpClientAsync();
        string request = await Request(client);
        await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray());
        Assert.Null(await posting);
        Assert.StartsWith(
            $"POST /v1/metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n", request, StringComparison.Ordinal);
        var metrics = JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])
            .RootElement.GetProperty("resourceMetrics")[0];
        var all = metrics.GetProperty("scopeMetrics")[0].GetProperty("metrics").EnumerateArray()
            .ToDictionary(m => m.GetProperty("name").GetString()!);
        Assert.False(all.ContainsKey("edge.temperature")); // Not known: not exported.
        var sum = all["edge.tokens.completion"].GetProperty("sum");
        Assert.True(sum.GetProperty("isMonotonic").GetBoolean());
        Assert.Equal(2, sum.GetProperty("aggregationTemporality").GetInt32());
        var point = sum.GetProperty("dataPoints")[0];
        Assert.Equal(77, point.GetProperty("asDouble").GetDouble());
        Assert.Equal("1000000000", point.GetProperty("startTimeUnixNano").GetString());
        Assert.Equal("2000000000", point.GetProperty("timeUnixNano").GetString());
        Assert.Equal(12.5, all["edge.tokens.rate"].GetProperty("gauge").GetProperty("dataPoints")[0]
            .GetProperty("asDouble").GetDouble());
        Assert.Contains("shed", metrics.GetProperty("resource").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Otlp_CollectorRefusesOrIsAway_IsAReason()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var posting = Exporter(port).PostAsync();
        using (var client = await listener.AcceptTcpClientAsync())
        {
            await Request(client);
            await client.GetStream().WriteAsync("HTTP/1.1 415 Unsupported\r\n\r\n"u8.ToArray());
            Assert.Contains("415", await posting, StringComparison.Ordinal);
        }
        listener.Stop();
        Assert.NotNull(await Exporter(port).PostAsync());
    }

    private static OtlpExporter Exporter(int port) => new(
        new Uri($"http://127.0.0.1:{port}/v1/metrics"), TimeSpan.FromSeconds(1),
        () => OtlpMetrics.Write("shed", "0.1.0", DateTimeOffset.UnixEpoch.AddSeconds(1),
            DateTimeOffset.UnixEpoch.AddSeconds(2),
            OtlpPoints.Of(new InferenceTelemetry { CompletionTokens = 77, TokS = 12.5 }, null, 4)), _ => { });

    private static async Task<string> Request(TcpClient client)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[65536];
        while (true)
        {
            int read = await client.GetStream().ReadAsync(buffer);
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            string all = text.ToString();
            int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (read == 0) return all;
            if (end < 0) continue;
            int length = int.Parse(all.Split("Content-Length: ")[1].Split('\r')[0],
                System.Globalization.CultureInfo.InvariantCulture);
            if (all.Length - end - 4 >= length) return all;
        }
    }

    [Fact]
    public void Ask_ARunningService_GivesItsReportAndNobodyASentence()
    {
        using (new HealthSocket(_path, () => Report(3)))
            Assert.Equal(Report(3), HealthSocket.Ask(_path));
        Assert.Contains(_path, Assert.Throws<UserErrorException>(() => HealthSocket.Ask(_path)).Message);
        Assert.Throws<UserErrorException>(() => HealthSocket.Ask("/tmp/" + new string('x', 200)));
    }

    [Fact]
    public void Report_Unwell_SaysWhatIsWrong()
    {
        var well = Report(0);
        Assert.Null(well.WhyUnwell(true, true));
        Assert.Null((well with { Ready = false, Online = false, Journal = "off" }).WhyUnwell(false, false));
        Assert.Contains("requests", (well with { Ready = false }).WhyUnwell(true, false));
        Assert.Contains("broker", (well with { Online = false }).WhyUnwell(true, true));
        Assert.Contains("disk full", (well with { Journal = "disk full" }).WhyUnwell(false, false));
    }

    private async Task<string> Read()
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_path));
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        int read;
        while ((read = await client.ReceiveAsync(buffer)) > 0) text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return text.ToString();
    }

    private static HealthReport Report(int queue) =>
        new("0.1.0", "boot", true, true, "demo", 1.5, queue, 0, 0, 0, 0, 0, "full", "ok");
}
