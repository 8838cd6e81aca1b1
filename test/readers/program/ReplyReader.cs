using System.Text.Json;
using Microsoft.OData.Edm.Validation;

namespace Gateway.Readers;

/// <summary>Reads replies one after the other with the settings that the library has by default; the model is that of the first one.</summary>
internal sealed class ReplyReader(string folder)
{
    private IEdmModel? model;
    private readonly List<string> faults = [];
    private int rows;
    private int values;
    private int ids;

    public Outcome Read(Reply reply)
    {
        (rows, values, ids) = (0, 0, 0);
        faults.Clear();
        try
        {
            ReadKind(reply, File.ReadAllBytes(Path.Combine(folder, reply.File)));
        }
        catch (Exception exception)
        {
            faults.Add($"{exception.GetType().Name}: {exception.Message}");
        }
        return new Outcome(reply.Url, reply.Kind, rows, values, ids, faults.Take(200).ToArray());
    }

    private void ReadKind(Reply reply, byte[] body)
    {
        using var reader = new ODataMessageReader(new Message(reply.ContentType, body), Settings(), model);
        switch (reply.Kind)
        {
            case "metadata":
                Model(reader.ReadMetadataDocument());
                return;
            case "service":
                rows = reader.ReadServiceDocument().EntitySets.Count();
                return;
            case "reference":
                if (reader.ReadEntityReferenceLink().Url is null) faults.Add("no URL");
                return;
            case "references":
                rows = reader.ReadEntityReferenceLinks().Links.Count(link => link.Url is not null);
                return;
            case "error":
                if (string.IsNullOrEmpty(CodeOf(reader.ReadError()))) faults.Add("no code");
                return;
            case "batch":
                ReadBatch(reader);
                return;
            case "value":
                ReadRaw(reader, reply, body);
                return;
        }
        using var document = JsonDocument.Parse(body);
        var comparison = new RowComparison(model, faults);
        switch (reply.Kind)
        {
            case "property":
                var property = reader.ReadProperty(PropertyType(reply));
                comparison.Value(reply.Property ?? "value", property.Value, document.RootElement, "value", PropertyType(reply)?.FullName());
                break;
            case "delta":
                DeltaReply.Read(reader, EntitySet(reply), document.RootElement, comparison);
                break;
            case "entity":
                comparison.Resources(EntityReader(reader, reply), [document.RootElement]);
                break;
            default:
                comparison.Resources(SetReader(reader, reply), [.. document.RootElement.GetProperty("value").EnumerateArray()]);
                break;
        }
        (rows, values) = (comparison.Rows, comparison.Values);
        if (reply.Full is not null) CompareIds(comparison.Ids, reply);
    }

    private static ODataMessageReaderSettings Settings()
    {
        var settings = new ODataMessageReaderSettings();
#if ODL6
        settings.UndeclaredPropertyBehaviorKinds = ODataUndeclaredPropertyBehaviorKinds.IgnoreUndeclaredValueProperty;
#else
        // Aggregated and computed properties are declared nowhere: 4.0 knows no other way to serve them.
        settings.Validations &= ~ValidationKinds.ThrowOnUndeclaredPropertyForNonOpenType;
#endif
        settings.MessageQuotas.MaxReceivedMessageSize = long.MaxValue;
        return settings;
    }

#if ODL8
    private static string? CodeOf(ODataError error) => error.Code;
#else
    private static string? CodeOf(ODataError error) => error.ErrorCode;
#endif

    private void Model(IEdmModel read)
    {
        model = read;
        model.Validate(out var errors);
        faults.AddRange(errors.Select(error => $"{error.ErrorCode}: {error.ErrorMessage}"));
        rows = model.EntityContainer.EntitySets().Count();
    }

    /// <summary>Replies inside of a reply: rows with 200, an error with everything else.</summary>
    private void ReadBatch(ODataMessageReader reader)
    {
        var batch = reader.CreateODataBatchReader();
        while (batch.Read())
        {
            if (batch.State != ODataBatchReaderState.Operation) continue;
            var message = batch.CreateOperationResponseMessage();
            using var inner = new ODataMessageReader(message, Settings(), model);
            values++;
            if (message.StatusCode != 200)
            {
                if (string.IsNullOrEmpty(CodeOf(inner.ReadError()))) faults.Add("no code");
                continue;
            }
#if ODL6
            var set = inner.CreateODataFeedReader();
            while (set.Read()) if (set.State == ODataReaderState.EntryEnd) rows++;
#else
            var set = inner.CreateODataResourceSetReader();
            while (set.Read()) if (set.State == ODataReaderState.ResourceEnd) rows++;
#endif
        }
        if (values != 3 || rows == 0) faults.Add($"{values} replies with {rows} rows");
    }

    private void ReadRaw(ODataMessageReader reader, Reply reply, byte[] body)
    {
        var type = PropertyType(reply);
        var value = reader.ReadValue(type);
        var text = System.Text.Encoding.UTF8.GetString(body);
        if (value is byte[] bytes)
        {
            if (!bytes.AsSpan().SequenceEqual(body)) faults.Add("other bytes");
        }
        else
        {
            using var raw = JsonDocument.Parse(JsonSerializer.Serialize(text));
            if (RawValue.Difference(value, raw.RootElement, type?.FullName()) is { } difference) faults.Add(difference);
        }
        values = 1;
    }

    private IEdmEntitySet? EntitySet(Reply reply) => reply.Set is null ? null : model?.EntityContainer.FindEntitySet(reply.Set);

    private IEdmTypeReference? PropertyType(Reply reply) =>
        EntitySet(reply)?.EntityType().FindProperty(reply.Property)?.Type;

#if ODL6
    private ODataReader SetReader(ODataMessageReader reader, Reply reply) => EntitySet(reply) is { } set ? reader.CreateODataFeedReader(set, set.EntityType()) : reader.CreateODataFeedReader();

    private ODataReader EntityReader(ODataMessageReader reader, Reply reply) => EntitySet(reply) is { } set ? reader.CreateODataEntryReader(set, set.EntityType()) : reader.CreateODataEntryReader();
#else
    private ODataReader SetReader(ODataMessageReader reader, Reply reply) => EntitySet(reply) is { } set ? reader.CreateODataResourceSetReader(set, set.EntityType()) : reader.CreateODataResourceSetReader();

    private ODataReader EntityReader(ODataMessageReader reader, Reply reply) => EntitySet(reply) is { } set ? reader.CreateODataResourceReader(set, set.EntityType()) : reader.CreateODataResourceReader();
#endif

    private void CompareIds(IReadOnlyList<string> worked, Reply reply)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, reply.Full ?? "")));
        var root = document.RootElement;
        var served = reply.Kind == "set" ? root.GetProperty("value").EnumerateArray().ToArray() : [root];
        var expected = served.Select(row => row.GetProperty("@odata.id").GetString() ?? "").ToArray();
        ids = expected.Length;
        if (expected.Length != worked.Count) faults.Add($"{worked.Count} ids, {expected.Length} with metadata=full");
        foreach (var (mine, theirs) in expected.Zip(worked))
            if (mine != theirs) faults.Add($"id {theirs}, the reply with metadata=full says {mine}");
    }
}
