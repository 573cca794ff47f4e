using Edge.Models;

namespace Edge.Tests.Engine;

internal static class FakeConfig
{
    public static ModelConfig Of(int vocabularySize, int contextLength) => new()
    {
        Architecture = "fake", LayerCount = 1, EmbeddingLength = 1,
        ContextLength = contextLength, VocabularySize = vocabularySize,
    };
}
