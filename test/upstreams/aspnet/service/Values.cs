using System.Text.Json;
using System.Xml;
using Microsoft.OData.Edm;

namespace Gateway.Upstreams;

/// <summary>Types of Edm, as classes have them, and values of JSON read as such.</summary>
public static class Values
{
    private static readonly IReadOnlyDictionary<string, Type> Types = new Dictionary<string, Type>
    {
        ["Edm.String"] = typeof(string),
        ["Edm.Boolean"] = typeof(bool),
        ["Edm.Byte"] = typeof(byte),
        ["Edm.SByte"] = typeof(sbyte),
        ["Edm.Int16"] = typeof(short),
        ["Edm.Int32"] = typeof(int),
        ["Edm.Int64"] = typeof(long),
        ["Edm.Decimal"] = typeof(decimal),
        ["Edm.Double"] = typeof(double),
        ["Edm.Single"] = typeof(float),
        ["Edm.Guid"] = typeof(Guid),
        ["Edm.DateTimeOffset"] = typeof(DateTimeOffset),
        ["Edm.Date"] = typeof(Date),
        ["Edm.TimeOfDay"] = typeof(TimeOfDay),
        ["Edm.Duration"] = typeof(TimeSpan),
        ["Edm.Binary"] = typeof(byte[]),
    };

    public static Type TypeOf(PropertyFile property)
    {
        var type = Types[property.Type];
        if (property.Collection)
        {
            return typeof(List<>).MakeGenericType(type);
        }
        return property.Nullable && type.IsValueType ? typeof(Nullable<>).MakeGenericType(type) : type;
    }

    public static object? Read(PropertyFile property, JsonElement json)
    {
        if (!property.Collection)
        {
            return ReadOne(property.Type, json);
        }
        var list = (System.Collections.IList)Activator.CreateInstance(TypeOf(property))!;
        foreach (var item in json.EnumerateArray())
        {
            list.Add(ReadOne(property.Type, item));
        }
        return list;
    }

    private static object? ReadOne(string type, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return type switch
        {
            "Edm.String" => json.GetString(),
            "Edm.Boolean" => json.GetBoolean(),
            "Edm.Byte" => json.GetByte(),
            "Edm.SByte" => json.GetSByte(),
            "Edm.Int16" => json.GetInt16(),
            "Edm.Int32" => json.GetInt32(),
            "Edm.Int64" => json.GetInt64(),
            "Edm.Decimal" => json.GetDecimal(),
            "Edm.Double" => json.GetDouble(),
            "Edm.Single" => json.GetSingle(),
            "Edm.Guid" => json.GetGuid(),
            "Edm.DateTimeOffset" => json.GetDateTimeOffset(),
            "Edm.Date" => Date.Parse(json.GetString()!),
            "Edm.TimeOfDay" => TimeOfDay.Parse(json.GetString()!),
            "Edm.Duration" => XmlConvert.ToTimeSpan(json.GetString()!),
            "Edm.Binary" => Convert.FromBase64String(
                json.GetString()!.Replace('-', '+').Replace('_', '/').PadRight((json.GetString()!.Length + 3) / 4 * 4, '=')),
            _ => throw new InvalidDataException($"{type} is no primitive type that this service has"),
        };
    }
}
