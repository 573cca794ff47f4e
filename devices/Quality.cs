namespace Edge.Devices;

/// <summary>Whether a reading's value may be used. Bad: the sensor could not be read, the value is NaN.</summary>
public enum Quality
{
    Good,
    Bad,
}
