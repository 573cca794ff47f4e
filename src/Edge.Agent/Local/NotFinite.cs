namespace Edge.Agent;

/// <summary>Figures of a model that computes no numbers are an error and not a result.</summary>
internal static class NotFinite
{
    /// <summary>Errors: UserErrorException that names the model and the remedy.</summary>
    public static void Refuse(string model, params ReadOnlySpan<double> figures)
    {
        foreach (double figure in figures)
            if (!double.IsFinite(figure))
                throw new UserErrorException($"{model}: over this text its probabilities are infinite or no number; " +
                    "the weights are damaged or were badly converted: download the model again, or pack it again");
    }
}
