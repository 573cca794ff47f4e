namespace Edge.Engine;

/// <summary>What can be said of a request without running it.</summary>
internal static class RequestCheck
{
    /// <summary>Names the first field that cannot be used; null when all can.</summary>
    public static string? FindError(GenerationRequest request, int vocabularySize)
    {
        if (request.Prompt.Count == 0) return "the prompt is empty: at least one token is needed";
        for (int i = 0; i < request.Prompt.Count; i++)
            if ((uint)request.Prompt[i] >= (uint)vocabularySize)
                return $"prompt token {i} is {request.Prompt[i]}; the vocabulary has {vocabularySize}";
        if (request.MaxTokens < 1) return $"max_tokens {request.MaxTokens} is below 1";
        if (request.MaxTokens < LeastReply(request))
            return $"max_tokens {request.MaxTokens} is too few for this response format: its shortest reply may take " +
                $"{LeastReply(request)}";
        if (request.Stop.Count > GenerationRequest.StopMax)
            return $"{request.Stop.Count} stop strings; at most {GenerationRequest.StopMax} are allowed";
        for (int i = 0; i < request.Stop.Count; i++)
            if (request.Stop[i].Length is 0 or > GenerationRequest.StopCharsMax)
                return $"stop string {i} has {request.Stop[i].Length} characters; " +
                    $"1 to {GenerationRequest.StopCharsMax} are allowed";
        return request.Sampling.FindError();
    }

    /// <summary>The token counts where the prompt leaves no room for a reply; null where it does.</summary>
    public static string? FindOverflow(GenerationRequest request, int contextLength) =>
        request.Prompt.Count + LeastReply(request) <= contextLength ? null
        : $"the prompt has {request.Prompt.Count} tokens and a reply needs {LeastReply(request)}; " +
            $"the context holds {contextLength}; shorten the prompt";

    // What can surely be finished: a constrained reply that is cut off would not be valid.
    private static int LeastReply(GenerationRequest request) => Math.Max(1, request.Grammar?.MinimumBytes ?? 1);
}
