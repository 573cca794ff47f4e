using System.Text;
using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack.Hub;

/// <summary>A model folder as model hubs have them: config.json, tokenizer.json and safetensors. One matrix at a time
/// is read, and brought into the form that a GGUF file of the model would have.</summary>
internal sealed unsafe class HubSource : PackSource
{
    private const int ConfigBytesMax = 4 << 20;

    private readonly HubFiles _files;
    private readonly HubConfig _config;
    private readonly HubKeys _keys;
    private readonly HubTokenizer _tokenizer;
    private readonly HubJson _json;
    private readonly Dictionary<GgufTensor, HubTensor> _tensors = new(ReferenceEqualityComparer.Instance);
    private readonly List<GgufTensor> _order = [];
    private readonly HubMatrices _matrices;

    /// <summary>Errors: ModelFolderException for a bad folder or one that is not supported; IOException.</summary>
    public HubSource(string folder)
    {
        _json = HubJson.Get(folder, "config.json", ConfigBytesMax);
        HubFiles? files = null;
        try
        {
            HubModel model = HubModel.Of(_json);
            HubJson text = model.TextOf(_json);
            _config = new HubConfig(text, model);
            _keys = _config.Keys();
            HubJson? quantised = _json.FindObject("quantization_config") ?? text.FindObject("quantization_config");
            HubForm form = Form(quantised);
            int zeroOffset = quantised?.FindText("checkpoint_format") == "gptq_v2" ? 0 : 1;
            // Which way a ternary matrix's scale works depends on the class of its layer.
            bool isDivisor = form == HubForm.BitNet && quantised!.FindText("linear_class") != "autobitlinear";
            _matrices = new HubMatrices(zeroOffset, isDivisor);
            files = _files = new HubFiles(folder);
            var tensors = new HubTensors(model, _config, form, zeroOffset);
            foreach (HubTensor tensor in tensors.All(_files.Entries))
            {
                _tensors.Add(tensor.Tensor, tensor);
                _order.Add(tensor.Tensor);
            }
            LeftOut = _config.ShortContext is { } sentence ? [.. tensors.LeftOut, sentence] : tensors.LeftOut;
            _tokenizer = new HubTokenizer(folder, _config.Vocabulary);
        }
        catch
        {
            files?.Dispose();
            _json.Dispose();
            throw;
        }
    }

    public override IReadOnlyList<GgufTensor> Tensors => _order;
    public override ulong Identity
    {
        get
        {
            var sum = new Checksum();
            sum.Add(Encoding.UTF8.GetBytes(_json.Root.GetRawText()));
            return sum.Value ^ _files.Identity ^ _tokenizer.Identity;
        }
    }

    /// <summary>Not less than they take: an estimate of the configuration's part.</summary>
    public override long MetadataBytes => 2348 + _tokenizer.Bytes;

    public override IReadOnlyList<string> LeftOut { get; } = [];

    public override bool IsFolder => true;

    /// <summary>Q8_0 is what a 4-bit matrix with zeros of its own is read as, exactly: to be kept it takes Q4_1, 5
    /// bits instead of 8.5.</summary>
    public override (QuantType Type, string? Note) Kept(GgufTensor tensor) =>
        (tensor.Type == QuantType.Q8_0 ? QuantType.Q4_1 : tensor.Type, _tensors[tensor].Note);

    public override void WriteMetadata(GgufWriter writer)
    {
        _keys.Write(writer);
        _tokenizer.Write(writer);
    }

    public override byte* Matrix(GgufTensor tensor, long index) => _matrices.Read(_tensors[tensor], (int)index);

    public override void Release(GgufTensor tensor, long index) { }

    public override void Dispose()
    {
        _files.Dispose();
        _json.Dispose();
        _matrices.Dispose();
    }

    private static HubForm Form(HubJson? quantised)
    {
        if (quantised is null) return HubForm.Float;
        string method = quantised.FindText("quant_method") ?? throw quantised.Wrong("quant_method", "is missing");
        if (method == "bitnet")
            return quantised.FindText("quantization_mode") != "online" ? HubForm.BitNet
                : throw quantised.Wrong("quantization_mode",
                    "'online' means weights that are rounded while the model runs; take the packed folder of it");
        if (method == "mxfp4") return HubForm.Mxfp4;
        if (method is not ("gptq" or "awq"))
            throw quantised.Wrong("quant_method", $"{Printable.Quote(method)} is not supported; known are gptq, awq, " +
                "bitnet, mxfp4: take the model that it was made of, or a GGUF file");
        if (quantised.GetInteger("bits", 1, 16) != 4)
            throw quantised.Wrong("bits", "only 4 bits are supported; take another file of the model");
        if (method == "awq" && quantised.FindText("version") is { } version
            && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw quantised.Wrong("version", $"{Printable.Quote(version)} is not supported; take a gemm file");
        return method == "awq" ? HubForm.Awq : HubForm.Gptq;
    }
}
