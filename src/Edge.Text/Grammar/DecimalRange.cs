using System.Globalization;
using System.Text.Json;

namespace Edge.Text;

/// <summary>
/// The numbers between two bounds that a reply may spell: decimal literals without exponent, at most
/// <see cref="Places"/> digits after the point and 15 digits in all, where Lo and Hi are in units of 10^-Places.
/// Every such literal is inside the bounds when read as a double: literals of 15 digits are distinct doubles in the
/// same order, and the two outermost are checked by reading them back. Source: range automaton by prefix splitting,
/// one chain for each sign, length and number of places.
/// </summary>
internal sealed record DecimalRange(long Lo, long Hi, int Places)
{
    private const int DigitsMax = 15, PlacesMax = 6;
    private const long SafeMax = 9_007_199_254_740_991;

    public readonly record struct Bound(double Value, bool Exclusive);

    /// <summary>Whole numbers within the bounds and below 2^53 in magnitude, where doubles are exact. Null: there is
    /// none.</summary>
    public static DecimalRange? Integers(Bound? min, Bound? max)
    {
        var (lo, hi) = (-SafeMax, SafeMax);
        if (min is { } m)
        {
            if (m.Value > SafeMax)
                return null;
            lo = (long)Math.Ceiling(Math.Max(m.Value, -SafeMax));
            lo += m.Exclusive && lo <= m.Value ? 1 : 0;
        }
        if (max is { } x)
        {
            if (x.Value < -SafeMax)
                return null;
            hi = (long)Math.Floor(Math.Min(x.Value, SafeMax));
            hi -= x.Exclusive && hi >= x.Value ? 1 : 0;
        }
        return lo <= hi && lo <= SafeMax && hi >= -SafeMax ? new DecimalRange(lo, hi, 0) : null;
    }

    /// <summary>Numbers with at least one bound. Null: no allowed literal lies between them.</summary>
    public static DecimalRange? Decimals(Bound? min, Bound? max)
    {
        var largest = Math.Max(Math.Abs(min?.Value ?? 0), Math.Abs(max?.Value ?? 0));
        var whole = 9;
        while (whole < DigitsMax && largest >= Power(whole))
            whole++;
        var places = Math.Min(PlacesMax, DigitsMax - whole);
        var edge = (long)Power(whole + places) - 1;
        var lo = min is { } m ? (long)Math.Clamp(Math.Floor(m.Value * Power(places)) - 1, -edge, (double)edge + 1)
            : -edge;
        var hi = max is { } x ? (long)Math.Clamp(Math.Ceiling(x.Value * Power(places)) + 1, -(double)edge - 1, edge)
            : edge;
        // The products above are rounded: step inwards until the literal itself, read as a double, is inside.
        while (lo <= edge && min is { } a && !(a.Exclusive ? Read(lo, places) > a.Value : Read(lo, places) >= a.Value))
            lo++;
        while (hi >= -edge && max is { } b && !(b.Exclusive ? Read(hi, places) < b.Value : Read(hi, places) <= b.Value))
            hi--;
        return lo <= hi && lo <= edge && hi >= -edge ? new DecimalRange(lo, hi, places) : null;
    }

    /// <summary>A finite double. Errors: refused by keyword otherwise.</summary>
    public static double Parse(JsonElement value, string keyword, string pointer) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw SchemaRefusedException.At(keyword, pointer, "must be a finite number");

    public ByteDfa ToDfa(string keyword, string pointer, CompileBudget budget)
    {
        var nfa = new ByteNfa(keyword, pointer);
        var start = nfa.AddState();
        var accept = nfa.AddState();
        AddMagnitudes(nfa, start, accept, Math.Max(Lo, 0), Hi);
        if (Lo < 0)
        {
            var minus = nfa.AddState();
            nfa.AddEdge(start, '-', '-', minus);
            // "-0" is left out: it is not less than an exclusive bound of zero in every reader.
            AddMagnitudes(nfa, minus, accept, Math.Max(1, -Hi), -Lo);
        }
        return ByteDfa.From(nfa, start, accept, budget);
    }

    private void AddMagnitudes(ByteNfa nfa, int start, int accept, long lo, long hi)
    {
        for (var places = 0; places <= Places; places++)
        {
            var unit = (long)Power(Places - places);
            var (low, high) = ((lo + unit - 1) / unit, hi < 0 ? -1 : hi / unit);
            for (var whole = 1; whole + places <= 16; whole++)
            {
                var first = whole == 1 ? 0 : (long)Power(whole + places - 1);
                var (from, to) = (Math.Max(low, first), Math.Min(high, (long)Power(whole + places) - 1));
                if (from <= to)
                    AddDigits(nfa, start, accept, Text(from, whole + places), Text(to, whole + places), whole);
            }
        }
    }

    /// <summary>All digit strings between two of the same length: a state remembers whether it still follows the
    /// lower or upper one.</summary>
    private static void AddDigits(ByteNfa nfa, int start, int accept, string lo, string hi, int whole)
    {
        Span<int> states = [-1, -1, -1, start];
        Span<int> next = stackalloc int[4];
        for (var i = 0; i < lo.Length; i++)
        {
            if (i == whole)
            {
                foreach (ref var state in states)
                    state = state < 0 ? -1 : nfa.AddText(state, ".");
            }
            next.Fill(-1);
            for (var tight = 0; tight < 4; tight++)
            {
                if (states[tight] < 0)
                    continue;
                var (a, b) = ((tight & 1) != 0 ? lo[i] : '0', (tight & 2) != 0 ? hi[i] : '9');
                for (int digit = a; digit <= b; digit++)
                {
                    var to = ((tight & 1) != 0 && digit == a ? 1 : 0) | ((tight & 2) != 0 && digit == b ? 2 : 0);
                    if (next[to] < 0)
                        next[to] = i == lo.Length - 1 ? accept : nfa.AddState();
                    nfa.AddEdge(states[tight], digit, digit, next[to]);
                }
            }
            next.CopyTo(states);
        }
    }

    private static string Text(long value, int digits) => value.ToString(CultureInfo.InvariantCulture)
        .PadLeft(digits, '0');

    private static double Read(long value, int places) =>
        double.Parse($"{value}e-{places}", NumberStyles.Float, CultureInfo.InvariantCulture);

    private static double Power(int exponent)
    {
        var power = 1.0;
        for (var i = 0; i < exponent; i++)
            power *= 10;
        return power;
    }
}
