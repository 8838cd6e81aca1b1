using System.Text.Json;

namespace Gateway.Upstreams;

/// <summary>One feed as a test writes it: what it is made of, and how it answers.</summary>
/// <param name="Namespace">Of its schema.</param>
public sealed record FeedFile(string Namespace, FeedSettings Settings, IReadOnlyList<SetFile> Sets)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static FeedFile Read(string path) =>
        JsonSerializer.Deserialize<FeedFile>(File.ReadAllText(path), Options)
        ?? throw new InvalidDataException($"{path} holds no feed");
}

/// <summary>What a service may be told of in its start; all else is what the library does by itself.</summary>
/// <param name="PageSize">Rows on a page; null: all on one.</param>
/// <param name="SkipToken">Next links continue after a key, not after a number of rows.</param>
/// <param name="MaxTop">Most that $top may say; null: anything.</param>
/// <param name="MaxNodeCount">Most nodes of a filter; null: 100, which is what the library allows.</param>
/// <param name="MaxUrlLength">Longest request line that the server reads; null: 8192.</param>
public sealed record FeedSettings(int? PageSize, bool SkipToken, int? MaxTop, int? MaxNodeCount, int? MaxUrlLength);

public sealed record SetFile(
    string Name,
    string Type,
    IReadOnlyList<string> Key,
    IReadOnlyList<PropertyFile> Properties,
    IReadOnlyList<NavigationFile> Navigations,
    IReadOnlyList<Dictionary<string, JsonElement>> Rows);

/// <param name="Type">A primitive type of Edm.</param>
/// <param name="Precision">null: $metadata says none.</param>
public sealed record PropertyFile(string Name, string Type, bool Nullable, bool Collection, int? Precision, int? Scale);

/// <param name="To">A set of the same feed.</param>
/// <param name="Join">Pairs of our property and theirs.</param>
public sealed record NavigationFile(string Name, string To, bool Many, IReadOnlyList<IReadOnlyList<string>> Join);
