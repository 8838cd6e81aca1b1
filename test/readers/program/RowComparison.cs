using System.Text.Json;

namespace Gateway.Readers;

/// <summary>Follows the library through the rows of a reply and compares each value with the raw JSON of the same row.</summary>
internal sealed class RowComparison(IEdmModel? model, List<string> faults)
{
    public int Rows { get; private set; }

    public int Values { get; private set; }

    /// <summary>The id of each row of the outermost level, as the library gives it.</summary>
    public List<string> Ids { get; } = [];

    /// <summary>A place in the JSON: an object, or the rows of an array and which of them comes next.</summary>
    private sealed class Place(JsonElement[] rows)
    {
        public int Next { get; private set; }

        public int Length => rows.Length;

        public JsonElement Take() => Next < rows.Length ? rows[Next++] : throw new InvalidDataException("more rows than the JSON has");
    }

    public void Resources(ODataReader reader, JsonElement[] raw)
    {
        var places = new Stack<Place>();
        places.Push(new Place(raw));
        var rows = new Stack<JsonElement>();
        while (reader.Read())
        {
            switch (reader.State)
            {
#if ODL6
                case ODataReaderState.EntryStart:
#else
                case ODataReaderState.ResourceStart:
#endif
                    rows.Push(places.Peek().Take());
                    break;
#if ODL6
                case ODataReaderState.EntryEnd:
#else
                case ODataReaderState.ResourceEnd:
#endif
                    Row((Resource?)reader.Item, rows.Pop(), rows.Count == 0);
                    break;
#if ODL6
                case ODataReaderState.NavigationLinkStart:
#else
                case ODataReaderState.NestedResourceInfoStart:
#endif
                    places.Push(Nested(((NestedInfo)reader.Item).Name, rows.Peek()));
                    break;
#if ODL6
                case ODataReaderState.NavigationLinkEnd:
#else
                case ODataReaderState.NestedResourceInfoEnd:
#endif
                    var place = places.Pop();
                    if (place.Next != place.Length) faults.Add($"{place.Next} nested rows, the JSON has {place.Length}");
                    break;
            }
        }
        if (places.Peek().Next != raw.Length) faults.Add($"{places.Peek().Next} rows, the JSON has {raw.Length}");
    }

    private static Place Nested(string name, JsonElement row)
    {
        if (!row.TryGetProperty(name, out var nested)) return new Place([]);
        return new Place(nested.ValueKind == JsonValueKind.Array ? [.. nested.EnumerateArray()] : [nested]);
    }

    private void Row(Resource? read, JsonElement raw, bool outermost)
    {
        if (read is null)
        {
            if (raw.ValueKind != JsonValueKind.Null) faults.Add("null, the JSON has a row");
            return;
        }
        Rows++;
        if (outermost) Ids.Add(IdOf(read));
        var properties = read.Properties.OfType<ODataProperty>().ToDictionary(property => property.Name);
        foreach (var member in raw.EnumerateObject())
        {
            if (member.Name.Contains('@') || member.Value.ValueKind == JsonValueKind.Object) continue;
            if (properties.Remove(member.Name, out var property))
                Value(member.Name, property.Value, raw, member.Name, Named(raw, member.Name) ?? Declared(read, member.Name));
            else if (member.Value.ValueKind != JsonValueKind.Array && !IsNestedNull(member))
                faults.Add($"{member.Name} is not there, the JSON says {member.Value.GetRawText()}");
        }
        foreach (var name in properties.Keys) faults.Add($"{name} is there, the JSON does not have it");
    }

    private string? Declared(Resource read, string name) =>
        (model?.FindType(read.TypeName ?? "") as IEdmStructuredType)?.FindProperty(name)?.Type.FullName();

    private static bool IsNestedNull(JsonProperty member) => member.Value.ValueKind == JsonValueKind.Null;

    private static string? Named(JsonElement row, string name) =>
        row.TryGetProperty($"{name}@odata.type", out var type) ? "Edm." + type.GetString()?.TrimStart('#') : null;

    /// <summary>Ids that the library works out from the key need a key; without one it throws, and the row counts as one without.</summary>
    private static string IdOf(Resource read)
    {
        try
        {
            return read.Id?.OriginalString ?? "";
        }
        catch (ODataException)
        {
            return "";
        }
    }

    public void Value(string name, object? read, JsonElement holder, string member, string? type)
    {
        Values++;
        var raw = holder.GetProperty(member);
        if (read is ODataCollectionValue collection)
        {
            var read2 = collection.Items.Cast<object?>().ToArray();
            var items = raw.EnumerateArray().ToArray();
            if (read2.Length != items.Length) faults.Add($"{name} has {read2.Length} items, the JSON has {items.Length}");
            foreach (var (item, own) in read2.Zip(items)) Report(name, item, own, null);
            return;
        }
        Report(name, read, raw, type);
    }

    private void Report(string name, object? read, JsonElement raw, string? type)
    {
#if !ODL6
        // What nothing declares and nothing names stays as it stands.
        if (type is null && read is ODataUntypedValue untyped)
        {
            using var own = JsonDocument.Parse(untyped.RawValue);
            var text = raw.ValueKind == JsonValueKind.String && own.RootElement.ValueKind == JsonValueKind.String;
            var number = raw.ValueKind == JsonValueKind.Number && own.RootElement.ValueKind == JsonValueKind.Number;
            var same = text ? own.RootElement.GetString() == raw.GetString()
                : number ? own.RootElement.GetDouble() == raw.GetDouble()
                : own.RootElement.GetRawText() == raw.GetRawText();
            if (!same) faults.Add($"{name} is {untyped.RawValue}, the JSON says {raw.GetRawText()}");
            return;
        }
#endif
        if (RawValue.Difference(read, raw, type) is { } difference) faults.Add($"{name} is {difference}");
    }
}
