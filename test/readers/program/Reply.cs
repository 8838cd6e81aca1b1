namespace Gateway.Readers;

/// <summary>One line of the list: a reply that was kept in a file, and how it is to be read.</summary>
/// <param name="Url">Only named in the report.</param>
/// <param name="Kind">metadata, service, set, entity, delta, property, value, reference, references, batch or error.</param>
/// <param name="File">The body, in the folder of the list.</param>
/// <param name="Set">Entity set that the rows are of; empty: the reply's context says it.</param>
/// <param name="Full">
/// The body of the same rows with metadata=full: the ids in it are compared with those that the library works out.
/// </param>
internal sealed record Reply(string Url, string Kind, string ContentType, string File, string? Set, string? Property, string? Full);

/// <summary>What reading one reply gave. Faults: an exception, or values that differ from the JSON, in words.</summary>
internal sealed record Outcome(string Url, string Kind, int Rows, int Values, int Ids, IReadOnlyList<string> Faults);
