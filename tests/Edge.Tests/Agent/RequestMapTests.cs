using Edge.Agent.Service;
using Edge.Engine;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class RequestMapTests
{
    [Theory]
    [InlineData(Admission.QueueFull, ProblemCode.QueueFull)]
    [InlineData(Admission.ContextOverflow, ProblemCode.ContextOverflow)]
    [InlineData(Admission.DeadlineUnreachable, ProblemCode.DeadlineUnreachable)]
    [InlineData(Admission.Draining, ProblemCode.NotReady)]
    [InlineData(Admission.Invalid, ProblemCode.InvalidPayload)]
    public void ToProblem_Refusal_HasItsCode(Admission admission, ProblemCode code) =>
        Assert.Equal(code, RequestMap.ToProblem(new AdmissionResult(admission, 0, 0, "why"), 1, 2)!.Code);

    [Fact]
    public void ToProblem_EveryAdmission_IsMapped()
    {
        foreach (var admission in Enum.GetValues<Admission>())
            Assert.Equal(
                admission == Admission.Accepted,
                RequestMap.ToProblem(new AdmissionResult(admission, 0, 0, ""), 1, 2) is null);
    }

    [Fact]
    public void ToProblem_QueueFull_SaysWhenToComeBack()
    {
        var problem = RequestMap.ToProblem(new AdmissionResult(Admission.QueueFull, 0, 2.3, "full"), 1, 2)!;
        Assert.Equal((3.0, "full"), (problem.RetryAfterSeconds, problem.Detail));
    }

    [Fact]
    public void ToProblem_ContextOverflow_CarriesTheCounts()
    {
        var problem = RequestMap.ToProblem(new AdmissionResult(Admission.ContextOverflow, 0, 0, "long"), 700, 512)!;
        Assert.Equal((700, 512, "/messages"), (problem.PromptTokens, problem.ContextTokens, problem.Pointer));
    }
}
