using Microsoft.AspNetCore.OData.Query;
using Microsoft.AspNetCore.OData.Routing.Controllers;

namespace Gateway.Peers;

/// <summary>Applies all options; with pages of that many rows, or without pages where none is said.</summary>
public sealed class QueryAttribute : EnableQueryAttribute
{
    public QueryAttribute()
    {
        if (Rows is int rows)
        {
            PageSize = rows;
        }
    }

    public static int? Rows { get; set; }
}

/// <summary>All options are applied to the queries, and become SQL.</summary>
public sealed class SparkcentralMessagesController(Warehouse warehouse) : ODataController
{
    [Query]
    public IQueryable<Message> Get() => warehouse.Messages;
}

public sealed class SparkcentralConversationsController(Warehouse warehouse) : ODataController
{
    [Query]
    public IQueryable<Conversation> Get() => warehouse.Conversations;
}
