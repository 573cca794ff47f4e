using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

/// <summary>Prompts by other templates than the model's own, and by none.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class PromptTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}.jinja");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Ask_SamePromptByNameByFileAndRaw_SameReply()
    {
        const string Question = "cold store 2: temp 12.4C rising, hum 81%, door closed";
        await File.WriteAllTextAsync(_path,
            "<|im_start|>user\n{{ messages[0].content }}<|im_end|>\n{{ '<|im_start|>assistant\\n' }}");
        string[] replies =
        [
            (await Run("ask", "--model", Model, "--prompt", Question, "--template", "chatml")).Output,
            (await Run("ask", "--model", Model, "--prompt", Question, "--template", _path)).Output,
            (await Run("ask", "--model", Model, "--raw", "--prompt",
                $"<|im_start|>user\n{Question}<|im_end|>\n<|im_start|>assistant\n")).Output,
        ];
        Assert.Contains("temperature", replies[0], StringComparison.Ordinal);
        Assert.All(replies, reply => Assert.Equal(replies[0], reply));
        var other = await Run("ask", "--model", Model, "--prompt", Question, "--raw");
        Assert.Equal((0, false), (other.Code, other.Output == replies[0]));
    }

    [Fact]
    public async Task Ask_TemplateThatIsWrong_NamesItAndWhatIsTaken()
    {
        (await Run("ask", "--model", Model, "--prompt", "x", "--template", "/nonexistent/chat.jinja"))
            .RefusesWith(1, "/nonexistent/chat.jinja does not exist", "chatml, llama2");
        var served = await Run("run", "--model", Model, "--template", "/nonexistent/chat.jinja");
        Assert.Equal(1, served.Code);
        Assert.Contains("/nonexistent/chat.jinja does not exist", served.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_path, "{{ x");
        (await Run("ask", "--model", Model, "--prompt", "x", "--template", _path))
            .RefusesWith(1, _path, "line 1", "has no '}}'");
        (await Run("ask", "--model", Model, "--prompt", "x", "--raw", "--system", "y"))
            .RefusesWith(2, "--raw", "leave out --system");
    }
}
