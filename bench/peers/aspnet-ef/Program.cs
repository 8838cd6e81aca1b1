using Gateway.Peers;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.OData;
using Microsoft.EntityFrameworkCore;

// The same tables through Microsoft.AspNetCore.OData, Entity Framework Core and Npgsql, on 127.0.0.1. Arguments: the connection
// string, and the rows of a page where there are to be pages. Writes its service root as one line, and ends when nobody holds its standard input any more.
QueryAttribute.Rows = args.Length > 1 ? int.Parse(args[1]) : null;
var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
builder.Services.AddRouting();
builder.Services.AddResponseCompression();
builder.Services.AddDbContextPool<Warehouse>(options =>
    options.UseNpgsql(args[0]).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking));
builder.Services.AddControllers().AddOData(options =>
    options.Select().Filter().OrderBy().Expand().Count().SkipToken().SetMaxTop(null).AddRouteComponents(Warehouse.EdmModel()));
var app = builder.Build();
app.UseResponseCompression();
app.UseRouting();
app.MapControllers();
await app.StartAsync();
var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
Console.WriteLine($"{addresses.Single()}/");
await Console.In.ReadToEndAsync();
await app.StopAsync(new CancellationToken(canceled: true));
