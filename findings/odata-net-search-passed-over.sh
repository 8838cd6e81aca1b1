#!/usr/bin/env bash
# Microsoft.AspNetCore.OData passes over `$search` in a service that registers no ISearchBinder, which is every service that did not write one: status 200, all rows, and `$count` counts them.
# It refuses `$fliter` and `$index` with 400, so a client takes the rows for what was found. Likewise `$select` behind `$apply=compute(...)`: all properties come, under
# a context URL that lists the selected ones.
# A good engineer guesses that an option that a service does not do is refused (Protocol 4.0, 9.3.1: it MUST answer 501 Not Implemented), the more so as others are.
# Whoever asks a service of others tries it with a word that no row has.
# Source: SearchQueryOption.ApplyTo: without a binder, "let's ignore the $search clause".
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

// Status, what the context URL says of the rows, how many there are (counted by the service and here), and the properties of the first one.
async Task<string> Asked(string query)
{
    using var reply = await http.GetAsync($"/Rows?{query}");
    if (!reply.IsSuccessStatusCode) return $"{(int)reply.StatusCode}";
    var body = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement;
    var rows = body.GetProperty("value").EnumerateArray().ToList();
    var names = rows.Take(1).SelectMany(row => row.EnumerateObject()).Select(one => one.Name).Where(name => name[0] != '@').Order();
    var context = body.GetProperty("@odata.context").GetString().Split('#')[1];
    var count = body.TryGetProperty("@odata.count", out var counted) ? $"count {counted}, " : "";
    return $"200 {context}, {count}{rows.Count} rows of {string.Join(',', names)}";
}

string[] asked = ["$search=nobody&$count=true&$select=Id", "$filter=Name eq 'nobody'&$count=true&$select=Id", "$fliter=Id eq 1", "$index=1", "$apply=compute(Id mul 2 as Twice)&$select=Twice", "$compute=Id mul 2 as Twice&$select=Twice"];
var seen = new List<string>();
foreach (var query in asked) seen.Add(await Asked(query));
Console.WriteLine($"Microsoft.AspNetCore.OData {typeof(ODataController).Assembly.GetName().Version}");
for (var n = 0; n < asked.Length; n++) Console.WriteLine($"  {asked[n]}: {seen[n]}");
string[] expected = ["200 Rows(Id), count 2, 2 rows of Id", "200 Rows(Id), count 0, 0 rows of ", "400", "400", "200 Rows(Twice), 2 rows of Id,Name,Twice", "200 Rows(Twice), 2 rows of Twice"];
return seen.SequenceEqual(expected) ? 0 : 1;

public class Row
{
    public int Id { get; set; }
    public string Name { get; set; } = "";
}

public class RowsController : ODataController
{
    [HttpGet, EnableQuery]
    public IQueryable<Row> Get() => new[] { new Row { Id = 1, Name = "a" }, new Row { Id = 2, Name = "b" } }.AsQueryable();
}
X
dotnet build -v q -nologo -clp:ErrorsOnly -p:RestorePackagesPath="$work/packages" -o out -p:UseSharedCompilation=false -nodeReuse:false
dotnet out/probe.dll || { echo 'changed: other options are passed over'; exit 1; }
