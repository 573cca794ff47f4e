using Xunit;

namespace Edge.Tests.Engine;

/// <summary>Tests that count to the byte: no other test runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
