using System.Reflection;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.OData.Extensions;
using Microsoft.AspNetCore.OData.Query;
using Microsoft.AspNetCore.OData.Routing.Conventions;
using Microsoft.AspNetCore.OData.Routing.Template;
using Microsoft.OData.Edm;

namespace Gateway.Upstreams;

/// <summary>One controller for each class of a feed.</summary>
public sealed class Controllers(Feed feed) : IApplicationFeatureProvider<ControllerFeature>
{
    public void PopulateFeature(IEnumerable<ApplicationPart> parts, ControllerFeature feature)
    {
        foreach (var type in feed.Classes)
        {
            feature.Controllers.Add(typeof(RowsController<>).MakeGenericType(type).GetTypeInfo());
        }
    }
}

/// <summary>Which requests the actions of these controllers answer.</summary>
public sealed class Routes(Feed feed) : IODataControllerActionConvention
{
    public int Order => -1000;

    public bool AppliesToController(ODataControllerActionContext context) =>
        context.Controller.ControllerType is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(RowsController<>);

    public bool AppliesToAction(ODataControllerActionContext context)
    {
        var action = context.Action;
        var set = feed.SetOf(context.Controller.ControllerType.GetGenericArguments()[0]);
        var type = set.EntityType;
        var whole = new EntitySetSegmentTemplate(set);
        void Answers(params ODataSegmentTemplate[] segments) =>
            action.AddSelector("Get", context.Prefix, context.Model, new ODataPathTemplate(segments), context.Options?.RouteOptions);
        var query = new EnableQueryAttribute();
        if (feed.Settings.PageSize is { } size)
        {
            query.PageSize = size;
        }
        if (feed.Settings.MaxNodeCount is { } nodes)
        {
            query.MaxNodeCount = nodes;
        }
        action.Filters.Add(query);
        switch (action.ActionName)
        {
            case "Get":
                Answers(whole);
                Answers(whole, CountSegmentTemplate.Instance);
                break;
            case "GetOne":
                Answers(whole, Key(set));
                break;
            case "GetNavigation":
                foreach (var navigation in type.NavigationProperties())
                {
                    var key = Key(set);
                    Answers(whole, key, new NavigationSegmentTemplate(navigation, set.FindNavigationTarget(navigation)));
                }
                break;
        }
        return true;
    }

    private static KeySegmentTemplate Key(IEdmEntitySet set)
    {
        var names = set.EntityType.Key().Select(property => property.Name).ToList();
        var parameters = names.ToDictionary(name => name, name => $"{{key{(names.Count == 1 ? "" : name)}}}");
        return new KeySegmentTemplate(parameters, set.EntityType, set);
    }
}
