using System.Globalization;

namespace Edge.Agent.Commands;

/// <summary>"host:port", "host" or "[v6 address]:port".</summary>
internal static class BrokerAddress
{
    private const int PortDefault = 1883;

    /// <summary>Errors: UserErrorException (usage).</summary>
    public static (string Host, int Port) Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > text.LastIndexOf(']') && colon == text.IndexOf(':', text.LastIndexOf(']') + 1);
        string host = (hasPort ? text[..colon] : text).Trim('[', ']');
        int port = PortDefault;
        if (host.Length == 0
            || (hasPort
                && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                || port is < 1 or > 65535)))
            throw new UserErrorException(
                $"--broker '{text}' is not HOST:PORT, for example 192.168.1.10:1883", ExitCode.Usage);
        return (host, port);
    }
}
