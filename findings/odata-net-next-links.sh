#!/usr/bin/env bash
# Microsoft.AspNetCore.OData with a page size and skip tokens (`SkipToken()`), two orders of rows under which its own next links do not lead to all of them:
# 1. By a Double where some rows have NaN, in a service over objects: no page behind the first begins with them or goes on behind one of them. All rows behind
#    NaN, or all rows with NaN, are missing from pages with status 200, the last of which has no link.
# 2. By an expression, where what it gives has a hyphen in it (a text, a Date): the next link is refused (400), "should always be server generated", which it was.
#    By the property itself the same texts are no trouble.
# A good engineer guesses that who follows all next links has all rows (Protocol 4.0, 11.2.5.7), or an error, and that a service takes its own tokens.
# Why: the rows behind a token are those with `Rate gt NaN or (Rate eq NaN and Id gt 1)`, of which no part is ever true (IEEE 754), while .NET sorts NaN below all
# numbers. A value in a token stands behind the property's name and a hyphen, that of an expression alone: up to its first hyphen it is taken for a name.
# Source: DefaultSkipTokenHandler.cs, BuildSkipTokenFilterExpression and PopulatePropertyValues.
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
builder.Services.AddControllers().AddOData(options => options.OrderBy().Select().SkipToken().AddRouteComponents(model.GetEdmModel()));
await using var app = builder.Build();
app.MapControllers();
await app.StartAsync();
using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

// The keys of all pages, in their order.
async Task<string> Read(string order)
{
    var (seen, link) = (new List<string>(), $"/Rows?$select=Id&$orderby={order}");
    while (link != null)
    {
        using var reply = await http.GetAsync(link);
        if (!reply.IsSuccessStatusCode)
        {
            seen.Add($"{(int)reply.StatusCode}");
            break;
        }
        var page = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement;
        seen.AddRange(page.GetProperty("value").EnumerateArray().Select(row => row.GetProperty("Id").ToString()));
        link = page.TryGetProperty("@odata.nextLink", out var next) ? next.GetString() : null;
    }
    return string.Join(' ', seen);
}

var seen = new List<string>();
foreach (var order in new[] { "Id", "Rate", "Rate desc", "Name", "tolower(Name)", "date(At)" }) seen.Add($"{order}: {await Read(order)}");
Console.WriteLine($"Microsoft.AspNetCore.OData {typeof(ODataController).Assembly.GetName().Version}, five rows, two a page, ordered by");
Console.WriteLine(string.Join('\n', seen));
string[] expected = ["Id: 1 2 3 4 5", "Rate: 2 4", "Rate desc: 3 1 5", "Name: 1 2 3 4 5", "tolower(Name): 1 2 400", "date(At): 1 2 400"];
return seen.SequenceEqual(expected) ? 0 : 1;

public class Row
{
    public int Id { get; set; }
    public double Rate { get; set; }
    public string Name { get; set; } = "";
    public DateTimeOffset At { get; set; } = DateTimeOffset.UnixEpoch;
}

public class RowsController : ODataController
{
    [HttpGet, EnableQuery(PageSize = 2)]
    public IQueryable<Row> Get() => new[]
    {
        new Row { Id = 1, Rate = 2.5, Name = "a" },
        new Row { Id = 2, Rate = double.NaN, Name = "b-b" },
        new Row { Id = 3, Rate = 4, Name = "c" },
        new Row { Id = 4, Rate = double.NaN, Name = "d" },
        new Row { Id = 5, Rate = 1, Name = "e" },
    }.AsQueryable();
}
X
dotnet build -v q -nologo -clp:ErrorsOnly -p:RestorePackagesPath="$work/packages" -o out -p:UseSharedCompilation=false -nodeReuse:false
dotnet out/probe.dll || { echo 'changed: next links lead elsewhere'; exit 1; }
