using Edge.Kernels;

namespace Edge.Models;

/// <summary>How DeepSeek's models choose experts (arXiv 2405.04434, 2412.19437).</summary>
/// <param name="Gating">How scores become weights.</param>
/// <param name="Groups">Experts stand in so many groups, 1: one.</param>
/// <param name="GroupsUsed">Only experts of so many groups may be chosen.</param>
/// <param name="Normalise">Whether the weights of the chosen add up to 1 before scaling.</param>
/// <param name="Scale">Multiplies the weights.</param>
internal sealed record RoutingRule(ExpertGating Gating, int Groups, int GroupsUsed, bool Normalise, float Scale)
{
    public static RoutingRule Of(ModelConfig c) => new(
        c.ExpertGatingFunc, c.ExpertGroupCount, c.ExpertGroupUsedCount, c.ExpertWeightsNorm, c.ExpertWeightsScale);
}

internal sealed unsafe partial class Ops
{
    /// <summary>Chooses every row's experts by a rule, and by scores to which <paramref name="bias"/> is added for the
    /// choice alone (null: none); groups the choices by expert. Scores are overwritten.</summary>
    public void Route(RowBuffer scores, Routing routing, RoutingRule rule, float* bias)
    {
        Span<float> choice = stackalloc float[routing.ExpertCount];
        for (int row = 0; row < Batch.Count; row++)
        {
            var weights = new Span<float>(scores.Row(row), routing.ExpertCount);
            if (rule.Gating == ExpertGating.Softmax) _kernels.Softmax(scores.Row(row), routing.ExpertCount);
            else
                foreach (ref float weight in weights) weight = 1 / (1 + SoftmaxScalar.Exp(-weight));
            weights.CopyTo(choice);
            for (int e = 0; bias != null && e < choice.Length; e++) choice[e] += bias[e];
            if (rule.Groups > 1) KeepGroups(choice, rule);
            Choose(choice, weights, row, routing, rule);
            _experts?.AfterOwnRule(_layer, Batch.Positions[row], scores.Row(row), routing, row);
        }
        routing.Group(Batch.Count);
    }

    /// <summary>Rules out all groups but the best. A group is as good as its best expert, with sigmoids as its two best
    /// together.</summary>
    private static void KeepGroups(Span<float> choice, RoutingRule rule)
    {
        int size = choice.Length / rule.Groups;
        Span<float> worth = stackalloc float[rule.Groups];
        for (int g = 0; g < rule.Groups; g++)
        {
            float best = float.NegativeInfinity, second = best;
            foreach (float score in choice.Slice(g * size, size))
            {
                if (score > best) (best, second) = (score, best);
                else if (score > second) second = score;
            }
            worth[g] = rule.Gating == ExpertGating.Sigmoid && size > 1 ? best + second : best;
        }
        for (int dropped = 0; dropped < rule.Groups - rule.GroupsUsed; dropped++)
        {
            int worst = -1; // among equals the higher number goes
            for (int g = 0; g < rule.Groups; g++)
            {
                if (!float.IsPositiveInfinity(worth[g]) && (worst < 0 || worth[g] <= worth[worst])) worst = g;
            }
            worth[worst] = float.PositiveInfinity;
            choice.Slice(worst * size, size).Fill(float.NegativeInfinity);
        }
    }

    private static void Choose(Span<float> choice, Span<float> weights, int row, Routing routing, RoutingRule rule)
    {
        int* experts = routing.Experts + row * routing.Used;
        float* chosen = routing.Weights + row * routing.Used;
        float sum = 0;
        for (int k = 0; k < routing.Used; k++)
        {
            int best = 0;
            for (int e = 1; e < choice.Length; e++)
            {
                if (choice[e] > choice[best]) best = e;
            }
            (experts[k], chosen[k]) = (best, weights[best]);
            sum += weights[best];
            choice[best] = float.NegativeInfinity;
        }
        float scale = rule.Normalise ? rule.Scale / (sum + 1e-20f) : rule.Scale;
        for (int k = 0; k < routing.Used; k++) chosen[k] *= scale;
    }
}
