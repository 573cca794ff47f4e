using System.Globalization;
using System.Text;

namespace Edge.Agent.Plot;

/// <summary>Panels one below the other as an SVG file: axes, grid, lines, a legend; nothing a browser must fetch.
/// </summary>
internal static class SvgPicture
{
    private const int Width = 760, PanelHeight = 300, Left = 84, Right = 150, Top = 44, Bottom = 52;
    private const int PlotWidth = Width - Left - Right, PlotHeight = PanelHeight - Top - Bottom;
    /// <summary>More points than pixels say nothing: lines are thinned to about so many.</summary>
    private const int PointsMax = 2000;

    // Okabe and Ito's colours, which most colour-blind people can tell apart; after the last they begin again.
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c6d31", "#000000"];

    /// <summary>Errors: IOException, UnauthorizedAccessException from the system.</summary>
    public static void Save(string path, IReadOnlyList<Panel> panels) => File.WriteAllText(path, Text(panels));

    public static string Text(IReadOnlyList<Panel> panels)
    {
        var svg = new StringBuilder();
        int height = PanelHeight * panels.Count;
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" " +
            $"viewBox=\"0 0 {Width} {height}\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" " +
            "font-size=\"12\">");
        Line(svg, $"<rect width=\"{Width}\" height=\"{height}\" fill=\"#ffffff\"/>");
        for (int i = 0; i < panels.Count; i++)
        {
            Line(svg, $"<g transform=\"translate(0 {i * PanelHeight})\">");
            Draw(svg, panels[i]);
            Line(svg, $"</g>");
        }
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void Draw(StringBuilder svg, Panel panel)
    {
        var points = panel.Series.SelectMany(series => series.Points).Where(IsShown).ToList();
        Ticks x = Ticks.For(points.Max(point => (double?)point.X) ?? 0);
        Ticks y = Ticks.For(panel.YMax ?? points.Max(point => (double?)point.Y) ?? 0);
        Write(svg, Left, 24, "start", panel.Title, "font-size=\"15\" font-weight=\"bold\"");
        for (int i = 0; i <= y.Count; i++)
        {
            double at = Top + PlotHeight - (double)PlotHeight * i / y.Count;
            Line(svg, $"<path d=\"M{Left} {at:0.#}h{PlotWidth}\" stroke=\"{(i == 0 ? "#333333" : "#e0e0e0")}\"/>");
            Write(svg, Left - 8, at + 4, "end", y.Label(i));
        }
        for (int i = 0; i <= x.Count; i++)
        {
            double at = Left + (double)PlotWidth * i / x.Count;
            Line(svg, $"<path d=\"M{at:0.#} {Top + PlotHeight}v5\" stroke=\"#333333\"/>");
            Write(svg, at, Top + PlotHeight + 20, "middle", x.Label(i));
        }
        Line(svg, $"<path d=\"M{Left} {Top}v{PlotHeight}\" stroke=\"#333333\"/>");
        Write(svg, Left + PlotWidth / 2.0, PanelHeight - 10, "middle", panel.XLabel);
        Write(svg, 0, 0, "middle", panel.YLabel, $"transform=\"translate(18 {Top + PlotHeight / 2}) rotate(-90)\"");
        for (int i = 0; i < panel.Series.Count; i++) Draw(svg, panel.Series[i], i, x.End, y.End);
    }

    private static void Draw(StringBuilder svg, Series series, int index, double xEnd, double yEnd)
    {
        string colour = Colours[index % Colours.Length], dash = series.Dashed ? " stroke-dasharray=\"6 4\"" : "";
        var path = new StringBuilder();
        foreach ((double x, double y) in Thin(series.Points))
        {
            double left = Left + x / xEnd * PlotWidth, top = Top + PlotHeight - Math.Min(1, y / yEnd) * PlotHeight;
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{left:0.#} {top:0.#}");
        }
        if (path.Length > 0)
            Line(svg, $"<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" " +
                $"stroke-linejoin=\"round\" stroke-linecap=\"round\"{dash}/>");
        int row = Top + 10 + 18 * index, at = Left + PlotWidth + 14;
        Line(svg, $"<path d=\"M{at} {row}h22\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>");
        Write(svg, at + 28, row + 4, "start", series.Name);
    }

    private static IEnumerable<Point> Thin(IReadOnlyList<Point> points)
    {
        int step = Math.Max(1, points.Count / PointsMax);
        return points.Where((point, index) => IsShown(point) && (index % step == 0 || index == points.Count - 1));
    }

    private static bool IsShown(Point point) =>
        double.IsFinite(point.X) && double.IsFinite(point.Y) && point.X >= 0 && point.Y >= 0;

    private static void Write(
        StringBuilder svg, double x, double y, string anchor, string text, string attributes = "") =>
        Line(svg, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\" fill=\"#222222\"" +
            $"{(attributes.Length > 0 ? " " : "")}{attributes}>{Escape(text)}</text>");

    /// <summary>Names come from files: what XML forbids becomes a question mark, what it reads becomes an
    /// entity.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ when char.IsControl(c) || char.IsSurrogate(c) || c >= '\uFFFE' => "?",
                _ => c.ToString(),
            });
        }
        return escaped.ToString();
    }

    private static void Line(StringBuilder svg, string text) => svg.Append(text).Append('\n');
}
