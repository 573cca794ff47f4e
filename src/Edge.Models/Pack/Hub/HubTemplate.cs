using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>The chat template of a folder.</summary>
internal static class HubTemplate
{
    private const string Jinja = "chat_template.jinja", Key = "chat_template";
    private const int BytesMax = 16 << 20;

    /// <summary>A file of its own wins over tokenizer_config.json, as it does for its publishers; folders with pictures
    /// may have a third place. Errors: ModelFolderException for one that is too large.</summary>
    public static string? Find(string folder, HubJson? config)
    {
        string path = Path.Combine(folder, Jinja);
        if (File.Exists(path))
            return FileFacts.LengthOf(path) <= GgufLimits.StringBytesMax / 3 ? File.ReadAllText(path)
                : throw new ModelFolderException(Jinja, "byte 0", "is too large for a template");
        using HubJson? apart = HubJson.Find(folder, "chat_template.json", BytesMax);
        string? template = (config is null ? null : Of(config)) ?? apart?.FindText(Key);
        return template is null || template.Length <= GgufLimits.StringBytesMax / 3 ? template
            : throw (config ?? apart!).Wrong(Key, "is too large for a template");
    }

    private static string? Of(HubJson config)
    {
        try
        {
            return config.FindText(Key);
        }
        catch (ModelFolderException)
        {
            // Several by name: the default one.
            foreach (JsonElement template in config.FindArray(Key, 64) ?? [])
                if (template.ValueKind == JsonValueKind.Object && template.TryGetProperty("name", out JsonElement name)
                    && name.ValueKind == JsonValueKind.String && name.ValueEquals("default")
                    && template.TryGetProperty("template", out JsonElement text))
                    return config.Text(Key, text);
            return null;
        }
    }
}
