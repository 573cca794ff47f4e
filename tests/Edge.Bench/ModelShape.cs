namespace Edge.Bench;

/// <summary>What a made model consists of. FeedForward is an expert's width where there are experts.</summary>
internal sealed record ModelShape(int Layers, int Width, int FeedForward, int Heads, int HeadsKv, int Vocabulary)
{
    public int Experts { get; init; }
    public int Used { get; init; }
    public string Architecture => Experts > 0 ? "qwen3moe" : "llama";

    /// <summary>The shape with what the command line says otherwise.</summary>
    public ModelShape With(Options options) => new(
        options.Integer("layers", Layers), options.Integer("width", Width),
        options.Integer(Experts > 0 ? "expert-width" : "feed-forward", FeedForward), options.Integer("heads", Heads),
        options.Integer("kv-heads", HeadsKv), options.Integer("vocabulary", Vocabulary))
    {
        Experts = Experts > 0 ? options.Integer("experts", Experts) : 0,
        Used = Experts > 0 ? options.Integer("used", Used) : 0,
    };

    /// <summary>Why no model has this shape; null when one may.</summary>
    public string? Problem(int block) =>
        Layers < 1 || Width < 1 || FeedForward < 1 || Heads < 1 || HeadsKv < 1 ? "a count of the shape is 0"
        : Width % block != 0 || FeedForward % block != 0 ? $"--width and the feed-forward's are multiples of {block}"
        : Width % (2 * Heads) != 0 || Heads % HeadsKv != 0 ? "--heads do not divide --width, or --kv-heads --heads"
        : Vocabulary < 258 ? "--vocabulary is below 258: 256 bytes, a merge and an end"
        : Used > Experts || Experts > 0 && Used < 1 ? "--used is not between 1 and --experts"
        : null;
}
