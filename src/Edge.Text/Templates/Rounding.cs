using System.Globalization;

namespace Edge.Text;

/// <summary>Python's round: to the nearest by the exact value, ties to the even digit.</summary>
internal static class Rounding
{
    private const int PrecisionMax = 15;
    private const double DecimalMax = 1e15;

    public static double Round(double value, long precision, Place place)
    {
        if (precision is < 0 or > PrecisionMax)
            throw place.Error($"'round' takes a precision of 0 to {PrecisionMax}, not {precision}");
        if (!double.IsFinite(value)) return value;
        int digits = (int)precision;
        // A tie is a value that the decimal holds exactly, halfway; all others are rounded by their exact digits.
        if (Math.Abs(value) < DecimalMax && IsTie(value, digits)) return (double)Math.Round((decimal)value, digits);
        string text = value.ToString("F" + digits, CultureInfo.InvariantCulture);
        return double.Parse(text, CultureInfo.InvariantCulture);
    }

    // Only multiples of a power of two can lie halfway, and only those are the same in both number systems.
    private static bool IsTie(double value, int digits)
    {
        double halves = Math.ScaleB(value, digits + 1);
        if (halves != Math.Floor(halves)) return false;
        decimal exact = (decimal)value;
        return Math.Abs(exact - Math.Round(exact, digits, MidpointRounding.ToZero)) * 2 == Step(digits);
    }

    private static decimal Step(int digits) => new(1, 0, 0, false, (byte)digits);
}
