using System.Diagnostics;
using System.Text.Json;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

/// <summary>Every command that talks to a broker, with one that wants a certificate of the client and a
/// password.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class SecureBrokerTests : IDisposable
{
    private readonly Broker _broker;
    private readonly string _password, _wrong;
    private readonly string[] _tls;

    public SecureBrokerTests()
    {
        TestCertificates? made = null;
        string users = "";
        _broker = new Broker("", listener: folder =>
        {
            made = new(Path.Combine(folder, "tls"));
            var (certificate, key) = made.Issue("broker");
            users = Path.Combine(folder, "users");
            using var passwd = Process.Start("mosquitto_passwd", ["-c", "-b", users, "shed", "a secret"])!;
            passwd.WaitForExit();
            return $"listener {{port}} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
                + $"require_certificate true\ncafile {made.CaFile}\ncertfile {certificate}\nkeyfile {key}\n";
        });
        var (mine, myKey) = made!.Issue("client");
        _tls = ["--ca-file", made.CaFile, "--certificate-file", mine, "--key-file", myKey];
        File.WriteAllText(_password = Path.Combine(_broker.Folder, "password"), "a secret\n");
        File.WriteAllText(_wrong = Path.Combine(_broker.Folder, "wrong"), "another\n");
    }

    public void Dispose() => _broker.Dispose();

    private string Address => $"127.0.0.1:{_broker.Port}";

    private string[] As(string password) => [.. _tls, "--user", "shed", "--password-file", password];

    [Fact]
    public async Task Commands_WithTheirCredentials_ReachTheNodeAndWithoutSayWhyNot()
    {
        using var agent = AgentProcess.Start(_broker.Port, [.. As(_password), "--telemetry-seconds", "1"]);
        await agent.IsReady();
        string[] broker = ["--broker", Address];
        var fleet = await RunJson(["fleet", .. broker, .. As(_password)]);
        Assert.Equal("online", fleet.GetProperty("state").GetString());
        var top = await RunJson(["top", .. broker, "--node", AgentProcess.Node, .. As(_password)]);
        Assert.Equal(AgentProcess.Node, top.GetProperty("node").GetString());
        var sense = await Run(
            ["sense", "--simulate", .. broker, "--node", AgentProcess.Node, "--count", "1", .. As(_password)]);
        Assert.True(sense.Code == 0, sense.Error);
        Assert.True((await Doctor(As(_password))).GetProperty("reachable").GetBoolean());

        string[][] wrong = [_tls, As(_wrong), ["--user", "shed", "--password-file", _password]];
        foreach (string[] credentials in wrong)
        {
            (await Run(["fleet", .. broker, .. credentials])).RefusesWith(1, "cannot be used", Address);
            var refused = await Doctor(credentials);
            Assert.False(refused.GetProperty("reachable").GetBoolean());
            Assert.Contains("cannot be used", refused.GetProperty("problem").GetString(), StringComparison.Ordinal);
        }
        (await Run(["fleet", .. broker, .. As(_wrong)])).RefusesWith(1, "refused the connection");
        (await Run(["sense", "--simulate", .. broker, "--timeout", "3", .. As(_wrong)])).RefusesWith(1, "refused");
    }

    [Theory]
    [InlineData("fleet")]
    [InlineData("top")]
    [InlineData("doctor")]
    [InlineData("sense", "--simulate")]
    [InlineData("run", "--model", "m.gguf")]
    public async Task Options_ThatCannotBe_AreAUsageErrorThatNamesTheKey(params string[] command)
    {
        (await Run([.. command, "--ca-file", "/nonexistent/ca.pem"])).RefusesWith(2, "/nonexistent/ca.pem");
        (await Run([.. command, "--certificate-file", _password, "--key-file", _password]))
            .RefusesWith(2, "mqtt.caFile");
        (await Run([.. command, "--user", "x", "--password-file", "/nonexistent/p"]))
            .RefusesWith(2, "mqtt.passwordFile");
        (await Run([.. command, "--password-file", _password])).RefusesWith(2, "mqtt.user");
    }

    private async Task<JsonElement> Doctor(string[] credentials) =>
        (await RunJson(["doctor", "--threads", "1", "--broker", Address, .. credentials])).GetProperty("broker");
}
