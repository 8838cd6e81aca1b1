#!/usr/bin/env bash
# Microsoft.AspNetCore.OData over objects and aggregates of nothing: the sum of nulls is 0 (average and max of the same rows are null), `countdistinct` counts null as
# a value, and `aggregate` of no rows gives no row at all, not even for `$count`: a chart of "how many, and how much" has an empty table where 0 and null belong.
# A good engineer guesses that 0 means that something adds up to nothing, and that `aggregate($count as N)` always says a number.
# Source: Data Aggregation 4.0, 3.2.1.1 (`aggregate` "returns an output set with a single instance"; null values are removed first) and 3.2.1.3.1 (sum is "null if there are no values").
# Why: it is Enumerable.Sum and Distinct, and a grouping by a constant, which has no group where there is no row. Services over SQL inherit other answers of their database.
# Seen with Microsoft.AspNetCore.OData 9.5.0. Needs the .NET SDK and NuGet. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cat > probe.csproj <<'X'
<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><NuGetAudit>false</NuGetAudit><UseAppHost>false</UseAppHost></PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.AspNetCore.OData" Version="[9.5.0]" /></ItemGroup>
</Project>
X
cat > Program.cs <<'X'
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OData;
using Microsoft.AspNetCore.OData.Query;
using Microsoft.AspNetCore.OData.Routing.Controllers;
using Microsoft.OData.ModelBuilder;

var model = new ODataConventionModelBuilder();
model.EntitySet<Row>("Rows");
var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddControllers().AddOData(options => options.EnableQueryFeatures().AddRouteComponents(model.GetEdmModel()));
await using var app = builder.Build();
app.MapControllers();
await app.StartAsync();
using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

// The rows of a reply, without ids.
async Task<string> Rows(string apply)
{
    var body = await http.GetStringAsync($"/Rows?$apply={apply}");
    var rows = JsonDocument.Parse(body).RootElement.GetProperty("value").EnumerateArray();
    return string.Join(' ', rows.Select(row => string.Join(',', row.EnumerateObject().Where(one => one.Name != "@odata.id").Select(one => $"{one.Name}={one.Value.GetRawText()}"))));
}

string[] asked =
[
    "groupby((Team),aggregate(Score with sum as S))", "groupby((Team),aggregate(Score with max as S))", "groupby((Team),aggregate(Score with countdistinct as S))",
    "filter(Id gt 9)/aggregate($count as N)", "filter(Id gt 9)/aggregate(Score with sum as S,$count as N)",
];
var seen = new List<string>();
foreach (var apply in asked) seen.Add(await Rows(apply));
Console.WriteLine($"Microsoft.AspNetCore.OData {typeof(ODataController).Assembly.GetName().Version}, team a has two rows without a score, team b one with 4");
for (var n = 0; n < asked.Length; n++) Console.WriteLine($"  {asked[n]}: {(seen[n] == "" ? "no row" : seen[n])}");
string[] expected = ["""Team="a",S=0 Team="b",S=4""", """Team="a",S=null Team="b",S=4""", """Team="a",S=1 Team="b",S=1""", "", ""];
return seen.SequenceEqual(expected) ? 0 : 1;

public class Row
{
    public int Id { get; set; }
    public string Team { get; set; } = "";
    public int? Score { get; set; }
}

public class RowsController : ODataController
{
    [HttpGet, EnableQuery]
    public IQueryable<Row> Get() => new[]
    {
        new Row { Id = 1, Team = "a" },
        new Row { Id = 2, Team = "a" },
        new Row { Id = 3, Team = "b", Score = 4 },
    }.AsQueryable();
}
X
dotnet build -v q -nologo -clp:ErrorsOnly -p:RestorePackagesPath="$work/packages" -o out -p:UseSharedCompilation=false -nodeReuse:false
dotnet out/probe.dll || { echo 'changed: nothing is summed up otherwise'; exit 1; }
