using System.Globalization;
using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>
/// Chooses 2, 3, 4 or 8 bits for every matrix (with PerExpert, for every expert's) so that the file keeps to a size.
/// What a type costs a matrix is the squared relative error of its output, measured on some of its rows and weighted by
/// the calibration text, times how much the matrix matters. All begin with the fewest bits; then the step with the
/// largest gain per byte is taken, until no step fits. With outliers every digit type is there twice, without and with
/// them, so that they stand where they are worth their bytes.
/// <para>How much it matters: 1, or an expert's part of what the text routes to its layer (an even part without one),
/// doubled for attention and shared experts, half as much again for the first eighth of the layers, eightfold for the
/// head. The order is QuantMoE-Bench's (shared experts and attention, first blocks, frequent experts, the rest); the
/// factors are ours.</para>
/// </summary>
internal sealed class MixedPlan(PackSource source, PackOptions options, PackJournal? journal, CancellationToken cancel)
{
    private const double Attention = 2, FirstLayers = 1.5, Head = 8;

    private readonly bool _tied = source.Find("output.weight") is null;
    private readonly List<MixedUnit> _units = [];
    private long _layers;

    /// <summary>Hears of (done, all) matrices that were measured.</summary>
    public Action<long, long>? Measured { get; init; }

    /// <summary>The tensors of the packed file. Errors: ArgumentException for a size that cannot be met;
    /// OperationCanceledException.</summary>
    public List<PlannedTensor> All()
    {
        PackSize least = Least();
        Measure();
        Choose(least);
        return Tensors();
    }

    /// <summary>The size with the fewest bits everywhere. Errors: ArgumentException when that is too large.</summary>
    public PackSize Least()
    {
        foreach (GgufTensor tensor in source.Tensors) _layers = Math.Max(_layers, LayerOf(tensor) + 1);
        foreach (GgufTensor tensor in source.Tensors) AddUnits(tensor);
        PackSize size = PackSize.Of(source, Tensors());
        return size.FileBytes <= options.TargetBytes ? size : throw new ArgumentException(
            $"the file takes {size.FileBytes} bytes with the fewest bits for every matrix, " +
            $"more than {options.TargetBytes}; give at least that many, or a smaller head (--head digits4)",
            nameof(options));
    }

    private void AddUnits(GgufTensor tensor)
    {
        QuantType[] types = Options(tensor);
        if (types.Length == 0) return;
        long matrices = options.PerExpert && IsStack(tensor) ? PackSource.Matrices(tensor) : 1;
        for (long m = 0; m < matrices; m++)
            _units.Add(new MixedUnit(tensor, matrices > 1 ? m : -1, types, options.Outliers));
    }

    /// <summary>Types that a tensor may get, the smallest first; none when it has no choice.</summary>
    private QuantType[] Options(GgufTensor tensor)
    {
        bool isHead = tensor.Name == "output.weight" || tensor.Name == "token_embd.weight" && _tied;
        if (!isHead && !PackPlan.IsLayerMatrix(tensor) || tensor.Columns % 128 != 0) return [];
        if (QuantTypes.Of(tensor.Type).ExactlyAs == QuantType.TERNARY_1_67) return [];
        QuantType four = QuantTypes.Of(tensor.Type).ExactlyAs ?? QuantType.DIGITS4_G128;
        // What has four bits gains nothing from eight.
        bool isWide = PackPlan.IsFloat(tensor) || tensor.Type is QuantType.Q8_0 or QuantType.Q6_K or QuantType.Q5_K;
        if (isHead) return options.Head != PackHead.Q8_0 || !isWide ? [] : [four, QuantType.Q8_0];
        return isWide
            ? [QuantType.DIGITS2_G128, QuantType.DIGITS3_G128, four, QuantType.Q8_0]
            : [QuantType.DIGITS2_G128, QuantType.DIGITS3_G128, four];
    }

    private void Measure()
    {
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var sensitivity = new Sensitivity(source, options.Importance);
        int done = 0;
        foreach (MixedUnit unit in _units)
        {
            cancel.ThrowIfCancellationRequested();
            string what = $"loss:{unit.Tensor.Name}:{unit.Matrix}";
            if (!Noted(unit, what))
            {
                sensitivity.Measure(unit, threads);
                journal?.Add(what,
                    Array.ConvertAll(unit.Loss, loss => loss.ToString("R", CultureInfo.InvariantCulture)));
            }
            double matters = Matters(unit);
            for (int i = 0; i < unit.Loss.Length; i++) unit.Loss[i] *= matters;
            Measured?.Invoke(++done, _units.Count);
        }
    }

    private bool Noted(MixedUnit unit, string what)
    {
        if (journal?.Find(what) is not { } noted || noted.Length != unit.Loss.Length) return false;
        for (int i = 0; i < noted.Length; i++)
            if (!double.TryParse(noted[i], CultureInfo.InvariantCulture, out unit.Loss[i])) return false;
        return true;
    }

    private double Matters(MixedUnit unit)
    {
        GgufTensor tensor = unit.Tensor;
        if (!tensor.Name.StartsWith("blk.", StringComparison.Ordinal)) return Head;
        double weight = LayerOf(tensor) < (_layers + 7) / 8 ? FirstLayers : 1;
        if (tensor.Name.Contains(".attn_", StringComparison.Ordinal)
            || tensor.Name.Contains("_shexp", StringComparison.Ordinal)) return weight * Attention;
        if (unit.Matrix < 0) return weight;
        // Its part of what the layer's experts do together.
        long matrices = PackSource.Matrices(tensor);
        double all = 0;
        for (long m = 0; m < matrices; m++) all += options.Importance?.Share(tensor.Name, m) ?? 0;
        return weight * (all > 0 ? options.Importance!.Share(tensor.Name, unit.Matrix)!.Value / all : 1.0 / matrices);
    }

    private void Choose(PackSize size)
    {
        var steps = new List<Step>();
        foreach (MixedUnit unit in _units)
            for (int at = 0; unit.Next(at, out double gain) is >= 0 and var next; at = next)
                steps.Add(new Step(unit, at, next, gain));
        steps.Sort(static (a, b) => b.Gain.CompareTo(a.Gain));
        foreach (Step step in steps)
        {
            // A step that did not fit leaves its unit where it is; smaller ones of others may still fit.
            PackSize after = size + step.Unit.Sizes[step.To] - step.Unit.Sizes[step.From];
            if (step.Unit.Choice != step.From || after.FileBytes > options.TargetBytes) continue;
            (step.Unit.Choice, size) = (step.To, after);
        }
    }

    private List<PlannedTensor> Tensors()
    {
        var plan = new List<PlannedTensor>();
        int next = 0;
        foreach (GgufTensor tensor in source.Tensors)
        {
            int first = next;
            while (next < _units.Count && _units[next].Tensor == tensor) next++;
            if (next == first)
            {
                // No choice: as for 4 bits.
                (QuantType type, string? note) =
                    PackPlan.For(tensor, _tied, options with { Target = PackTarget.Digits4 });
                PackPlan.Add(plan, new PlannedTensor(tensor, tensor.Name, type, note).WithOutliers(options.Outliers));
            }
            else
                for (int i = first; i < next; i++) PackPlan.Add(plan, _units[i].Planned());
        }
        return plan;
    }

    private static bool IsStack(GgufTensor tensor) =>
        tensor.Shape.Count == 3 && tensor.Name.EndsWith("_exps.weight", StringComparison.Ordinal);

    private static int LayerOf(GgufTensor tensor) => Streaming.WeightLayout.LayerOf(tensor);

    private sealed record Step(MixedUnit Unit, int From, int To, double Gain);
}
