using Edge.Models;

namespace Edge.Agent;

/// <summary>A trace that is being recorded; disposed before its model, it is whole, and says so.</summary>
internal sealed class TraceFile : IDisposable
{
    private readonly string _path;
    private readonly RoutingRecorder _recorder;

    private TraceFile(string path, RoutingRecorder recorder) => (_path, _recorder) = (path, recorder);

    /// <summary>Errors: UserErrorException when the model has no experts or the file cannot be made.</summary>
    public static TraceFile Start(LoadedModel loaded, string path)
    {
        try
        {
            var recorder = RoutingRecorder.Start(loaded.Model, path, ModelFile.NameOf(loaded.Path))
                ?? throw new UserErrorException(
                    $"--trace: {loaded.Path} is no mixture of experts ({loaded.Model.Config.Architecture}): " +
                    "there is no routing to record", ExitCode.Usage);
            return new TraceFile(path, recorder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--trace: {path} cannot be written: {Sentence.Of(e)}");
        }
    }

    public void Dispose()
    {
        _recorder.Dispose();
        string problem = _recorder.Problem is { } why ? $"; it ended early: {why}" : "";
        Console.Error.WriteLine($"{_path}: {_recorder.Rows} tokens of routing{problem}");
    }
}
