using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class QueryRequestTests
{
    private static (QueryRequest? Request, Problem? Problem) Read(string command, string body)
    {
        var request = QueryRequest.Read(command, body.Utf8(), out var problem, out _);
        return (request, problem);
    }

    [Fact]
    public void Tokenize_TextOrMessages_IsRead()
    {
        var (text, none) = Read("tokenize", """{"text":"","model":"m","request_id":"r","timeout_s":3}""");
        Assert.Null(none);
        Assert.Equal(("", "m"), (text!.Text, text.Model));
        Assert.Null(text.Messages);
        var (chat, _) = Read("tokenize", """{"messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal([new("user", "x")], chat!.Messages!);
    }

    [Theory]
    [InlineData("tokenize", "", "/messages")]
    [InlineData("tokenize", """{"text":5}""", "/text")]
    [InlineData("tokenize", """{"text":"x","messages":[]}""", "/messages")]
    [InlineData("tokenize", """{"text":"x","stream":true}""", "/stream")]
    [InlineData("health", """{"text":"x"}""", "/text")]
    [InlineData("health", "[]", "")]
    public void Read_WhatItDoesNotKnow_IsRefusedWithItsPlace(string command, string body, string pointer)
    {
        var (request, problem) = Read(command, body);
        Assert.Null(request);
        Assert.Equal((ProblemCode.InvalidPayload, pointer), (problem!.Code, problem.Pointer));
    }

    [Fact]
    public void Health_EmptyBody_IsRead() => Assert.NotNull(Read("health", "").Request);
}
