using Xunit;

namespace Edge.Tests;

/// <summary>Tests that count to the byte: no other test runs beside them, because garbage collections for the others
/// have been seen to add some kilobytes to this thread's count.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
