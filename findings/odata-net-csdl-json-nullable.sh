#!/usr/bin/env bash
# Microsoft.OData.Edm, $metadata in JSON: a navigation property without `$Nullable`, which is one that always leads to a row, is read as one that may lead to none. A model that is valid as XML is
# then invalid as JSON (InvalidMultiplicityOfPrincipalEnd, where a constraint is over properties that are never null), and what is written from it says `Nullable="true"`.
# Properties without `$Nullable` are read rightly, and a navigation property that says `"$Nullable": false`, which is what it is without it, too: write it for such readers.
# A good engineer guesses that the absent member has one default for both kinds of properties: it has in JSON (false), and in XML (true).
# Source: OData CSDL JSON 4.01, 8.2 Nullable Navigation Property: "Absence of the member means false."
# Why: CsdlJsonParser, ParseNavigationProperty, hands on a `bool?`, and the semantics of both formats take null for the default of XML.
# Seen with Microsoft.OData.Edm 8.4.4. Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cat > probe.csproj <<'X'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><NuGetAudit>false</NuGetAudit><UseAppHost>false</UseAppHost></PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.OData.Edm" Version="[8.4.4]" /></ItemGroup>
</Project>
X
cat > Program.cs <<'X'
using System.Text;
using System.Text.Json;
using System.Xml;
using Microsoft.OData.Edm;
using Microsoft.OData.Edm.Csdl;
using Microsoft.OData.Edm.Validation;

const string xml = """
    <edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices><Schema Namespace="Try" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityType Name="Agent"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32" Nullable="false"/></EntityType>
      <EntityType Name="Call"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32" Nullable="false"/><Property Name="AgentId" Type="Edm.Int32" Nullable="false"/>
        <NavigationProperty Name="Agent" Type="Try.Agent" Nullable="false"><ReferentialConstraint Property="AgentId" ReferencedProperty="Id"/></NavigationProperty></EntityType>
      <EntityContainer Name="Container"><EntitySet Name="Agents" EntityType="Try.Agent"/>
        <EntitySet Name="Calls" EntityType="Try.Call"><NavigationPropertyBinding Path="Agent" Target="Agents"/></EntitySet></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>
    """;
static string Json(string nullable) => $$$"""
    {"$Version":"4.01","$EntityContainer":"Try.Container","Try":{
      "Agent":{"$Kind":"EntityType","$Key":["Id"],"Id":{"$Type":"Edm.Int32"}},
      "Call":{"$Kind":"EntityType","$Key":["Id"],"Id":{"$Type":"Edm.Int32"},"AgentId":{"$Type":"Edm.Int32"},
        "Agent":{"$Kind":"NavigationProperty","$Type":"Try.Agent",{{{nullable}}}"$ReferentialConstraint":{"AgentId":"Id"} } },
      "Container":{"$Kind":"EntityContainer","Agents":{"$Collection":true,"$Type":"Try.Agent"},"Calls":{"$Collection":true,"$Type":"Try.Call","$NavigationPropertyBinding":{"Agent":"Agents"} } } } }
    """;
static string Seen(string from, IEdmModel model)
{
    var call = (IEdmEntityType)model.FindDeclaredType("Try.Call");
    model.Validate(out var faults);
    var nullable = string.Join(", ", new[] { "AgentId", "Agent" }.Select(name => $"{name} {(call.FindProperty(name).Type.IsNullable ? "may be null" : "is never null")}"));
    return $"{from}: {nullable}; {string.Join(", ", faults.Select(fault => fault.ErrorCode.ToString()).DefaultIfEmpty("valid"))}";
}
static IEdmModel FromJson(string text)
{
    var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
    return CsdlReader.TryParse(ref reader, out var model, out _) ? model : throw new InvalidOperationException("refused");
}
var seen = new[]
{
    Seen("XML", CsdlReader.Parse(XmlReader.Create(new StringReader(xml)))),
    Seen("JSON", FromJson(Json(""))),
    Seen("JSON with $Nullable false", FromJson(Json("\"$Nullable\":false,"))),
};
Console.WriteLine($"Microsoft.OData.Edm {typeof(CsdlReader).Assembly.GetName().Version}");
Console.WriteLine(string.Join('\n', seen));
string[] expected =
[
    "XML: AgentId is never null, Agent is never null; valid",
    "JSON: AgentId is never null, Agent may be null; InvalidMultiplicityOfPrincipalEnd",
    "JSON with $Nullable false: AgentId is never null, Agent is never null; valid",
];
return seen.SequenceEqual(expected) ? 0 : 1;
X
dotnet build -v q -nologo -clp:ErrorsOnly -p:RestorePackagesPath="$work/packages" -o out -p:UseSharedCompilation=false -nodeReuse:false
dotnet out/probe.dll || { echo 'changed: navigation properties in JSON are read otherwise'; exit 1; }
