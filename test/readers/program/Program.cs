using System.Text.Json;
using Gateway.Readers;

// readers FOLDER   reads FOLDER/replies.json, an array of Reply, the first of them $metadata; prints an array of Outcome.
var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
var folder = args[0];
var replies = JsonSerializer.Deserialize<Reply[]>(File.ReadAllBytes(Path.Combine(folder, "replies.json")), json) ?? [];
var reading = new ReplyReader(folder);
Console.Out.Write(JsonSerializer.Serialize(replies.Select(reading.Read), json));
