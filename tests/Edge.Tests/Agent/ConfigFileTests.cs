using System.Globalization;
using Edge.Agent;
using Edge.Agent.Config;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class ConfigFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    private AgentConfig Read(string json, params (string Key, string Value)[] overrides)
    {
        File.WriteAllText(_path, json);
        return ConfigFile.Read([_path], overrides.ToDictionary(o => o.Key, o => (string?)o.Value));
    }

    private string Refusal(string json)
    {
        var e = Assert.Throws<UserErrorException>(() => Read(json));
        Assert.Equal(ExitCode.Usage, e.Code);
        Assert.Contains(_path, e.Message, StringComparison.Ordinal);
        return e.Message;
    }

    [Fact]
    public void Read_EveryGroup_IsBound()
    {
        var config = Read(
            """
            {"model":"/m/a.gguf","node":"n1","telemetrySeconds":5,
             "inference":{"threads":3,"slots":4,"kv":"f32","readWeights":true},
             "mqtt":{"host":"broker","port":1884,"root":"r/v1","replyPrefixes":["a/","b/"]},
             "sensors":{"enabled":false,"sysfsRoot":"/x"}}
            """);
        Assert.Equal(
            ("/m/a.gguf", "a", "n1", 5.0), (config.Model, config.ModelName, config.Node, config.TelemetrySeconds));
        Assert.Equal(new InferenceConfig(Threads: 3, Slots: 4, Kv: "f32", ReadWeights: true), config.Inference);
        Assert.Equal(("broker", 1884, "r/v1"), (config.Mqtt.Host, config.Mqtt.Port, config.Mqtt.Root));
        Assert.Equal(["a/", "b/"], config.Mqtt.ReplyPrefixes!);
        Assert.Equal(new SensorsConfig(false, "/x"), config.Sensors);
    }

    [Fact]
    public void Read_OnlyAModel_HasDefaults()
    {
        var config = Read("""{"model":"a.gguf"}""");
        Assert.Equal(new AgentConfig("a.gguf"), config);
        Assert.Equal((2, 32, 1883, 10.0),
            (config.Inference.Slots, config.Inference.Queue, config.Mqtt.Port, config.TelemetrySeconds));
    }

    [Fact]
    public void Read_CpusAndKernels_ReachTheModel()
    {
        string cpu = CpuList.Online()?.Cpus[0].ToString(CultureInfo.InvariantCulture) ?? "0";
        var options = Read($$"""{"model":"a","inference":{"kernels":"scalar","cpus":"{{cpu}}"} }""")
            .Inference.ToModelOptions();
        Assert.Equal((cpu, "scalar"), (options.Cpus!.ToString(), options.KernelSet));
        Assert.Null(new InferenceConfig().ToModelOptions().Cpus);
        Assert.Contains("inference.cpus: '3-1'", Refusal("""{"model":"a","inference":{"cpus":"3-1"}}"""),
            StringComparison.Ordinal);
        Assert.Contains("'edge kernels' lists", Refusal("""{"model":"a","inference":{"kernels":"avx9"}}"""),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CommandLine_WinsOverFile()
    {
        var config = Read(
            """{"model":"a.gguf","mqtt":{"host":"x","port":1}}""", ("model", "b.gguf"), ("mqtt:port", "2"));
        Assert.Equal(("b.gguf", "x", 2), (config.Model, config.Mqtt.Host, config.Mqtt.Port));
    }

    [Theory]
    [InlineData("""{"model":"a","mqtt":{"hots":"x"}}""", "hots")]
    [InlineData("""{"model":"a","threads":2}""", "threads")]
    [InlineData("""{"model":"a","mqtt":{"port":"many"}}""", "many")]
    [InlineData("""{"model":"a","mqtt":{"port":70000}}""", "70000")]
    [InlineData("""{"model":"a","inference":{"kv":"q4"}}""", "q4")]
    [InlineData("""{"model":"a","inference":{"slots":0}}""", "inference.slots 0")]
    [InlineData("""{"model":"a","telemetrySeconds":0.1}""", "telemetrySeconds")]
    [InlineData("""{"model":"a","node":"a/b"}""", "a/b")]
    [InlineData("""{"model":"a","mqtt":{"passwordFile":"/nonexistent"}}""", "/nonexistent")]
    [InlineData("""{"mqtt":{}}""", "--model")]
    [InlineData("""{"model":"a","control":{"allow":[{"prefix":"clients/ops/"}]}}""", "allows nothing")]
    [InlineData("""{"model":"a","control":{"allow":[{"commands":["reboot"]}]}}""", "model.load, model.unload")]
    [InlineData("""{"model":"a","control":{"allow":[{"commands":["drain"],"models":["b"]}]}}""", "no model 'b'")]
    [InlineData("""{"model":"x/a.gguf","control":{"models":[{"name":"a","path":"b"}]}}""", "'a' is named twice")]
    [InlineData("""{"model":"a","control":{"models":[{"name":"b"}]}}""", "'b' has no path")]
#if IOTBINDINGS
    [InlineData("""{"model":"a","sensors":{"bindings":[{"kind":"bme281","address":118}]}}""", "bme280, ina219")]
    [InlineData("""{"model":"a","sensors":{"bindings":[{"kind":"bme280"}]}}""", "address -1")]
#else
    [InlineData("""{"model":"a","sensors":{"bindings":[{"kind":"bme280"}]}}""", "SensorBindings=IotDeviceBindings")]
#endif
    [InlineData("""{"model":""", "is no JSON")]
    [InlineData("""{"model":""", "(line 1, byte ")]
    [InlineData("""{"model":"a","bogus":1}""", "'bogus' is no key of the configuration")]
    [InlineData("""{"model":"a","inference":{"thread":1}}""", "'thread' is no key of inference")]
    [InlineData("""{"model":"a","inference":{"threads":"x"}}""", "inference.threads: ")]
    public void Read_Unusable_NamesFileAndKey(string json, string named) =>
        Assert.Contains(named, Refusal(json), StringComparison.Ordinal);

    [Fact]
    public void Read_ByteOrderMark_IsSkipped()
    {
        File.WriteAllText(_path, """{"model":"a.gguf"}""", new System.Text.UTF8Encoding(true));
        Assert.Equal("a.gguf", ConfigFile.Read([_path], new Dictionary<string, string?>()).Model);
    }

    [Fact]
    public void Read_MissingFile_IsAUsageError()
    {
        var e = Assert.Throws<UserErrorException>(
            () => ConfigFile.Read(["/nonexistent.json"], new Dictionary<string, string?>()));
        Assert.Contains("/nonexistent.json does not exist", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FileAndFolder_LaterWinsKeyByKey()
    {
        string folder = _path + ".d";
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllText(_path, """{"model":"a.gguf","node":"n","mqtt":{"host":"h","port":1}}""");
            File.WriteAllText(Path.Combine(folder, "20-b.json"), """{"mqtt":{"port":3}}""");
            File.WriteAllText(Path.Combine(folder, "10-a.json"), """{"mqtt":{"port":2},"node":"m"}""");
            File.WriteAllText(Path.Combine(folder, "30-c.json.dpkg-old"), "not read");
            var config = ConfigFile.Read([_path, folder], new Dictionary<string, string?>());
            Assert.Equal(("a.gguf", "m", "h", 3), (config.Model, config.Node, config.Mqtt.Host, config.Mqtt.Port));

            File.WriteAllText(Path.Combine(folder, "20-b.json"), """{"mqtt":""");
            var e = Assert.Throws<UserErrorException>(
                () => ConfigFile.Read([_path, folder], new Dictionary<string, string?>()));
            Assert.Contains("20-b.json", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Read_FolderThatIsNotThere_IsEmpty()
    {
        File.WriteAllText(_path, """{"model":"a.gguf"}""");
        var config = ConfigFile.Read([_path, "/nonexistent/conf.d/"], new Dictionary<string, string?>());
        Assert.Equal("a.gguf", config.Model);
    }

    [Theory]
    [InlineData(8_388_608, 30, "mqtt.payloadBytesMax 8388608")]
    [InlineData(262_144, 1, "mqtt.keepAliveSeconds 1")]
    public void Mqtt_OutsideItsBounds_IsNamedByTheKeyOfTheFile(int payloadBytesMax, int keepAlive, string words) =>
        Assert.Contains(words,
            new MqttConfig(PayloadBytesMax: payloadBytesMax, KeepAliveSeconds: keepAlive).Problem(),
            StringComparison.Ordinal);
}
