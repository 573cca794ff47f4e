using System.Text.Json;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class ChatRequestReaderTests
{
    private const string User = """{"role":"user","content":"hi"}""";

    private static ChatRequest Good(string json)
    {
        Assert.True(ChatRequestReader.TryRead(json.Utf8(), out var request, out var problem), problem?.Detail);
        Assert.Null(problem);
        return request!;
    }

    private static Problem Bad(string json) => Bad(json.Utf8());

    private static Problem Bad(byte[] json)
    {
        Assert.False(ChatRequestReader.TryRead(json, out var request, out var problem));
        Assert.Null(request);
        return problem!;
    }

    [Fact]
    public void TryRead_EveryField_IsTaken()
    {
        var r = Good("""
            {"model":"demo","messages":[{"role":"developer","content":"be brief"},{"role":"user","content":[
            {"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":""}],
            "max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":40,
            "min_p":0.05,"seed":9007199254740993,"stop":["x","y"],"stream":true,"tools":[],"tool_choice":"auto",
            "response_format":{"type":"json_schema","json_schema":
            {"name":"n","strict":true,"schema":{"type":"object"}}},
            "request_id":"r1","reply_to":"clients/a","timeout_s":2.5,"edge":{"repetition_penalty":1.1,"version":1}}
            """);
        Assert.Equal([new("system", "be brief"), new("user", "ab"), new("assistant", "")], r.Messages);
        Assert.Equal(("demo", 7, 0.5, 0.9, 40, 0.05), (r.Model, r.MaxTokens, r.Temperature, r.TopP, r.TopK, r.MinP));
        Assert.Equal((9007199254740993ul, true, 1.1), (r.Seed, r.Stream, r.RepetitionPenalty));
        Assert.Equal(["x", "y"], r.Stop);
        Assert.Equal((ReplyShape.JsonSchema, "n", true), (r.Format.Shape, r.Format.Name, r.Format.Strict));
        // The schema outlives the document that it came from.
        GC.Collect();
        Assert.Equal("object", r.Format.Schema.GetProperty("type").GetString());
        Assert.Equal(("r1", "clients/a", 2.5), (r.RequestId, r.ReplyTo, r.TimeoutSeconds));
        Assert.Empty(r.Ignored);
    }

    [Fact]
    public void TryRead_NullsAndAbsence_AreTheSame()
    {
        var r = Good($$"""
            {"messages":[{{User}}],"model":null,"max_tokens":null,"stop":null,"stream":null,"response_format":null,
            "tools":null}
            """);
        Assert.Equal((null, null, 0, false), (r.Model, r.MaxTokens, r.Stop.Count, r.Stream));
        Assert.Equal(ReplyShape.Text, r.Format.Shape);
    }

    [Fact]
    public void TryRead_UnknownFields_AreIgnoredAndListed()
    {
        var r = Good($$"""
            {"messages":[{{User}}],"user":"u","logit_bias":{"a/b":1},"edge":{"x/y~":1},"frequency_penalty":0.1}
            """);
        Assert.Equal(["/user", "/logit_bias", "/frequency_penalty", "/edge/x~1y~0"], r.Ignored);
    }

    [Theory]
    [InlineData("""{"messages":"hi"}""", "/messages", "array")]
    [InlineData("""{}""", "/messages", "missing")]
    [InlineData("""{"messages":[]}""", "/messages", "1 to 256")]
    [InlineData("""{"messages":[1]}""", "/messages/0", "object")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "/messages/0/content", "missing")]
    [InlineData("""{"messages":[{"role":"user","content":5}]}""", "/messages/0/content", "string")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "/messages/0/role", "user or assistant")]
    [InlineData("""{"messages":[{"role":5,"content":"x"}]}""", "/messages/0/role", "a number")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "/messages/0/content/0", "text")]
    [InlineData("""{"messages":[{"role":"user","role":"user","content":"x"}]}""", "/messages/0/role", "twice")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", "/messages/0/content", "Unicode")]
    [InlineData("""{"M","tool_choice":"\ud800"}""", "/tool_choice", "Unicode")] // found by the fuzzer
    [InlineData("""{"M","max_tokens":0}""", "/max_tokens", "from 1 to")]
    [InlineData("""{"M","max_tokens":1.5}""", "/max_tokens", "whole number")]
    [InlineData("""{"M","max_tokens":"7"}""", "/max_tokens", "a string")]
    [InlineData("""{"M","max_tokens":99999999999999999999}""", "/max_tokens", "from 1 to")]
    [InlineData("""{"M","temperature":2.1}""", "/temperature", "from 0 to 2")]
    [InlineData("""{"M","temperature":1e999}""", "/temperature", "from 0 to 2")]
    [InlineData("""{"M","temperature":true}""", "/temperature", "truth value")]
    [InlineData("""{"M","top_p":-0.1}""", "/top_p", "from 0 to 1")]
    [InlineData("""{"M","top_k":-1}""", "/top_k", "from 0")]
    [InlineData("""{"M","min_p":[0.1]}""", "/min_p", "an array")]
    [InlineData("""{"M","seed":-1}""", "/seed", "from 0")]
    [InlineData("""{"M","stream":1}""", "/stream", "true or false")]
    [InlineData("""{"M","model":7}""", "/model", "string")]
    [InlineData("""{"M","model":""}""", "/model", "1 to 128")]
    [InlineData("""{"M","stop":["a",2]}""", "/stop/1", "a number")]
    [InlineData("""{"M","stop":[""]}""", "/stop/0", "1 to 64")]
    [InlineData("""{"M","stop":["1","2","3","4","5","6","7","8","9"]}""", "/stop", "at most 8")]
    [InlineData("""{"M","model":"a","model":"b"}""", "/model", "twice")]
    [InlineData("""{"M","response_format":{"type":"xml"}}""", "/response_format/type", "json_schema")]
    [InlineData("""{"M","response_format":{"type":"json_schema"}}""", "/response_format/json_schema/schema", "missing")]
    [InlineData("""{"M","response_format":{"type":"json_schema","json_schema":{"schema":5}}}""",
        "/response_format/json_schema/schema", "object")]
    [InlineData("""{"M","response_format":"json_object"}""", "/response_format", "object")]
    [InlineData("""{"M","request_id":""}""", "/request_id", "1 to 64")]
    [InlineData("""{"M","request_id":"üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"}""", "/request_id", "64 bytes")]
    [InlineData("""{"M","timeout_s":0}""", "/timeout_s", "from 0.1")]
    [InlineData("""{"M","edge":7}""", "/edge", "object")]
    [InlineData("""{"M","edge":{"repetition_penalty":9}}""", "/edge/repetition_penalty", "from 0.5")]
    [InlineData("[1]", "", "object")]
    [InlineData("", "", "not JSON")]
    [InlineData("{\"messages\":[", "", "line 1, byte 14")]
    [InlineData("nonsense", "", "not JSON")]
    public void TryRead_WrongField_NamesItAndTheRemedy(string json, string pointer, string says)
    {
        var problem = Bad(json.Replace("\"M\"", $"\"messages\":[{User}]"));
        Assert.Equal((ProblemCode.InvalidPayload, 400, pointer), (problem.Code, problem.Status, problem.Pointer));
        Assert.Contains(says, problem.Detail);
    }

    [Theory]
    [InlineData("""{"M","tools":[{"type":"function"}]}""", ProblemCode.SchemaUnsupported, 422, "/tools")]
    [InlineData("""{"M","tool_choice":"required"}""", ProblemCode.SchemaUnsupported, 422, "/tool_choice")]
    [InlineData("""{"M","edge":{"version":2}}""", ProblemCode.Version, 505, "/edge/version")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""",
        ProblemCode.UnsupportedMedia, 415, "/messages/0/content/0/type")]
    public void TryRead_NotServed_HasItsOwnCode(string json, ProblemCode code, int status, string pointer)
    {
        var problem = Bad(json.Replace("\"M\"", $"\"messages\":[{User}]"));
        Assert.Equal((code, status, pointer), (problem.Code, problem.Status, problem.Pointer));
    }

    [Fact]
    public void TryRead_InvalidUtf8_IsRefused() =>
        Assert.Contains("UTF-8", Bad([.. "{\"model\":\""u8, 0xC3, 0x28, .. "\"}"u8]).Detail);

    [Fact]
    public void TryRead_TooDeepOrTooMany_IsRefused()
    {
        Assert.Contains("32 levels",
            Bad($$"""{"messages":[{{User}}],"x":{{new string('[', 40)}}{{new string(']', 40)}}}""").Detail);
        string many = string.Join(',', Enumerable.Repeat(User, 257));
        Assert.Equal("/messages", Bad($$"""{"messages":[{{many}}]}""").Pointer);
        string fields = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"f{i}\":1"));
        Assert.Contains("more than 64 fields", Bad($$"""{"messages":[{{User}}],{{fields}}}""").Detail);
    }

    [Fact]
    public void TryRead_RefusedBody_StillTellsWhereTheRefusalGoes()
    {
        Assert.False(ChatRequestReader.TryRead(
            """{"model":1,"model":2,"reply_to":"clients/me","request_id":"r"}"""u8.ToArray(), out _, out _,
                out var address));
        Assert.Equal(new BodyAddress("r", "clients/me"), address);
    }

    [Fact]
    public void TryRead_AnyPrefixOrFlippedByte_GivesRequestOrProblem()
    {
        byte[] whole = """
            {"messages":[{"role":"user","content":"gr\u00fc\ud83d\ude00"}],"stop":["a"],"edge":{"version":1}}
            """u8.ToArray();
        int good = 0, bad = 0;
        for (int i = 0; i <= whole.Length; i++)
        {
            for (int bit = 0; bit < 9; bit++)
            {
                byte[] body = bit == 8 ? whole[..i] : [.. whole];
                if (bit < 8 && i < body.Length) body[i] ^= (byte)(1 << bit);
                bool ok = ChatRequestReader.TryRead(body, out var request, out var problem);
                Assert.True(ok ? request is not null && problem is null : request is null && problem is not null);
                if (ok) good++; else bad++;
            }
        }
        Assert.InRange(good, 50, bad);
    }
}
