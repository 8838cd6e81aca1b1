using System.Text.Json;

namespace Gateway.Readers;

/// <summary>A reply to a delta link: changed rows, then removed ones, each with its id.</summary>
internal static class DeltaReply
{
    public static void Read(ODataMessageReader reader, IEdmEntitySet? set, JsonElement root, RowComparison comparison)
    {
        var raw = root.GetProperty("value").EnumerateArray().ToArray();
        var removed = raw.Where(row => row.TryGetProperty("reason", out _)).Select(row => row.GetProperty("id").GetString() ?? "");
        var found = Removed(reader, set).ToArray();
        if (!found.SequenceEqual(removed)) throw new InvalidDataException($"removed rows are {string.Join(" ", found)}");
        comparison.Ids.AddRange(found);
    }

#if ODL8
    private static IEnumerable<string> Removed(ODataMessageReader reader, IEdmEntitySet? set)
    {
        var rows = reader.CreateODataDeltaResourceSetReader(set, set?.EntityType());
        while (rows.Read())
            if (rows.State == ODataReaderState.DeletedResourceEnd) yield return ((ODataDeletedResource)rows.Item).Id.OriginalString;
    }
#else
    private static IEnumerable<string> Removed(ODataMessageReader reader, IEdmEntitySet? set)
    {
        var rows = reader.CreateODataDeltaReader(set, set?.EntityType());
        while (rows.Read())
            if (rows.State == ODataDeltaReaderState.DeltaDeletedEntry) yield return ((ODataDeltaDeletedEntry)rows.Item).Id;
    }
#endif
}
