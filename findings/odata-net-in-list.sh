#!/usr/bin/env bash
# Microsoft.OData.Core reads the list of `in` as a JSON array: `Name in ('')` and `Name in ('','a')` look for two quotation marks ("")
# instead of the empty text, so that rows with an empty text are left out of `in` and stay in `not in`, without an error. INF, NaN and
# binary literals, which may stand beside `eq`, are refused in a list (400 of the service).
# A good engineer guesses that `a in (x,y)` is `a eq x or a eq y` (URL Conventions 4.01, 5.1.1.1.12).
# Source: InBinder.NormalizeStringCollectionItems, then the JSON reader.
# Seen with 8.4.0, which Microsoft.AspNetCore.OData 9.5.0 brings: '' is bound as "", others ('O''Neil', 'a,b', '(a)', 'back\slash', '"q"') as
# they are; INF and binary throw. 8.4.4 reads '' rightly, and refuses INF and binary still.
# Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cat > probe.csproj <<'X'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><NuGetAudit>false</NuGetAudit><UseAppHost>false</UseAppHost></PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.OData.Core" Version="[$(Odl)]" /><FrameworkReference Include="Microsoft.AspNetCore.App" /></ItemGroup>
</Project>
X
cat > Program.cs <<'X'
using Microsoft.OData;
using Microsoft.OData.Edm;
using Microsoft.OData.UriParser;

var model = new EdmModel();
var type = new EdmEntityType("N", "Row");
type.AddKeys(type.AddStructuralProperty("Id", EdmPrimitiveTypeKind.Int32));
type.AddStructuralProperty("Name", EdmPrimitiveTypeKind.String);
type.AddStructuralProperty("Rate", EdmPrimitiveTypeKind.Double);
type.AddStructuralProperty("Bytes", EdmPrimitiveTypeKind.Binary);
model.AddElement(type);
var container = new EdmEntityContainer("N", "C");
model.AddElement(container);
container.AddEntitySet("Rows", type);

// The values of the list as they were bound; null: refused.
IReadOnlyList<object> Bound(string filter)
{
    var uri = new Uri("http://h/Rows?$filter=" + Uri.EscapeDataString(filter));
    try
    {
        var node = (InNode)new ODataUriParser(model, new Uri("http://h/"), uri).ParseFilter().Expression;
        return ((CollectionConstantNode)node.Right).Collection.Select(one => one.Value).ToList();
    }
    catch (ODataException)
    {
        return null;
    }
}

var wrong = Bound("Name in ('')");
var beside = Bound("Name in ('','a')");
string[] others = ["O'Neil", "a,b", "(a)", "[a]", "\"q\"", "back\\slash", "{}", " lead", "''"];
var kept = others.All(text => Bound($"Name in ('{text.Replace("'", "''")}')") is [string one] && one == text);
var infinite = Bound("Rate in (INF,1.5)");
var binary = Bound("Bytes in (binary'YQ==')");
Console.WriteLine($"Microsoft.OData.Core {typeof(ODataException).Assembly.GetName().Version}: Name in ('') looks for {wrong?[0]}, in ('','a') for {string.Join(" and ", beside ?? [])}");
Console.WriteLine($"  other texts are {(kept ? "as they were written" : "changed")}; INF is {(infinite is null ? "refused" : "taken")}, binary {(binary is null ? "refused" : "taken")}");
var seen = args[0] == "8.4.0" ? "\"\"" : "";
return wrong is [string found] && found == seen && kept && infinite is null && binary is null ? 0 : 1;
X
for version in 8.4.0 8.4.4; do
  dotnet build -v q -nologo -clp:ErrorsOnly -p:Odl="$version" -p:RestorePackagesPath="$work/packages" -o "out-$version" -p:UseSharedCompilation=false -nodeReuse:false
  dotnet "out-$version/probe.dll" "$version" || { echo "changed: $version reads lists in another way"; exit 1; }
  rm -rf obj
done
