#!/usr/bin/env bash
# Microsoft.OData.Core and two kinds of values that the standard lets a service write:
# 1. Binary as JSON Format has it, base64url, which needs no padding: the whole page is refused, by 7.20.0 for `-` and `_`, too. Padded text with `+` and `/`, which
#    are not of that alphabet, is read by both.
# 2. Seconds with more than the seven digits of .NET (Precision may be 12; Java and Go write nine): a DateTimeOffset is rounded, so that the last moment of a year is
#    the first of the next one, in rows and in literals of $filter; a Duration is cut; a TimeOfDay makes it refuse the page, or the filter.
# A good engineer guesses that a page in the standard's own form is read, and that three types with the same seconds are treated alike.
# Sources: OData JSON Format 4.01, 7.1 (Edm.Binary is base64url by rule binaryValue, whose "=" are optional); ABNF, rules dateTimeOffsetValue and timeOfDayValue (fractionalSeconds: up
# to 12 digits), durationValue (any number). Why: moments and durations are read by .NET's XmlConvert, Binary by Convert.FromBase64String, a TimeOfDay by formats of seven digits.
# Seen with 7.20.0 and 8.4.4. Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cat > probe.csproj <<'X'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><NuGetAudit>false</NuGetAudit><UseAppHost>false</UseAppHost></PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.OData.Core" Version="[$(Odl)]" /></ItemGroup>
</Project>
X
cat > Program.cs <<'X'
using System.Text;
using Microsoft.OData;
using Microsoft.OData.Edm;
using Microsoft.OData.UriParser;

var model = new EdmModel();
var type = new EdmEntityType("N", "Row");
type.AddKeys(type.AddStructuralProperty("Id", EdmPrimitiveTypeKind.Int32));
foreach (var kind in new[] { EdmPrimitiveTypeKind.Binary, EdmPrimitiveTypeKind.DateTimeOffset, EdmPrimitiveTypeKind.Duration, EdmPrimitiveTypeKind.TimeOfDay })
    type.AddStructuralProperty(kind.ToString(), kind);
model.AddElement(type);
var container = new EdmEntityContainer("N", "C");
model.AddElement(container);
var set = container.AddEntitySet("Rows", type);

string Shown(object value) => value switch { byte[] bytes => Convert.ToHexString(bytes), DateTimeOffset moment => moment.ToString("o"), _ => value.ToString() };

// The value as it was read; or that the page was refused.
string Read(string property, string text)
{
    var body = $$"""{"@odata.context":"http://h/$metadata#Rows","value":[{"Id":1,"{{property}}":"{{text}}"}]}""";
    try
    {
        using var reader = new ODataMessageReader((IODataResponseMessage)new Message(body), new ODataMessageReaderSettings(), model);
        var rows = reader.CreateODataResourceSetReader(set, type);
        while (rows.Read())
            if (rows.State == ODataReaderState.ResourceEnd)
                return Shown(((ODataResource)rows.Item).Properties.OfType<ODataProperty>().First(one => one.Name == property).Value);
        throw new InvalidDataException();
    }
    catch (ODataException)
    {
        return "refused";
    }
}

// The constant on the right side of a comparison.
string Bound(string filter)
{
    try
    {
        var parser = new ODataUriParser(model, new Uri("http://h/"), new Uri("http://h/Rows?$filter=" + Uri.EscapeDataString(filter)));
        var right = ((BinaryOperatorNode)parser.ParseFilter().Expression).Right;
        return Shown(((ConstantNode)(right is ConvertNode convert ? convert.Source : right)).Value);
    }
    catch (ODataException)
    {
        return "refused";
    }
}

string[] seen =
[
    Read("Binary", "AQIDBA=="), Read("Binary", "AQIDBA"), Read("Binary", "+/8="), Read("Binary", "-_8="), Read("Binary", "-_8"),
    Read("DateTimeOffset", "2024-12-31T23:59:59.999999999Z"), Read("Duration", "PT59.999999999S"), Read("TimeOfDay", "23:59:59.999999999"),
    Bound("DateTimeOffset le 2024-12-31T23:59:59.999999999Z"), Bound("Duration le duration'PT59.999999999S'"), Bound("TimeOfDay le 23:59:59.999999999"),
];
var version = typeof(ODataMessageReader).Assembly.GetName().Version;
Console.WriteLine($"Microsoft.OData.Core {version}\n  AQIDBA==, AQIDBA, +/8=, -_8=, -_8: {string.Join(", ", seen[..5])}\n  nine digits in rows: {string.Join(", ", seen[5..8])}\n  in $filter: {string.Join(", ", seen[8..])}");
string[] nines = ["2025-01-01T00:00:00.0000000+00:00", "00:00:59.9999999", "refused"];
string[] expected = ["01020304", "refused", "FBFF", version.Major == 7 ? "refused" : "FBFF", "refused", .. nines, .. nines];
return seen.SequenceEqual(expected) ? 0 : 1;

internal sealed class Message(string body) : IODataResponseMessage
{
    public IEnumerable<KeyValuePair<string, string>> Headers => [new("Content-Type", "application/json;odata.metadata=minimal"), new("OData-Version", "4.0")];
    public int StatusCode { get; set; } = 200;
    public string GetHeader(string name) => Headers.FirstOrDefault(one => string.Equals(one.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
    public void SetHeader(string name, string value) { }
    public Stream GetStream() => new MemoryStream(Encoding.UTF8.GetBytes(body));
}
X
for version in 7.20.0 8.4.4; do
  dotnet build -v q -nologo -clp:ErrorsOnly -p:Odl="$version" -p:RestorePackagesPath="$work/packages" -o "out-$version" -p:UseSharedCompilation=false -nodeReuse:false
  dotnet "out-$version/probe.dll" || { echo "changed: $version reads these values in another way"; exit 1; }
  rm -rf obj
done
