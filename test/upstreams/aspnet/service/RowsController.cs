using System.Linq.Expressions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OData.Extensions;
using Microsoft.AspNetCore.OData.Results;
using Microsoft.AspNetCore.OData.Routing.Controllers;
using Microsoft.OData.Edm;
using Microsoft.OData.UriParser;

namespace Gateway.Upstreams;

/// <summary>The rows of one set: all of them, one by its key, and those that one leads to. Options are applied by EnableQuery.</summary>
public sealed class RowsController<T>(Feed feed) : ODataController
    where T : class
{
    public IActionResult Get() => Ok(feed.RowsOf<T>());

    public IActionResult GetOne() => Ok(SingleResult.Create(Keyed()));

    public IActionResult GetNavigation()
    {
        var row = Keyed().FirstOrDefault();
        if (row is null)
        {
            return NotFound();
        }
        var navigation = Request.ODataFeature().Path.OfType<NavigationPropertySegment>().Single().NavigationProperty;
        var property = typeof(T).GetProperty(navigation.Name)!;
        var value = property.GetValue(row);
        var many = navigation.TargetMultiplicity() == EdmMultiplicity.Many;
        var element = many ? property.PropertyType.GetGenericArguments()[0] : property.PropertyType;
        var method = GetType().GetMethod(many ? nameof(Many) : nameof(One))!.MakeGenericMethod(element);
        return Ok(method.Invoke(null, [value]));
    }

    [NonAction]
    public static IQueryable<TOther> Many<TOther>(List<TOther> rows) => rows.AsQueryable();

    [NonAction]
    public static SingleResult<TOther> One<TOther>(TOther? row)
        where TOther : class => SingleResult.Create((row is null ? [] : new[] { row }).AsQueryable());

    private IQueryable<T> Keyed()
    {
        var row = Expression.Parameter(typeof(T));
        var tests = Request.ODataFeature().Path.OfType<KeySegment>().First().Keys.Select(pair =>
        {
            var property = Expression.Property(row, pair.Key);
            return (Expression)Expression.Equal(property, Expression.Constant(pair.Value, property.Type));
        });
        return feed.RowsOf<T>().Where(Expression.Lambda<Func<T, bool>>(tests.Aggregate(Expression.AndAlso), row));
    }
}
