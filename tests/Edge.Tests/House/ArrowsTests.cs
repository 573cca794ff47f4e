using System.Xml.Linq;
using Xunit;

namespace Edge.Tests.House;

/// <summary>Which project may reference which: the arrows of ARCHITECTURE.md, and nothing else.</summary>
public sealed class ArrowsTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Edge.Kernels"] = [],
        ["Edge.Gguf"] = [],
        ["Edge.Weights"] = ["Edge.Gguf"],
        ["Edge.Text"] = ["Edge.Gguf"],
        ["Edge.Text.MicrosoftML"] = ["Edge.Text"], // only with -p:TokenizerPackage=MicrosoftML
        ["Edge.Models"] = ["Edge.Weights", "Edge.Gguf", "Edge.Kernels"],
        ["Edge.Engine"] = ["Edge.Text", "Edge.Models"],
        ["Edge.Mqtt"] = [],
        ["Edge.Mqtt.MqttNet"] = ["Edge.Mqtt"], // only with -p:MqttTransport=MQTTnet
        ["Edge.Devices"] = [],
        ["Edge.Devices.Iot"] = ["Edge.Devices"], // only with -p:SensorBindings=IotDeviceBindings
        ["Edge.Agent"] = ["Edge.Mqtt", "Edge.Mqtt.MqttNet", "Edge.Devices", "Edge.Devices.Iot", "Edge.Engine"],
    };

    private static readonly string[] FreeOfPackages =
        [.. Allowed.Keys.Except(["Edge.Agent", "Edge.Mqtt.MqttNet", "Edge.Devices.Iot", "Edge.Text.MicrosoftML"])];

    private static IEnumerable<(string Project, XDocument Xml)> Products() =>
        Repository.Files(".csproj")
            .Where(p => p.Split('/')[0] is "src" or "devices")
            .Select(p => (Path.GetFileNameWithoutExtension(p), XDocument.Parse(Repository.Read(p))));

    [Fact]
    public void Projects_OfTheProduct_AreTheKnownRooms() =>
        Assert.Equal(Allowed.Keys.Order(), Products().Select(p => p.Project).Order());

    [Fact]
    public void ProjectReferences_OfEveryRoom_AreAllowedArrows()
    {
        var wrong = from p in Products()
                    from r in p.Xml.Descendants("ProjectReference")
                    let target = Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/'))
                    where !Allowed[p.Project].Contains(target)
                    select $"{p.Project} → {target}";
        Verdict.None(wrong);
    }

    [Fact]
    public void PackageReferences_OutsideTheAgent_AreNone()
    {
        var wrong = from p in Products()
                    where FreeOfPackages.Contains(p.Project)
                    from r in p.Xml.Descendants("PackageReference")
                    select $"{p.Project} uses package {r.Attribute("Include")?.Value}";
        Verdict.None(wrong);
    }

    [Fact]
    public void Namespaces_OfEveryRoom_StayInsideTheirArrows()
    {
        var wrong = from file in Repository.Sources("src", "devices")
                    let room = file.Split('/')[0] == "devices" ? "Edge.Devices" : file.Split('/')[1]
                    where room != "Edge.Agent"
                    from line in Repository.Read(file).Split('\n')
                    where line.StartsWith("using Edge.", StringComparison.Ordinal)
                    let used = string.Join('.', line["using ".Length..].TrimEnd(';', '\r').Split('.').Take(2))
                    where used != room && !Reachable(room).Contains(used)
                    select $"{file}: {line}";
        Verdict.None(wrong);
    }

    // Engine may name a Models type whose signature shows a Gguf type: arrows are followed through.
    private static HashSet<string> Reachable(string room)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(Allowed[room]);
        while (open.TryPop(out string? next))
            if (seen.Add(next))
                foreach (string further in Allowed[next]) open.Push(further);
        return seen;
    }

    [Fact]
    public void TopLevel_Folders_AreTheFixedOnes()
    {
        string[] fixedFolders = [".ci", ".github", "devices", "docs", "packaging", "scripts", "src", "tests"];
        var there = Directory.EnumerateDirectories(Repository.Root).Select(Path.GetFileName)
            .Except([".git", "artifacts", "bin", "obj", "TestResults"]);
        Verdict.None(there.Except(fixedFolders)!);
    }
}
