namespace Gateway.Readers;

/// <summary>A reply as the library wants it: status, headers and body.</summary>
internal sealed class Message(string contentType, byte[] body) : IODataResponseMessage
{
    private readonly Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Content-Type"] = contentType,
        ["OData-Version"] = "4.0",
    };

    public IEnumerable<KeyValuePair<string, string>> Headers => headers;

    public int StatusCode { get; set; } = 200;

    public string? GetHeader(string headerName) => headers.GetValueOrDefault(headerName);

    public void SetHeader(string headerName, string headerValue) => headers[headerName] = headerValue;

    public Stream GetStream() => new MemoryStream(body);
}
