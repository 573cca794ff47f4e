using Edge.Agent.Config;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>The models that this node may serve: the configured one and those that the operator allows.</summary>
internal sealed class ModelCatalog(AgentConfig config)
{
    public ModelChoice First { get; } = new(config.ModelName, config.Model);

    public IReadOnlyList<string> Names => [First.Name, .. config.Control.Models.Select(choice => choice.Name)];

    public ModelChoice? Find(string name) =>
        name == First.Name ? First : config.Control.Models.FirstOrDefault(choice => choice.Name == name);

    public Problem Unknown(string name) => new(
        ProblemCode.ModelNotFound, $"no model '{name}' here; the node knows {string.Join(", ", Names)}", "/model");
}
