using System.Globalization;
using System.Text.Json;

namespace Gateway.Readers;

/// <summary>
/// Whether a value that the library gives is the one that stands in the JSON, read by .NET's own parsers and not by the
/// library's: a double by all of its bits, everything else by its value.
/// </summary>
internal static class RawValue
{
    private static readonly CultureInfo invariant = CultureInfo.InvariantCulture;

    /// <param name="type">Primitive type that $metadata declares or the JSON names, e.g. Edm.Double; null: none is known.</param>
    /// <returns>Null where both are the same, else the difference in words.</returns>
    public static string? Difference(object? read, JsonElement raw, string? type)
    {
        if (raw.ValueKind == JsonValueKind.Null) return read is null ? null : $"{Show(read)}, the JSON says null";
        if (read is null) return $"null, the JSON says {raw.GetRawText()}";
        var wanted = type ?? Evident(raw);
        var expected = ClrType(wanted);
        if (expected is not null && !Fits(read, expected, type is null))
            return $"{Show(read)} of {read.GetType().Name} where {wanted} was expected, the JSON says {raw.GetRawText()}";
        return Same(read, raw) ? null : $"{Show(read)}, the JSON says {raw.GetRawText()}";
    }

    /// <summary>A number without a type is a Double, says the JSON format; the readers take what holds it.</summary>
    private static string? Evident(JsonElement raw) => raw.ValueKind switch
    {
        JsonValueKind.String => "Edm.String",
        JsonValueKind.True or JsonValueKind.False => "Edm.Boolean",
        _ => null,
    };

    private static bool Fits(object read, string name, bool evident) => read.GetType().Name == name || evident && name == "Number";

    private static string? ClrType(string? type) => type switch
    {
        "Edm.Binary" => "Byte[]",
        "Edm.Boolean" => "Boolean",
        "Edm.Byte" => "Byte",
        "Edm.Date" => "Date",
        "Edm.DateTimeOffset" => "DateTimeOffset",
        "Edm.Decimal" => "Decimal",
        "Edm.Double" => "Double",
        "Edm.Duration" => "TimeSpan",
        "Edm.Guid" => "Guid",
        "Edm.Int16" => "Int16",
        "Edm.Int32" => "Int32",
        "Edm.Int64" => "Int64",
        "Edm.SByte" => "SByte",
        "Edm.Single" => "Single",
        "Edm.String" => "String",
        "Edm.TimeOfDay" => "TimeOfDay",
        _ => null,
    };

    private static bool Same(object read, JsonElement raw)
    {
        var text = raw.ValueKind == JsonValueKind.String ? raw.GetString() ?? "" : raw.GetRawText();
        return read switch
        {
            string value => value == text,
            bool value => value == (text == "true"),
            double value => BitConverter.DoubleToInt64Bits(value) == BitConverter.DoubleToInt64Bits(Real(text)),
            float value => BitConverter.SingleToInt32Bits(value) == BitConverter.SingleToInt32Bits((float)Real(text)),
            decimal value => value == decimal.Parse(text, NumberStyles.Float, invariant),
            byte or sbyte or short or int or long => Convert.ToInt64(read, invariant) == long.Parse(text, NumberStyles.AllowLeadingSign, invariant),
            byte[] value => value.AsSpan().SequenceEqual(Convert.FromBase64String(text)),
            Guid value => value == Guid.Parse(text),
            DateTimeOffset value => value == DateTimeOffset.Parse(text, invariant, DateTimeStyles.RoundtripKind),
            TimeSpan value => value == System.Xml.XmlConvert.ToTimeSpan(text),
            Date value => value.ToString() == text,
            TimeOfDay value => value.Ticks == TimeOnly.Parse(text, invariant).Ticks,
            _ => false,
        };
    }

    private static double Real(string text) => text switch
    {
        "INF" => double.PositiveInfinity,
        "-INF" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, invariant),
    };

    private static string Show(object value) => value switch
    {
        byte[] bytes => Convert.ToHexString(bytes),
        double real => real.ToString("R", invariant),
        IFormattable formattable => formattable.ToString(null, invariant),
        _ => value.ToString() ?? "",
    };
}
