using System.Text.Json.Nodes;
using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>config.json as versions 4 and 5 of transformers write it.</summary>
public sealed class HubConfigTests
{
    [Theory]
    [InlineData("phi3-longrope-v5", "rope_parameters.partial_rotary_factor", "1",
        "key 'long_factor': has 4 factors for 6 pairs")]
    [InlineData("phi3-longrope-v5", "rope_parameters.partial_rotary_factor", "1.5",
        "key 'partial_rotary_factor': 1.5 is not within 0 to 1")]
    [InlineData("phi3-longrope-v5", "rope_parameters.short_mscale", "1.1", "key 'short_mscale': is not supported")]
    [InlineData("phi3-longrope", "rope_scaling.short_factor", "[1, 1]", "key 'short_factor': has 2 factors for 4")]
    [InlineData("gemma3-v5", "rope_parameters.sliding_attention.rope_type", "\"yarn\"",
        "key 'rope_type': 'yarn' is not supported here")]
    [InlineData("gemma3-v5", "rope_parameters.sliding_attention.partial_rotary_factor", "0.5",
        "key 'partial_rotary_factor': 0.5 is not that of the other layers")]
    [InlineData("llama", "rope_parameters", "{\"full_attention\": {}, \"sliding_attention\": {}}",
        "key 'rope_parameters': differs between layers")]
    [InlineData("granite", "layer_types", "[\"full_attention\", \"sliding_attention\"]",
        "key 'layer_types': 'sliding_attention' is not supported in this architecture")]
    [InlineData("qwen3", "layer_types", "[\"full_attention\", \"linear_attention\"]",
        "key 'layer_types': 'linear_attention' is not supported in this architecture")]
    public void Forecast_WhatCannotBeSaid_IsRefusedByName(string name, string path, string value, string message)
    {
        DirectoryInfo folder = Changed(name, path, value);
        try
        {
            var error = Assert.Throws<ModelFolderException>(() =>
                ModelPacker.Forecast(folder.FullName, new PackOptions()));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("gemma2", "attn_logit_softcapping", null, "gemma2.attn_logit_softcapping", null)]
    [InlineData("gemma2", "attn_logit_softcapping", "null", "gemma2.attn_logit_softcapping", 0.0)]
    [InlineData("gemma2", "final_logit_softcapping", "12", "gemma2.final_logit_softcapping", 12.0)]
    [InlineData("phi3-longrope-v5", "rope_parameters.attention_factor", "1.25", "phi3.rope.scaling.attn_factor", 1.25)]
    [InlineData("phi3-longrope-v5", "partial_rotary_factor", "1", "phi3.rope.dimension_count", 8.0)]
    [InlineData("gpt-oss-v5", "rope_parameters.rope_theta", "5000", "gpt-oss.rope.freq_base", 5000.0)]
    [InlineData("gemma3-pictures", "text_config.rope_parameters",
        "{\"full_attention\": {\"rope_theta\": 7e5}, \"sliding_attention\": {\"rope_theta\": 3e4}}",
        "gemma3.rope.freq_base_swa", 3e4)]
    [InlineData("gemma3-pictures", "text_config.rope_parameters",
        "{\"full_attention\": {\"rope_theta\": 7e5}, \"sliding_attention\": {\"rope_theta\": 3e4}}",
        "gemma3.rope.freq_base", 7e5)]
    [InlineData("smollm3", "rope_theta", null, "smollm3.rope.freq_base", 2e6)]
    [InlineData("mixtral", "rope_theta", null, "llama.rope.freq_base", 1e6)]
    [InlineData("qwen3", "sliding_window", "40", "qwen3.context_length", 256.0)]
    [InlineData("qwen3", "sliding_window,use_sliding_window", "40,true", "qwen3.context_length", 40.0)]
    public void Pack_Key_IsWrittenOrLeftToItsDefault(string name, string paths, string? values, string key,
        double? expected)
    {
        DirectoryInfo folder = Changed(name, paths, values);
        try
        {
            using var output = new TemporaryFile();
            if (name == "gemma3-pictures") // the scaling of version 4 would come first
                Change(folder, "text_config.rope_scaling", null);
            ModelPacker.Pack(folder.FullName, output.Path, new PackOptions { Target = PackTarget.Keep });
            GgufMetadata metadata = GgufFile.Open(output.Path).Metadata;
            double? found = metadata.TypeNameOf(key) == "UInt32" ? metadata.FindInteger(key) : metadata.FindReal(key);
            Assert.Equal(expected, found is { } value ? Math.Round(value, 3) : null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static DirectoryInfo Changed(string name, string paths, string? values)
    {
        DirectoryInfo folder = HubFolders.Copy(name);
        bool several = paths.Contains(',', StringComparison.Ordinal);
        string[] all = paths.Split(','), each = several ? values!.Split(',') : [];
        for (int i = 0; i < all.Length; i++) Change(folder, all[i], several ? each[i] : values);
        return folder;
    }

    private static void Change(DirectoryInfo folder, string path, string? value)
    {
        string file = Path.Combine(folder.FullName, "config.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(file))!;
        JsonNode at = root;
        string[] keys = path.Split('.');
        foreach (string key in keys[..^1]) at = at[key]!;
        if (value is null) at.AsObject().Remove(keys[^1]);
        else at[keys[^1]] = JsonNode.Parse(value);
        File.WriteAllText(file, root.ToJsonString());
    }
}
