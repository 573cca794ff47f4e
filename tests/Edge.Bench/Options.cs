namespace Edge.Bench;

/// <summary>"--name value" pairs.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _values = [];

    public Options(ReadOnlySpan<string> args)
    {
        for (int i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length)
                throw new ArgumentException($"'{args[i]}' is not an option with a value");
            _values[args[i][2..]] = args[i + 1];
        }
    }

    public string? Find(string name) => _values.GetValueOrDefault(name);

    public string Text(string name) => Find(name) ?? throw new ArgumentException($"--{name} is missing");

    public int Integer(string name, int missing) => Find(name) is not { } text ? missing
        : int.TryParse(text, out int value) && value >= 0 ? value
        : throw new ArgumentException($"--{name} {text} is not a number");
}
