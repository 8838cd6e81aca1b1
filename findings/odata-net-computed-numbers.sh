#!/usr/bin/env bash
# Microsoft.AspNetCore.OData over objects compares a computed or aggregated number with a whole literal after cutting off its fraction: `$compute=Rate mul 1 as S&$filter=S eq 2`
# keeps the row whose S it writes as 2.5, `S gt 2` leaves that row out, and so does `$apply=groupby((Team),aggregate(Rate with sum as S))/filter(S gt 9)` with a
# sum of 9.5. With 2.0 for 2 the rows are right, and so they are where the expression itself stands in the filter (`Rate mul 1 gt 2`).
# Besides, `round` goes to the even neighbour: round(2.5) is 2, where the standard goes away from zero (URL Conventions 4.01, 5.1.1.9, Arithmetic Functions).
# A good engineer guesses that the literal is widened (5.1.1, Numeric Promotion), and that a row fits the condition with the value that it shows.
# Why: the property that `as` names has no declared type for the binder, so it gets the type of the other side, by Convert to Int32, which cuts. round is Math.Round.
# A client that writes `2.0` has the right rows here and loses nothing elsewhere.
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

// The values of one property in the rows of a reply.
async Task<string> Values(string query, string name)
{
    var body = await http.GetStringAsync($"/Rows?{query}");
    return string.Join(' ', JsonDocument.Parse(body).RootElement.GetProperty("value").EnumerateArray().Select(row => row.GetProperty(name).ToString()));
}

string[] asked =
[
    "$compute=Rate mul 1 as S&$select=S&$filter=S eq 2", "$compute=Rate mul 1 as S&$select=S&$filter=S gt 2", "$compute=Rate mul 1 as S&$select=S&$filter=S gt 2.0",
    "$compute=Rate mul 1 as S&$select=S&$filter=Rate mul 1 gt 2", "$compute=Price mul 1 as S&$select=S&$filter=S eq 2",
    "$apply=groupby((Team),aggregate(Rate with sum as S))", "$apply=groupby((Team),aggregate(Rate with sum as S))/filter(S gt 9)", "$apply=groupby((Team),aggregate(Rate with sum as S))/filter(S gt 9.0)",
    "$select=Rate&$filter=round(Rate) eq 3", "$select=Rate&$filter=round(Rate) eq 2",
];
var seen = new List<string>();
foreach (var query in asked) seen.Add(await Values(query, query.Contains(" as S") ? "S" : "Rate"));
Console.WriteLine($"Microsoft.AspNetCore.OData {typeof(ODataController).Assembly.GetName().Version}, rows with 2.5 (team a), 7 (a) and -2.5 (b)");
for (var n = 0; n < asked.Length; n++) Console.WriteLine($"  {asked[n]}: {seen[n]}");
string[] expected = ["2.5", "7.0", "2.5 7.0", "2.5 7.0", "2.5", "9.5 -2.5", "", "9.5", "", "2.5"];
return seen.SequenceEqual(expected) ? 0 : 1;

public class Row
{
    public int Id { get; set; }
    public string Team { get; set; } = "";
    public double Rate { get; set; }
    public decimal Price { get; set; }
}

public class RowsController : ODataController
{
    [HttpGet, EnableQuery]
    public IQueryable<Row> Get() => new[]
    {
        new Row { Id = 1, Team = "a", Rate = 2.5, Price = 2.5m },
        new Row { Id = 2, Team = "a", Rate = 7 },
        new Row { Id = 3, Team = "b", Rate = -2.5 },
    }.AsQueryable();
}
X
dotnet build -v q -nologo -clp:ErrorsOnly -p:RestorePackagesPath="$work/packages" -o out -p:UseSharedCompilation=false -nodeReuse:false
dotnet out/probe.dll || { echo 'changed: other rows come'; exit 1; }
