namespace Edge.Text;

/// <summary>How a model cuts text into words before merging: stages, each of which cuts the pieces of the one
/// before.</summary>
/// <param name="Names">Values of tokenizer.ggml.pre that mean this row.</param>
/// <param name="Stages">A piece is cut into the matches of the stage and what lies between them.</param>
/// <param name="WholeWords">A word that is in the vocabulary is taken as it is, whatever the merges say.</param>
/// <param name="AddsBos">Used where tokenizer.ggml.add_bos_token is absent.</param>
internal sealed record PreTokenizer(
    IReadOnlyList<string> Names, IReadOnlyList<SplitStage> Stages, bool WholeWords = false, bool AddsBos = false)
{
    /// <summary>The table: one row per family. Source: the tokenizer.json of the family; names as llama.cpp writes
    /// them.</summary>
    public static IReadOnlyList<PreTokenizer> Rows { get; } =
    [
        new(["default"], [Every(Patterns.Signs), Every(Patterns.Gpt2), Every(Patterns.Numbers),
            Every(Patterns.ThreeDigits)]),
        new(["gpt-2", "phi-2", "mpt", "olmo", "roberta-bpe", "gigachat", "mellum", "jais", "trillion",
            "exaone4", "a.x-4.0", "modern-bert", "granite-docling",
            "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code"],
            [Every(Patterns.Gpt2)]),
        new(["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2", "midm-2.0", "jina-v5-nano"],
            [Every(Patterns.Llama3)], WholeWords: true, AddsBos: true),
        new(["smaug-bpe", "dbrx", "chatglm-bpe", "glm4"], [Every(Patterns.Llama3)]),
        // bailingmoe's pattern is spelled otherwise and takes the same.
        new(["qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "kormo", "f2llmv2", "hunyuan", "solar-open", "grok-2",
            "bailingmoe", "bailingmoe2", "llada-moe"], [Every(Patterns.Qwen2)]),
        new(["qwen35"], [Every(LaterPatterns.Qwen35)]),
        new(["seed-coder"], [Every(LaterPatterns.SeedCoder)]),
        // Its second stage takes numbers of any length, which the first has cut already.
        new(["minicpm5"], [Every(LaterPatterns.ThreeNumbers), Every(Patterns.Llama3)], WholeWords: true),
        new(["starcoder", "smollm", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
            [Every(Patterns.Number1), Every(Patterns.Gpt2)]),
        new(["deepseek-llm"], [Every(Patterns.NewLine), Every(Patterns.SpacedCasedLetters),
            Every(Patterns.SpacedWideSigns), SplitStage.SpacesAtEnd, Every(Patterns.East), Every(Patterns.Numbers)]),
        new(["deepseek-coder"], [Every(Patterns.NewLine), Every(Patterns.SpacedLetters),
            Every(Patterns.SpacedPunctuation), Every(Patterns.East), Every(Patterns.Number1)]),
        new(["deepseek-v3", "hunyuan-dense", "joyai-llm"], [Every(LaterPatterns.ThreeNumbers),
            Every(LaterPatterns.ChineseOrKana), Every(LaterPatterns.DeepSeekV3)]),
        new(["bloom", "poro-chat", "gpt3-finnish"], [Every(LaterPatterns.Bloom)]),
        new(["viking"], [Every(LaterPatterns.Bloom), Every(Patterns.Number1)]),
        new(["falcon"], [Every(Patterns.SignsAndBacktick), Every(Patterns.Gpt2), Every(Patterns.ThreeDigits)]),
        new(["tekken"], [Every(Patterns.Tekken)], WholeWords: true, AddsBos: true),
        new(["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], [Every(Patterns.Gpt4o)]),
        new(["youtu"], [Every(LaterPatterns.EasternRuns), Every(Patterns.Gpt4oDigits)], WholeWords: true),
        new(["kimi-k2"], [Every(LaterPatterns.Kimi)]),
    ];

    /// <summary>Row of a name; null when no row has it.</summary>
    public static PreTokenizer? Find(string name) => Rows.FirstOrDefault(row => row.Names.Contains(name));

    /// <summary>One name of each row.</summary>
    public static string KnownNames => string.Join(", ", Rows.Select(row => row.Names[0]));

    private static SplitStage Every(Pattern pattern) => new(pattern);
}
