using System.Text.RegularExpressions;
using Edge.Tests.House;
using Xunit;

namespace Edge.Tests.Packaging;

/// <summary>What the packages promise each other: debhelper leaves out silently what nobody asks it for.</summary>
public sealed partial class PackageFilesTests
{
    private const string Debian = "packaging/debian/";
    private static readonly string Rules = Repository.Read(Debian + "rules");

    [Fact]
    public void Units_EveryOne_IsInstalledByTheRules()
    {
        var units = Repository.Files(".service", ".timer")
            .Where(f => f.StartsWith(Debian, StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension)
            .Distinct().ToList();
        Assert.Contains("edge-agent-rollback", units);
        Assert.All(units, unit => Assert.Matches($@"(?m)^\tdh_installsystemd .*--name={unit}( |$)", Rules));
    }

    [Fact]
    public void Units_ThatOthersName_Exist()
    {
        var named = from file in Repository.Files(".service", ".timer", "/verify", "/rollback", "inst", "rm")
                    where file.StartsWith("packaging/", StringComparison.Ordinal)
                    from Match m in Unit().Matches(Repository.Read(file))
                    where !Repository.Exists(Debian + m.Value)
                    select $"{file}: {m.Value}";
        Verdict.None(named);
    }

    [Fact]
    public void User_OfTheService_IsMadeByTheRules()
    {
        string user = Regex.Match(Repository.Read(Debian + "edge-agent.service"), @"(?m)^User=(.+)$").Groups[1].Value;
        Assert.Matches($@"(?m)^u {user} ", Repository.Read(Debian + "edge-agent.sysusers"));
        Assert.Contains("--with installsysusers", Rules, StringComparison.Ordinal); // debhelper 13 does not by itself.
    }

    [Fact]
    public void Keyring_SourceAndRules_TrustTheFeedAndNothingElse()
    {
        string source = Repository.Read("packaging/keyring/edge.sources");
        string install = Repository.Read("packaging/keyring/debian/edge-archive-keyring.install");
        Assert.Contains("Signed-By: /usr/share/keyrings/edge-archive-keyring.gpg", source, StringComparison.Ordinal);
        Assert.Contains("edge-archive-keyring.gpg usr/share/keyrings\n", install, StringComparison.Ordinal);
        Assert.DoesNotContain("trusted.gpg", install, StringComparison.Ordinal); // That would be for every source.
        string upgrades = Repository.Read("packaging/keyring/50edge-archive");
        Assert.Contains("Package-Blacklist { \"^edge-model-\"; }", upgrades, StringComparison.Ordinal);
        string feed = Repository.Read("scripts/feed");
        Assert.All(Origin().Matches(upgrades).Cast<Match>(), m => Assert.Contains(
            $"APT::FTPArchive::Release::{m.Groups[1].Value}={m.Groups[2].Value}", feed,
            StringComparison.OrdinalIgnoreCase));
        Assert.Equal(2, Origin().Count(upgrades));
    }

    [Fact]
    public void Sources_OfEveryInstallFile_AreStaged()
    {
        // A glob would hide a missing file until the package is built.
        string deb = Repository.Read("scripts/deb");
        var wrong = from line in Repository.Read(Debian + "edge-agent.install").Split('\n')
                    where line.Length > 0
                    let file = line.Split(' ')[0]
                    where !deb.Contains($"packaging/{file} ", StringComparison.Ordinal)
                    where !deb.Contains($"\"$stage/{file}\"", StringComparison.Ordinal)
                    select file;
        Verdict.None(wrong);
    }

    [GeneratedRegex(@"\bedge-agent[a-z-]*\.(service|timer)\b(?!\.d)")]
    private static partial Regex Unit();

    [GeneratedRegex(@"\b(origin|label)=([a-z]+)")]
    private static partial Regex Origin();
}
