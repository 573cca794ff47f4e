using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

public class FairQueueTests
{
    private static Ticket Of(string id, string requester, int priority = 0, long? deadline = null) =>
        new(Bench.Request(id) with { Requester = requester, Priority = priority, Deadline = deadline }, 0);

    private static FairQueue With(params Ticket[] tickets)
    {
        var queue = new FairQueue(16);
        foreach (var ticket in tickets) queue.Enqueue(ticket);
        return queue;
    }

    private static IEnumerable<string> Served(FairQueue queue)
    {
        while (queue.Dequeue() is { } ticket) yield return ticket.Request.Id;
    }

    [Fact]
    public void Dequeue_HigherPriority_IsServedBeforeAllOthersWheneverItCame()
    {
        var queue = With(Of("a1", "a"), Of("b1", "b"), Of("low", "c", -5), Of("alarm1", "x", 5), Of("alarm2", "x", 5));
        Assert.Equal("alarm1", queue.Dequeue()!.Request.Id);
        queue.Enqueue(Of("fire", "y", 10));
        Assert.Equal(["fire", "alarm2", "a1", "b1", "low"], Served(queue));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Dequeue_RequestersOfOnePriority_TakeTurnsInTheirOwnOrder() =>
        Assert.Equal(["a1", "b1", "a2", "b2", "a3"],
            Served(With(Of("a1", "a"), Of("a2", "a"), Of("a3", "a"), Of("b1", "b"), Of("b2", "b"))));

    [Fact]
    public void Dequeue_OneRequesterOfTwoPriorities_IsServedByEach() =>
        Assert.Equal(["urgent", "b1", "a1"],
            Served(With(Of("b1", "b"), Of("a1", "a"), Of("urgent", "a", 1))));

    /// <summary>What a requester is told at its admission is where it then stands, for every mix.</summary>
    [Theory]
    [InlineData("a", 0)]
    [InlineData("b", 0)]
    [InlineData("new", 0)]
    [InlineData("new", 5)]
    [InlineData("x", 5)]
    [InlineData("new", -10)]
    public void Ahead_OfANewRequest_IsHowManyAreServedBeforeIt(string requester, int priority)
    {
        var queue = With(Of("a1", "a"), Of("a2", "a"), Of("b1", "b"), Of("low", "c", -5), Of("x1", "x", 5));
        (int ahead, long tokens) = queue.Ahead(requester, priority);
        queue.Enqueue(Of("mine", requester, priority));
        Assert.Equal(ahead, Served(queue).TakeWhile(id => id != "mine").Count());
        Assert.Equal(ahead * Bench.Request("any").Prompt.Count, tokens);
    }

    [Fact]
    public void Sweep_WhatMustEnd_LeavesTheOthersInTheirOrder()
    {
        var cancelled = Of("a1", "a");
        cancelled.Cancel();
        var queue = With(cancelled, Of("a2", "a"), Of("late", "b", 5, deadline: 10), Of("b2", "b", 5, deadline: 1000));
        var ended = new List<Ticket>();
        queue.Sweep(now: 20, all: false, ended);
        Assert.Equal(["a1", "late"], ended.Select(t => t.Request.Id).Order());
        Assert.Equal((2, false), (queue.Count, queue.IsFull));
        Assert.Equal(["b2", "a2"], Served(queue));
    }
}
