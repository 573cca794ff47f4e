using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Shares <see cref="PackedDemo"/> between the classes that load packed models.</summary>
[CollectionDefinition("packed demo")]
public sealed class PackedDemoCollection : ICollectionFixture<PackedDemo>;
