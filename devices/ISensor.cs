namespace Edge.Devices;

/// <summary>One channel that can be read at any time, from one thread at a time.</summary>
public interface ISensor
{
    /// <summary>Stays the same over reboots; unique among the sensors of one device.</summary>
    string Name { get; }

    /// <summary>Never throws for a sensor that is absent, broken or slow to answer: its reading is
    /// Quality.Bad.</summary>
    Reading Read();
}
