using System.Buffers.Binary;
using System.Text;
using Edge.Fuzz;
using Edge.Gguf;
using Edge.Models.Pack;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>Model folders with a fault are refused with the file, the place and a remedy; nothing else
/// happens.</summary>
public sealed class HubFaultTests
{
    /// <summary>More than a thousand in all; each keeps the file's name, so that a finding can be made again.</summary>
    [Theory]
    [InlineData("llama", "config.json", 200)]
    [InlineData("phi3-longrope", "config.json", 100)]
    [InlineData("qwen3-gptq", "config.json", 100)]
    [InlineData("llama", "tokenizer.json", 250)]
    [InlineData("llama", "tokenizer_config.json", 50)]
    [InlineData("llama", "model.safetensors.index.json", 100)]
    [InlineData("mixtral", "model-00001-of-00002.safetensors", 100)]
    [InlineData("bitnet", "model.safetensors", 50)]
    [InlineData("qwen3-awq", "model.safetensors", 50)]
    [InlineData("gpt-oss-mx", "model.safetensors", 60)]
    [InlineData("gpt-oss-mx", "config.json", 40)]
    [InlineData("granitemoe-shared", "model-00001-of-00002.safetensors", 40)]
    [InlineData("deepseek2-v3", "model.safetensors", 40)]
    [InlineData("deepseek2", "config.json", 60)]
    [InlineData("lfm2", "config.json", 40)]
    [InlineData("gemma3-pictures", "config.json", 40)]
    [InlineData("llama-gptq-sym", "model.safetensors", 40)]
    public void Forecast_MutatedFile_IsReadOrRefusedWithItsPlace(string model, string name, int count)
    {
        DirectoryInfo folder = HubFolders.Copy(model);
        try
        {
            string path = Path.Combine(folder.FullName, name);
            byte[] good = File.ReadAllBytes(path);
            byte[] other = File.ReadAllBytes(Path.Combine(folder.FullName, "config.json"));
            int refused = 0;
            var messages = new HashSet<string>();
            for (int seed = 0; seed < count; seed++)
            {
                File.WriteAllBytes(path, Mutate(new Random(seed), good, other, name));
                try
                {
                    ModelPacker.Forecast(folder.FullName, new PackOptions { Target = PackTarget.Keep });
                    string output = Path.Combine(folder.FullName, "out.gguf");
                    if (seed % 10 == 0)
                        ModelPacker.Pack(folder.FullName, output,
                            new PackOptions { Target = PackTarget.Keep, Threads = 1 });
                }
                catch (ModelFolderException e)
                {
                    refused++;
                    Assert.False(string.IsNullOrWhiteSpace(e.File) || string.IsNullOrWhiteSpace(e.Place), e.Message);
                    Assert.DoesNotContain(e.Message, c => char.IsControl(c));
                    messages.Add(e.Message);
                }
                catch (GgufException e)
                {
                    refused++; // weights that are no numbers
                    messages.Add(e.Message);
                }
            }
            Assert.True(refused > count / 10, $"{refused} of {count} refused");
            Assert.True(messages.Count > 2, string.Join('\n', messages));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(
        "config.json",
        "\"LlamaForCausalLM\"",
        "\"OtherForCausalLM\"",
        "'OtherForCausalLM' is not known; known are")]
    [InlineData(
        "config.json",
        "\"num_hidden_layers\": 2",
        "\"num_hidden_layers\": \"two\"",
        "key 'num_hidden_layers': is no whole number")]
    [InlineData("config.json", "\"vocab_size\": 96", "\"vocab_size\": 97", "is 97, the embedding has 96 rows")]
    [InlineData(
        "config.json",
        "\"vocab_size\": 96",
        "\"vocab_size\": 96,\n \"rope_scaling\": {\"type\": \"dynamic\"}",
        "'dynamic' is not supported")]
    [InlineData(
        "config.json",
        "\"vocab_size\": 96",
        "\"vocab_size\": 96,\n \"quantization_config\": {\"quant_method\": \"exl2\"}",
        "'exl2' is not supported; known are gptq, awq, bitnet, mxfp4")]
    [InlineData("config.json", "\"vocab_size\"", "vocab_size", "is no JSON; download it again")]
    [InlineData("tokenizer.json", "\"BPE\"", "\"WordLevel\"", "'WordLevel' is not supported here; known are BPE")]
    [InlineData("tokenizer.json", "\"BPE\"", "\"Unigram\"", "key 'vocab': is no array")]
    [InlineData("tokenizer.json", "\"ByteLevel\"", "\"Bert\"", "is none of those known here")]
    [InlineData(
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "../config.json",
        "names '../config.json', which is no shard of this folder")]
    [InlineData(
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00003-of-00002.safetensors",
        "which is missing; download it")]
    public void Pack_WrongValue_SaysFilePlaceAndRemedy(string file, string from, string to, string message)
    {
        DirectoryInfo folder = HubFolders.Copy("llama");
        try
        {
            string path = Path.Combine(folder.FullName, file), text = File.ReadAllText(path);
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
            var error = Assert.Throws<ModelFolderException>(
                () => ModelPacker.Pack(folder.FullName, Path.Combine(folder.FullName, "out.gguf"), new PackOptions()));
            Assert.StartsWith(file == "config.json" || file == "tokenizer.json" ? file : "model.safetensors",
                error.Message, StringComparison.Ordinal);
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("deepseek2", "\"group_limited_greedy\"", "\"best\"", "key 'topk_method': 'best' is not")]
    [InlineData("deepseek2", "\"softmax\"", "\"sigmoid\"", "key 'scoring_func': 'sigmoid' is not")]
    [InlineData("deepseek2", "\"norm_topk_prob\": false", "\"norm_topk_prob\": true", "routed_scaling_factor 1.7")]
    [InlineData("deepseek2", "\"moe_layer_freq\": 1", "\"moe_layer_freq\": 2", "dense layers between others")]
    [InlineData("deepseek2", "\"qk_nope_head_dim\": 8", "\"qk_nope_head_dim\": 9", "is 56 × 16, config.json means 60")]
    [InlineData("deepseek2", "\"n_routed_experts\": 8", "\"n_routed_experts\": 7", "is expert 7 of 7")]
    [InlineData("deepseek2", "\"attention_bias\": false", "\"attention_bias\": true", "key 'attention_bias'")]
    [InlineData("deepseek2-v3", "\"mscale\": 1.0", "\"mscale\": 3.0", "beside mscale_all_dim 1.0")]
    [InlineData("deepseek2-v3", "\"num_nextn_predict_layers\": 1", "\"num_nextn_predict_layers\": 0", "of layer 3")]
    [InlineData("gpt-oss", "\"truncate\": false", "\"truncate\": true", "key 'truncate': 'True' is not")]
    [InlineData("gpt-oss", "\"swiglu_limit\": 7.0", "\"swiglu_limit\": 8.0", "8 is not this architecture's 7")]
    [InlineData("gpt-oss", "\"full_attention\"", "\"chunked\"", "'chunked' is not known here")]
    [InlineData("gpt-oss", "\"num_local_experts\": 4", "\"num_local_experts\": 3", "4 experts of 3")]
    [InlineData("gpt-oss-mx", "\"mxfp4\"", "\"gptq\", \"bits\": 4", "has 4 dimensions")]
    [InlineData("lfm2", "\"conv_bias\": false", "\"conv_bias\": true", "biases of convolutions are not supported")]
    [InlineData("granite", "\"vocab_size\"", "\"hidden_act\": \"gelu\", \"vocab_size\"", "'gelu' is not")]
    [InlineData("smollm3", "\"vocab_size\"", "\"no_rope_layers\": [1, 0], \"vocab_size\"", "layer 1 is not as this")]
    [InlineData("bitnet", "\"offline\"", "\"online\"", "rounded while the model runs")]
    [InlineData("qwen3moe", "\"mlp_only_layers\": []", "\"mlp_only_layers\": [0]", "layers without experts")]
    public void Pack_WrongValueOfOneClass_IsRefusedByItsKey(string model, string from, string to, string message)
    {
        DirectoryInfo folder = HubFolders.Copy(model);
        try
        {
            string path = Path.Combine(folder.FullName, "config.json"), text = File.ReadAllText(path);
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
            var error = Assert.Throws<ModelFolderException>(
                () => ModelPacker.Pack(folder.FullName, Path.Combine(folder.FullName, "out.gguf"), new PackOptions()));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}",
        "has 2 values of F32 in 12 bytes")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[9],\"data_offsets\":[0,36]}}",
        "claims bytes 0 to 36 of the data, which have 16")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "claims bytes 8 to 0")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "that are not up to 8 whole numbers")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
        "has a dimension of 4294967296")]
    [InlineData(
        "{\"a\":{\"dtype\":\"Q9\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "has dtype 'Q9', which is not known")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "lacks dtype, shape or two data_offsets")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\"" +
            ":[2],\"data_offsets\":[8,16]}}",
        "'a' stands twice")]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\"" +
            ":[2],\"data_offsets\":[4,12]}}",
        "tensors 'a' and 'b' overlap")]
    [InlineData("[]", "the header is no object")]
    [InlineData("{\"a\":", "the header is no JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", "the header is no JSON")]
    public void Open_BadSafetensorsHeader_IsRefusedAtItsByte(string header, string message)
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-test-{Guid.NewGuid():N}.safetensors");
        byte[] text = Encoding.UTF8.GetBytes(header), bytes = new byte[8 + text.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)text.Length);
        text.CopyTo(bytes, 8);
        File.WriteAllBytes(path, bytes);
        try
        {
            var error = Assert.Throws<ModelFolderException>(() => SafetensorsFile.Open(path).Dispose());
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.StartsWith("byte ", error.Place, StringComparison.Ordinal);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, ulong.MaxValue);
            File.WriteAllBytes(path, bytes);
            Assert.Contains("the header claims", Assert.Throws<ModelFolderException>(
                () => SafetensorsFile.Open(path).Dispose()).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Headers and JSON; of weights, which are most of a file, only a few changes would be seen.</summary>
    private static byte[] Mutate(Random random, byte[] good, byte[] other, string name)
    {
        if (!name.EndsWith(".safetensors", StringComparison.Ordinal))
            return random.Next(3) == 0 ? Digits(random, good) : Mutator.Mutate(random, good, other);
        int header = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(good);
        byte[] head = random.Next(2) == 0
            ? Digits(random, good[..header]) : Mutator.Mutate(random, good[..header], other);
        return [.. head, .. good[header..]];
    }

    /// <summary>Numbers stay numbers: what parses and lies.</summary>
    internal static byte[] Digits(Random random, byte[] good)
    {
        byte[] bytes = [.. good];
        int[] places = [.. Enumerable.Range(8, bytes.Length - 8).Where(i => bytes[i] is >= (byte)'0' and <= (byte)'9')];
        for (int i = 0; i < 3 && places.Length > 0; i++)
            bytes[places[random.Next(places.Length)]] = (byte)('0' + random.Next(10));
        return bytes;
    }
}
