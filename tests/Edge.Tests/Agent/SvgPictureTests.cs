using System.Xml.Linq;
using Edge.Agent.Plot;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class SvgPictureTests
{
    [Fact]
    public void Text_NamesAndPointsOfAnyKind_IsXmlWithALineForEverySeries()
    {
        Panel[] panels =
        [
            new("a <b> & \"c\"\u0001", "x", "y", [
                new Series("one", [new Point(0, 1), new Point(1, double.NaN), new Point(2, 3)]),
                new Series("two", [new Point(0, double.PositiveInfinity), new Point(5, 7)], Dashed: true)]),
            new("nothing", "x", "y", [new Series("empty", [])], YMax: 1),
        ];
        XElement svg = XDocument.Parse(SvgPicture.Text(panels)).Root!;
        Assert.Equal("svg", svg.Name.LocalName);
        Assert.Contains(svg.Descendants(), e => e.Name.LocalName == "text" && e.Value == "a <b> & \"c\"?");
        Assert.True(svg.Descendants().Count(e => e.Name.LocalName is "polyline" or "path") >= 2);
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
    }
}
