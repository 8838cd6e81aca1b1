using System.Text.Json;
using Gateway.Upstreams;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.OData;

// Serves each feed that a file names, on 127.0.0.1 and a port of its own; writes the service roots as one line of JSON, and ends
// when nobody holds its standard input any more.
var apps = new List<WebApplication>();
foreach (var path in args)
{
    var app = Application(new Feed(FeedFile.Read(path)));
    await app.StartAsync();
    apps.Add(app);
}
Console.WriteLine(JsonSerializer.Serialize(apps.Select(app => $"{AddressOf(app)}/")));
await Console.In.ReadToEndAsync();
foreach (var app in apps)
{
    await app.StopAsync(new CancellationToken(canceled: true));
}

static string AddressOf(WebApplication app) =>
    app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

static WebApplication Application(Feed feed)
{
    var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
    builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
    {
        kestrel.Limits.MaxRequestLineSize = feed.Settings.MaxUrlLength ?? kestrel.Limits.MaxRequestLineSize;
    });
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Services.AddRouting();
    builder.Services.AddSingleton(feed);
    builder.Services
        .AddControllers()
        .ConfigureApplicationPartManager(parts => parts.FeatureProviders.Add(new Controllers(feed)))
        .AddOData(options =>
        {
            options.Conventions.Insert(0, new Routes(feed));
            options.Select().Filter().OrderBy().Expand().Count().SetMaxTop(feed.Settings.MaxTop);
            if (feed.Settings.SkipToken)
            {
                options.SkipToken();
            }
            options.AddRouteComponents(feed.Model);
        });
    var app = builder.Build();
    app.UseRouting();
    app.MapControllers();
    return app;
}
