using Edge.Bench;

// Measurements as JSON on stdout, words on stderr.
const string Usage = """
    Edge.Bench make-model --arch llama|qwen3moe [--params NAME] --type Q4_0|Q8_0|F16|Q4_K|Q6_K --out FILE [--seed N]
        [--layers N] [--width N] [--feed-forward N | --experts N --used N --expert-width N]
        [--heads N] [--kv-heads N] [--vocabulary N]
    Edge.Bench make-trace --out FILE [--tokens N] [--seed N]
    Edge.Bench routing --model FILE [--trace FILE] [--tokens N] [--threads N] | --trace FILE
    Edge.Bench bandwidth [--threads N]
    Edge.Bench pack --model FILE [--type digits4|digits3|digits2|ternary|nested4|keep] [--threads N] [--out FILE]
    Edge.Bench kernels [--set NAME] [--type TYPE] [--threads N] [--history FILE [--commit ID]]
    Edge.Bench compare --file FILE
    Edge.Bench tokenizer --text FILE [--model FILE] [--repeat N]
    Edge.Bench model --model FILE [--threads N] [--prompt N] [--gen N] [--repeat N] [--batch N] [--set NAME]
    """;

try
{
    string command = args.Length > 0 ? args[0] : "";
    var options = new Options(args.AsSpan(Math.Min(1, args.Length)));
    switch (command)
    {
        case "make-model": ModelMaker.Run(options); break;
        case "make-trace": RoutingBench.Make(options); break;
        case "routing": RoutingBench.Run(options); break;
        case "bandwidth": Bandwidth.Run(options); break;
        case "pack": PackBench.Run(options); break;
        case "kernels": KernelBench.Run(options); break;
        case "compare": History.Compare(options); break;
        case "tokenizer": TokenizerBench.Run(options); break;
        case "model": ModelBench.Run(options); break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
    return 0;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(Usage);
    return 2;
}
