using System.Text;
using Edge.Agent.Fleet;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class NodeViewsTests
{
    private readonly NodeViews _views = new("edgeai/v1");

    [Fact]
    public void Take_StatusInfoAndTelemetry_MakeOneView()
    {
        Assert.True(Take("shed/status", """{"state":"online","ready":true,"queue":3,"version":"1.2"}"""));
        Assert.True(Take("shed/info",
            """{"version":"1.2","models":[{"name":"demo"}],"kernel_set":"neon","threads":4}"""));
        Assert.True(Take("shed/telemetry/system",
            """{"values":{"uptime_s":9,"temperature_c":51.5,"throttled":false,"governor":"eased","threads":3}}"""));
        Assert.False(_views.Find("shed")!.IsComplete);
        Assert.True(Take("shed/telemetry/inference",
            """{"values":{"running":1,"queue":2,"tok_s":8.5,"cached_tokens":25,"prompt_tokens":75}}"""));
        var view = Assert.Single(_views.All);
        Assert.True(view.IsComplete);
        Assert.Equal(("shed", "online", "demo", "eased", 3, 2),
            (view.Node, view.State, view.Model, view.Governor, view.Threads, view.Queue));
        Assert.Contains("(25 %)", ViewText.Page(view), StringComparison.Ordinal);
        Assert.Contains("8.5", ViewText.Line(view), StringComparison.Ordinal);
        Assert.True(Take("shed/status", """{"state":"offline"}"""));
        Assert.StartsWith("shed                 offline", ViewText.Line(_views.All[0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shed/status", "no json")]
    [InlineData("shed/status", "[1]")]
    [InlineData("shed/telemetry/sensors", """{"values":{}}""")]
    [InlineData("shed/telemetry/system", """{"values":[]}""")]
    [InlineData("shed", "{}")]
    public void Take_WhatIsNoView_IsLeftOut(string topic, string payload)
    {
        Assert.False(Take(topic, payload));
        Assert.Empty(_views.All);
    }

    [Fact]
    public void Take_HostileText_CannotSteerTheTerminal()
    {
        Take("shed/info", """{"version":"\u001b[2Jx","models":[{"name":"a\nb"}]}""");
        string line = ViewText.Line(Assert.Single(_views.All));
        Assert.DoesNotContain(line, char.IsControl);
    }

    [Fact]
    public void Take_MoreNodesThanTheBound_AreLeftOut()
    {
        for (int i = 0; i < NodeViews.NodesMax + 5; i++) Take($"n{i}/status", """{"state":"online"}""");
        Assert.Equal(NodeViews.NodesMax, _views.All.Count);
    }

    private bool Take(string topic, string payload) => _views.Take(new MqttMessage
    {
        Topic = "edgeai/v1/node/" + topic, Payload = Encoding.UTF8.GetBytes(payload),
    });
}
