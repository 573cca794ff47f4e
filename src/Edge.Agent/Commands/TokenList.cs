using System.Globalization;

namespace Edge.Agent.Commands;

/// <summary>Token ids as the command line writes them: "1,2,3".</summary>
internal static class TokenList
{
    /// <summary>Errors: UserErrorException (usage) naming the part that is no token of the vocabulary.</summary>
    public static IReadOnlyList<int> Parse(string text, int vocabularySize)
    {
        var ids = new List<int>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw new UserErrorException(
                    $"'{part}' in the list of tokens is not a number; write 1,2,3", ExitCode.Usage);
            if (id >= vocabularySize)
                throw new UserErrorException(
                    $"token {id} is outside the vocabulary, 0 to {vocabularySize - 1}", ExitCode.Usage);
            ids.Add(id);
        }
        return ids;
    }
}
