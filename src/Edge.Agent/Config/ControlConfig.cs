using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>What may be changed over MQTT while the node runs; by default nothing.</summary>
/// <param name="Allow">Who may do what.</param>
/// <param name="Models">What model.load may name besides the configured model.</param>
internal sealed record ControlConfig(ControlRule[]? Allow = null, ModelChoice[]? Models = null)
{
    private const int ModelsMax = 64;

    public ControlRule[] Allow { get; } = Allow ?? [];
    public ModelChoice[] Models { get; } = Models ?? [];

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.
    /// <paramref name="first"/>: the configured model's name.</summary>
    public string? Problem(string first)
    {
        if (Allow.Select(rule => rule.Validate()).FirstOrDefault(problem => problem is not null) is { } rule)
            return $"control.allow: {rule}";
        if (Models.Length > ModelsMax) return $"control.models has {Models.Length} models; the most is {ModelsMax}";
        var names = new HashSet<string> { first };
        foreach (var model in Models)
        {
            if (model.Name.Length is 0 or > ChatLimits.ModelCharsMax)
                return $"control.models: a name must have 1 to {ChatLimits.ModelCharsMax} characters";
            if (!names.Add(model.Name)) return $"control.models: '{model.Name}' is named twice; give each its own name";
            if (model.Path.Length == 0) return $"control.models: '{model.Name}' has no path; name its .gguf file";
        }
        foreach (var allow in Allow)
            if (allow.Models?.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
                return $"control.allow for '{allow.Prefix}': there is no model '{unknown}'; add it to control.models";
        return null;
    }
}

/// <summary>A model by its name in requests and its file.</summary>
/// <param name="Path">Path of the GGUF file, or a name in the store.</param>
internal sealed record ModelChoice(string Name = "", string Path = "")
{
    public string Path { get; } = ModelFile.Named(Path);
}
