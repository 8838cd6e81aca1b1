#!/usr/bin/env bash
# Microsoft.OData.Core reads a JSON number without an exponent as a Decimal first, also for an Edm.Double: the Double that comes out is
# the Decimal divided by a power of ten, another one than the digits say in about one of ten values of 16 or 17 digits. The same
# digits with "E0" behind them are read as a Double at once and are exact.
# A good engineer guesses that the shortest text that names a Double (JavaScript, PostgreSQL, .NET's own "R") arrives as that Double.
# Source: JsonReader.ParseNumberPrimitiveValue, "decimal will be parsed before double to keep precision".
# Seen with 7.20.0 and 8.4.4: 1816 of 18444 values of 16 or 17 digits read as another Double, 0 with E0.
# Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
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
using System.Globalization;
using System.Text;
using Microsoft.OData;
using Microsoft.OData.Edm;

var model = new EdmModel();
var type = new EdmEntityType("N", "Row");
type.AddKeys(type.AddStructuralProperty("Id", EdmPrimitiveTypeKind.Int32));
type.AddStructuralProperty("V", EdmPrimitiveTypeKind.Double);
model.AddElement(type);
var container = new EdmEntityContainer("N", "C");
model.AddElement(container);
var set = container.AddEntitySet("Rows", type);

double Read(string digits)
{
    var body = $$"""{"@odata.context":"http://h/$metadata#Rows","value":[{"Id":1,"V":{{digits}}}]}""";
    using var reader = new ODataMessageReader((IODataResponseMessage)new Message(body), new ODataMessageReaderSettings(), model);
    var rows = reader.CreateODataResourceSetReader(set, type);
    while (rows.Read())
        if (rows.State == ODataReaderState.ResourceEnd)
            return (double)((ODataResource)rows.Item).Properties.OfType<ODataProperty>().First(one => one.Name == "V").Value;
    throw new InvalidDataException();
}

var random = new Random(7);
int plain = 0, exponent = 0, long_ = 0;
for (var n = 0; n < 20000; n++)
{
    var value = random.NextDouble() * Math.Pow(10, random.Next(0, 10));
    var digits = value.ToString("R", CultureInfo.InvariantCulture);
    if (digits.Contains('E') || digits.Count(char.IsDigit) < 16) continue;
    long_++;
    if (Read(digits) != value) plain++;
    if (Read(digits + "E0") != value) exponent++;
}
Console.WriteLine($"Microsoft.OData.Core {typeof(ODataMessageReader).Assembly.GetName().Version}: {plain} of {long_} read as another Double without an exponent, {exponent} with E0");
Console.WriteLine($"  248668584.15709278 is read as {Read("248668584.15709278").ToString("R", CultureInfo.InvariantCulture)}");
return plain > long_ / 50 && exponent == 0 ? 0 : 1;

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
  dotnet "out-$version/probe.dll" || { echo "changed: $version reads Doubles in another way"; exit 1; }
  rm -rf obj
done
