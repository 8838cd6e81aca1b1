#!/usr/bin/env bash
# Microsoft.OData.Core refuses a whole $metadata document for one valid construct of CSDL 4.0 that it does not know: <And> and <UrlRef> in
# an annotation, a PropertyRef with an Alias (which a key inside of a complex property must have), Precision of a type definition. It is
# so in 8.4.4 too, and CsdlReader gives no model at all, so no client on it (Power BI, Excel) sees any table.
# A good engineer guesses that a reader passes over annotations that it cannot interpret, and that the standard's examples are read.
# Sources: OData 4.0 Part 3 (CSDL): 8.3 (PropertyRef, with an example of Alias), 11.1 (facets of a TypeDefinition), 14.5 (<And>, <UrlRef>),
# and the schema edm.xsd, under which the documents are valid. The library's CsdlDocumentParser knows a closed list of elements and attributes.
# Seen with 7.20.0 and 8.4.4: the same document is read without and refused with each of the four.
# Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cat > probe.csproj <<'X'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><NuGetAudit>false</NuGetAudit><UseAppHost>false</UseAppHost></PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.OData.Edm" Version="[$(Odl)]" /></ItemGroup>
</Project>
X
cat > Program.cs <<'X'
using System.Xml;
using Microsoft.OData.Edm.Csdl;

string Document(string key, string annotation, string type) => $"""
    <edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N">
    <ComplexType Name="Info"><Property Name="Id" Type="Edm.Int32" Nullable="false"/></ComplexType>
    <EntityType Name="Category"><Key>{key}</Key><Property Name="Number" Type="Edm.Int32" Nullable="false"/><Property Name="Info" Type="N.Info" Nullable="false"/>{annotation}</EntityType>{type}
    <EntityContainer Name="C"><EntitySet Name="Categories" EntityType="N.Category"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>
    """;
bool Read(string what, string key = "<PropertyRef Name=\"Number\"/>", string annotation = "", string type = "")
{
    using var xml = XmlReader.Create(new StringReader(Document(key, annotation, type)));
    var read = CsdlReader.TryParse(xml, out _, out var errors);
    Console.WriteLine($"  {what}: {(read ? "read" : "refused, " + errors.First().ErrorCode)}");
    return read;
}
Console.WriteLine($"Microsoft.OData.Edm {typeof(CsdlReader).Assembly.GetName().Version}");
var plain = Read("plain");
var term = Read("a term that nobody knows", annotation: "<Annotation Term=\"A.B\" String=\"x\"/>");
var definition = Read("a type definition", type: "<TypeDefinition Name=\"D\" UnderlyingType=\"Edm.Decimal\"/>");
var others = new[]
{
    Read("<And>", annotation: "<Annotation Term=\"A.B\"><And><Bool>true</Bool><Bool>false</Bool></And></Annotation>"),
    Read("<UrlRef>", annotation: "<Annotation Term=\"A.B\"><UrlRef><String>https://example.org/</String></UrlRef></Annotation>"),
    Read("a key in a complex property, with its Alias", key: "<PropertyRef Name=\"Info/Id\" Alias=\"InfoId\"/>"),
    Read("Precision of a type definition", type: "<TypeDefinition Name=\"D\" UnderlyingType=\"Edm.Decimal\" Precision=\"9\"/>"),
};
return plain && term && definition && others.All(read => !read) ? 0 : 1;
X
for version in 7.20.0 8.4.4; do
  dotnet build -v q -nologo -clp:ErrorsOnly -p:Odl="$version" -p:RestorePackagesPath="$work/packages" -o "out-$version" -p:UseSharedCompilation=false -nodeReuse:false
  dotnet "out-$version/probe.dll" || { echo "changed: $version reads \$metadata in another way"; exit 1; }
  rm -rf obj
done
