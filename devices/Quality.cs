namespace Edge.Devices;

/// <summary>Whether a reading's value may be used. Estimated: computed from parts that leave something out, such as
/// the power of the rails that the board's own chip measures. Bad: the sensor could not be read, the value is
/// NaN.</summary>
public enum Quality
{
    Good,
    Estimated,
    Bad,
}
