using System.Runtime.InteropServices;
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
    private readonly HubTokenizer _tokenizer;
    private readonly HubJson _json;
    private readonly Dictionary<GgufTensor, HubTensor> _tensors = new(ReferenceEqualityComparer.Instance);
    private readonly List<GgufTensor> _order = [];
    private readonly int _zeroOffset;
    private byte* _raw, _made;
    private long _rawBytes, _madeBytes;

    /// <summary>Errors: ModelFolderException for a bad folder or one that is not supported; IOException.</summary>
    public HubSource(string folder)
    {
        _json = HubJson.Get(folder, "config.json", ConfigBytesMax);
        HubFiles? files = null;
        try
        {
            HubModel model = HubModel.Of(_json);
            _config = new HubConfig(_json, model);
            HubJson? quantised = _json.FindObject("quantization_config");
            HubForm form = Form(quantised);
            _zeroOffset = quantised?.FindText("checkpoint_format") == "gptq_v2" ? 0 : 1;
            IsScaleDivisor = form == HubForm.BitNet && quantised!.FindText("linear_class") != "autobitlinear";
            files = _files = new HubFiles(folder);
            foreach (HubTensor tensor in new HubTensors(model, _config, form).All(_files.Entries))
            {
                _tensors.Add(tensor.Tensor, tensor);
                _order.Add(tensor.Tensor);
            }
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

    public override long MetadataBytes => 2048 + _tokenizer.Bytes;

    /// <summary>Packed BitNet: which way its scale works depends on the class of its layers.</summary>
    private bool IsScaleDivisor { get; }

    public override void WriteMetadata(GgufWriter writer)
    {
        _config.Write(writer);
        _tokenizer.Write(writer);
    }

    public override byte* Matrix(GgufTensor tensor, long index)
    {
        HubTensor hub = _tensors[tensor];
        long rows = tensor.Shape.Count > 1 ? tensor.Shape[1] : tensor.Shape[0];
        if (hub.Values is not null)
        {
            byte* values = Made(tensor.Bytes);
            MemoryMarshal.AsBytes(hub.Values.AsSpan()).CopyTo(new Span<byte>(values, checked((int)tensor.Bytes)));
            return values;
        }
        SafetensorsEntry weights = hub.Weights[index]!;
        byte* raw = Read(weights);
        if (hub.Form != HubForm.Float) return Quantised(hub, (int)index, raw, rows);
        bool isVector = tensor.Shape.Count == 1;
        if (isVector || hub.IsNormLessOne)
        {
            float* floats = (float*)Made(2 * weights.Elements * sizeof(float));
            HubDecoder.Floats(weights, raw, floats, weights.Elements);
            if (hub.IsNormLessOne)
                for (long i = 0; i < weights.Elements; i++) floats[i] += 1;
            if (hub.PermutedHeads == 0) return (byte*)floats;
            float* ordered = floats + weights.Elements;
            HubDecoder.Permute((byte*)floats, (byte*)ordered, rows, sizeof(float), hub.PermutedHeads);
            return (byte*)ordered;
        }
        if (hub.PermutedHeads == 0) return raw;
        byte* to = Made(weights.Bytes);
        HubDecoder.Permute(raw, to, rows, weights.Bytes / rows, hub.PermutedHeads);
        return to;
    }

    public override void Release(GgufTensor tensor, long index) { }

    public override void Dispose()
    {
        _files.Dispose();
        _json.Dispose();
        NativeMemory.Free(_raw);
        NativeMemory.Free(_made);
        _raw = _made = null;
        _rawBytes = _madeBytes = 0;
    }

    private static HubForm Form(HubJson? quantised)
    {
        if (quantised is null) return HubForm.Float;
        string method = quantised.FindText("quant_method") ?? throw quantised.Wrong("quant_method", "is missing");
        if (method == "bitnet") return HubForm.BitNet;
        if (method is not ("gptq" or "awq"))
            throw quantised.Wrong("quant_method", $"{Printable.Quote(method)} is not supported; known are gptq, awq, " +
                "bitnet: take the model that it was made of, or a GGUF file");
        if (quantised.GetInteger("bits", 1, 16) != 4)
            throw quantised.Wrong("bits", "only 4 bits are supported; take another file of the model");
        if (method == "awq" && quantised.FindText("version") is { } version
            && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw quantised.Wrong("version", $"{Printable.Quote(version)} is not supported; take a gemm file");
        return method == "awq" ? HubForm.Awq : HubForm.Gptq;
    }

    /// <summary>A quantised matrix as float32.</summary>
    private byte* Quantised(HubTensor hub, int index, byte* weights, long rows)
    {
        GgufTensor tensor = hub.Tensor;
        long columns = tensor.Columns, bytes = rows * columns * sizeof(float);
        SafetensorsEntry scales = hub.Scales[index]!;
        SafetensorsEntry? zeros = hub.Zeros[index], groups = hub.Groups[index];
        long small = scales.Bytes + (zeros?.Bytes ?? 0) + (groups?.Bytes ?? 0) + scales.Elements * sizeof(float);
        byte* to = Made((hub.PermutedHeads > 0 ? 2 : 1) * bytes + small);
        byte* at = to + (hub.PermutedHeads > 0 ? 2 : 1) * bytes;
        float* scale = (float*)at;
        byte* next = at + scales.Elements * sizeof(float);
        scales.File.Read(scales, 0, new Span<byte>(next, checked((int)scales.Bytes)));
        HubDecoder.Floats(scales, next, scale, scales.Elements);
        float* floats = (float*)to;
        if (hub.Form == HubForm.BitNet)
            HubDecoder.BitNet(weights, IsScaleDivisor ? 1 / *scale : *scale, floats, rows, columns,
                hub.Weights[index]!);
        else
        {
            uint* zero = (uint*)next;
            zeros!.File.Read(zeros, 0, new Span<byte>(zero, checked((int)zeros.Bytes)));
            int* group = (int*)(next + zeros.Bytes);
            if (groups is not null) groups.File.Read(groups, 0, new Span<byte>(group, checked((int)groups.Bytes)));
            long count = scales.Shape[0];
            if (hub.Form == HubForm.Awq) HubDecoder.Awq((uint*)weights, zero, scale, floats, rows, columns, count);
            else
                HubDecoder.Gptq((uint*)weights, zero, scale, groups is null ? null : group, floats, rows, columns,
                    count, _zeroOffset, hub.Weights[index]!);
        }
        if (hub.PermutedHeads == 0) return to;
        HubDecoder.Permute(to, to + bytes, rows, columns * sizeof(float), hub.PermutedHeads);
        return to + bytes;
    }

    private byte* Read(SafetensorsEntry entry)
    {
        const int Piece = 1 << 24;
        byte* raw = Room(ref _raw, ref _rawBytes, entry.Bytes);
        for (long at = 0; at < entry.Bytes; at += Piece)
            entry.File.Read(entry, at, new Span<byte>(raw + at, (int)Math.Min(Piece, entry.Bytes - at)));
        return raw;
    }

    private byte* Made(long bytes) => Room(ref _made, ref _madeBytes, bytes);

    private static byte* Room(ref byte* at, ref long has, long bytes)
    {
        if (has >= bytes) return at;
        NativeMemory.Free(at);
        at = null;
        has = 0;
        at = (byte*)NativeMemory.Alloc((nuint)bytes);
        has = bytes;
        return at;
    }
}
