namespace Edge.Devices.Simulated;

/// <summary>One place of every kind that the demo model knows; they report in turn. The same seed gives the same
/// lines.</summary>
public sealed class SimulatedSite
{
    private readonly SimulatedPlace[] _places;
    private int _next;

    public SimulatedSite(int seed)
    {
        var random = new Random(seed);
        _places = [.. PlaceKind.All.Select(kind => new SimulatedPlace(kind, random))];
        random.Shuffle(_places);
    }

    public IReadOnlyList<SimulatedPlace> Places => _places;

    public SimulatedReport Next()
    {
        var place = _places[_next];
        _next = (_next + 1) % _places.Length;
        return place.Next();
    }
}
