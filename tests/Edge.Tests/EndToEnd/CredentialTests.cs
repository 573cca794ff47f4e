using System.Diagnostics;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>Secrets as systemd hands them to a unit (LoadCredential=): files in $CREDENTIALS_DIRECTORY that the
/// configuration names.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class CredentialTests : IDisposable
{
    private const string Password = "only-in-the-file";
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-credentials-").FullName;
    private readonly Broker _broker;

    /// <summary>A broker that takes only its authority's certificates, and only with the password.</summary>
    public CredentialTests()
    {
        TestCertificates? made = null;
        _broker = new Broker("", listener: folder =>
        {
            made = new(Path.Combine(folder, "tls"));
            var (certificate, key) = made.Issue("broker");
            string passwords = Path.Combine(folder, "passwords");
            using var tool = Process.Start("mosquitto_passwd", ["-b", "-c", passwords, "agent", Password]);
            tool.WaitForExit();
            return $"listener {{port}} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n" +
                $"require_certificate true\ncafile {made.CaFile}\ncertfile {certificate}\nkeyfile {key}\n";
        });
        var (mine, myKey) = made!.Issue("node");
        Credential("mqtt-ca", File.ReadAllText(made.CaFile));
        Credential("mqtt-certificate", File.ReadAllText(mine));
        Credential("mqtt-key", File.ReadAllText(myKey));
        Credential("mqtt-password", Password + "\n");
        File.WriteAllText(Configuration,
            """
            {"mqtt":{"user":"agent","passwordFile":"$CREDENTIALS_DIRECTORY/mqtt-password",
             "caFile":"$CREDENTIALS_DIRECTORY/mqtt-ca","certificateFile":"$CREDENTIALS_DIRECTORY/mqtt-certificate",
             "keyFile":"$CREDENTIALS_DIRECTORY/mqtt-key"}}
            """);
    }

    private string Configuration => Path.Combine(_broker.Folder, "agent.json");

    public void Dispose()
    {
        _broker.Dispose();
        Directory.Delete(_folder, true);
    }

    private void Credential(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private AgentProcess StartWith(string folder) =>
        StartAfter($"export CREDENTIALS_DIRECTORY='{folder}'", _broker.Port, "--config", Configuration);

    [Fact]
    public async Task Start_SecretsInTheFolder_AreUsedAndNotShown()
    {
        using var agent = StartWith(_folder);
        await agent.IsReady();
        await _broker.Logged("u'agent'");
        Assert.DoesNotContain(agent.Log.Seen, line => line.Contains(Password, StringComparison.Ordinal));
        Assert.Contains(agent.Log.Seen, line => line.Contains($"{_folder}/mqtt-password", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_AnotherPassword_IsRefusedByTheBroker()
    {
        Credential("mqtt-password", "another\n");
        using var agent = StartWith(_folder);
        string line = await agent.Log.Next(l => l.StartsWith("warn", StringComparison.Ordinal));
        Assert.Contains("authori", line, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Start_AnotherAuthority_IsNotBelieved()
    {
        var others = new TestCertificates(Path.Combine(_broker.Folder, "others"));
        Credential("mqtt-ca", File.ReadAllText(others.CaFile));
        using var agent = StartWith(_folder);
        await agent.Log.Next(l => l.Contains("no connection", StringComparison.Ordinal));
        Assert.DoesNotContain(agent.Log.Seen, l => l.StartsWith("info: online", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_WithoutTheFolder_EndsWithAUsageErrorThatNamesIt()
    {
        var start = NativeEdge.StartInfo("run", "--model", NativeEdge.Model, "--config", Configuration);
        start.Environment.Remove("CREDENTIALS_DIRECTORY");
        (await NativeEdge.Run(start)).RefusesWith(
            2, "mqtt.passwordFile $CREDENTIALS_DIRECTORY/mqtt-password does not exist");
    }

    [Fact]
    public async Task Start_AFileThatIsMissingInTheFolder_IsNamed()
    {
        File.Delete(Path.Combine(_folder, "mqtt-key"));
        var start = NativeEdge.StartInfo("run", "--model", NativeEdge.Model, "--config", Configuration);
        start.Environment["CREDENTIALS_DIRECTORY"] = _folder;
        (await NativeEdge.Run(start)).RefusesWith(2, $"{_folder}/mqtt-key");
    }
}
