using Microsoft.EntityFrameworkCore;
using Microsoft.OData.Edm;
using Microsoft.OData.ModelBuilder;

namespace Gateway.Peers;

/// <summary>The tables of the gateway as a .NET developer would map them, with the columns that the comparisons ask for.</summary>
public sealed class Warehouse(DbContextOptions<Warehouse> options) : DbContext(options)
{
    public DbSet<Message> Messages => Set<Message>();

    public DbSet<Conversation> Conversations => Set<Conversation>();

    public static IEdmModel EdmModel()
    {
        var builder = new ODataConventionModelBuilder();
        builder.EntitySet<Message>("SparkcentralMessages").EntityType.HasKey(message => message.MessageId);
        builder.EntitySet<Conversation>("SparkcentralConversations").EntityType.HasKey(conversation => conversation.ConversationId);
        return builder.GetEdmModel();
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<Message>().ToTable("SparkcentralMessages", "feed").HasKey(message => message.MessageId);
        model.Entity<Conversation>(conversation =>
        {
            conversation.ToTable("SparkcentralConversations", "feed").HasKey(one => one.ConversationId);
            conversation.HasMany(one => one.Messages).WithOne().HasForeignKey(message => message.ConversationId);
        });
    }
}

public sealed class Message
{
    public required string MessageId { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }

    public string? ConversationId { get; set; }

    public string? Medium { get; set; }

    public string? Channel { get; set; }

    public string? ChannelDisplayName { get; set; }

    public string? ContactProfileId { get; set; }

    public string? ContactPrimaryIdentifier { get; set; }

    public string? ContactSecondaryIdentifier { get; set; }

    public string? MessageType { get; set; }

    public string? Origin { get; set; }

    public string? OutboundMessageType { get; set; }

    public string? Direction { get; set; }

    public string? AgentId { get; set; }

    public string? AgentName { get; set; }

    public string? AgentReference { get; set; }

    public string? TeamId { get; set; }

    public string? TeamName { get; set; }

    public string? TagNames { get; set; }

    public string? Content { get; set; }

    public string? ConversationUrl { get; set; }

    public DateTimeOffset? LastUpdatedAt { get; set; }
}

public sealed class Conversation
{
    public required string ConversationId { get; set; }

    public string? Medium { get; set; }

    public DateTimeOffset? CreatedAt { get; set; }

    public string? CurrentStatus { get; set; }

    public int? InboundMessageCount { get; set; }

    public int? OutboundMessageCount { get; set; }

    public decimal? FirstResponseTimeSeconds { get; set; }

    public DateTimeOffset? LastUpdatedAt { get; set; }

    public List<Message> Messages { get; set; } = [];
}
