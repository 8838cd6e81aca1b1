/** Requests of all kinds over the product's own metadata with its samples: what a report asks for, and more. */

const messages = 'SparkcentralMessages';
const conversations = 'SparkcentralConversations';
const cases = 'TracebuzzCases';
const results = 'TracebuzzResults';

export const readKinds: readonly string[] = [
  `${messages}?$top=50`,
  `${messages}?$count=true&$top=1`,
  `${messages}/$count`,
  `${messages}/$count?$filter=Medium eq 'WhatsApp'`,
  `${messages}?$filter=CreatedAt ge 2026-11-02T00:00:00Z and CreatedAt lt 2026-11-03T00:00:00Z&$select=MessageId`,
  `${messages}?$filter=contains(Content,'a')&$select=MessageId&$top=30`,
  `${messages}?$orderby=Medium desc,CreatedAt&$top=20&$skip=5&$select=MessageId,Medium`,
  `${messages}?$skip=40&$top=20&$select=MessageId`,
  `${messages}?$search=parcel OR Dank&$select=MessageId&$top=20`,
  `${messages}?$expand=Agent($select=Name),Conversation($select=CurrentStatus)&$select=MessageId&$top=20`,
  `${messages}?$expand=MessageTags($select=TagId)&$select=MessageId&$top=20`,
  `${messages}?$filter=MessageTags/any(t:t/TagId eq '416')&$select=MessageId`,
  `${messages}?$filter=Conversation/CurrentStatus eq 'New'&$select=MessageId`,
  `${messages}?$orderby=Agent/Name desc,MessageId&$select=MessageId&$top=30`,
  `${messages}?$filter=Medium in ('WhatsApp','Email')&$select=MessageId&$top=20`,
  `${messages}?$apply=groupby((Medium,Direction),aggregate($count as N))&$orderby=Medium,Direction`,
  `${messages}?$apply=groupby((Agent/Name),aggregate($count as N))&$orderby=N desc,Agent/Name`,
  `${messages}?$apply=aggregate(ConversationId with countdistinct as D,$count as N)`,
  `${messages}?$apply=groupby((rollup(Medium,Direction)),aggregate($count as N))`,
  `${messages}?$apply=filter(Direction eq 'inbound')/groupby((Medium),aggregate($count as N))&$orderby=Medium`,
  `${messages}?$apply=topcount(3,CreatedAt)&$select=MessageId`,
  `${messages}?$apply=concat(aggregate($count as N),groupby((Medium),aggregate($count as N)))`,
  `${messages}?$apply=aggregate(CreatedAt with min as A,CreatedAt with max as B)`,
  `${messages}?$format=text/csv&$select=MessageId,Content&$top=20`,
  `${conversations}?$expand=Messages($select=MessageId,CreatedAt;$orderby=CreatedAt desc;$top=2;$count=true)&$select=ConversationId&$top=20`,
  `${conversations}?$expand=Messages($select=MessageId;$expand=Agent($select=Name))&$select=ConversationId&$top=10`,
  `${conversations}?$expand=ConversationTopics($select=TopicId,TopicName)&$select=ConversationId&$top=20`,
  `${conversations}?$filter=Messages/any(m:m/Direction eq 'inbound')&$select=ConversationId`,
  `${conversations}?$filter=Messages/all(m:m/Direction eq 'inbound')&$select=ConversationId`,
  `${conversations}?$filter=Messages/$count gt 1&$select=ConversationId`,
  `${conversations}?$apply=groupby((Medium),aggregate(Messages/$count as N))&$orderby=Medium`,
  `${conversations}?$apply=join(Messages as M)/aggregate($count as N)`,
  `SparkcentralAgents?$expand=Messages($select=MessageId;$top=2)&$select=AgentId&$top=10`,
  `SparkcentralAgents?$filter=Messages/any(m:m/Direction eq 'inbound')&$select=AgentId`,
  `SparkcentralResolvedConversations?$compute=HandleTimeSeconds mul 2 as D&$select=ConversationId,D&$top=10`,
  `SparkcentralAgentMetrics?$top=50&$orderby=UserId,PeriodStart,PeriodEnd`,
  `SparkcentralOpenConversations?$select=ConversationId`,
  `$crossjoin(SparkcentralTeams,SparkcentralAgents)?$top=5`,
  `$crossjoin(${conversations},SparkcentralResolvedConversations)?$filter=${conversations}/ConversationId eq SparkcentralResolvedConversations/ConversationId&$top=5`,
  `${cases}?$top=30`,
  `${cases}(50123)`,
  `${cases}(50123)/QueueId`,
  `${cases}?$expand=Results($select=ResultId,Content)&$select=CaseId&$top=20`,
  `${cases}?$filter=Results/any(r:r/Content ne null)&$select=CaseId`,
  `${results}?$expand=Case($select=QueueId),ChildResults($select=ResultId),ResultLabels($select=LabelId)&$select=ResultId&$top=20`,
  `${cases}(50123)/Results?$select=ResultId`,
  `${messages}?$filter=Medium eq $root/${messages}('x')/Medium&$select=MessageId&$top=20`,
  // Sets over all sources lie elsewhere than the rows that they lead to.
  `Conversations?$orderby=ConversationKey&$expand=SparkcentralConversation($select=CurrentStatus),TracebuzzCase($select=CaseId)&$select=ConversationKey`,
  `Conversations?$filter=SparkcentralConversation/CurrentStatus eq 'New'&$select=ConversationKey&$orderby=ConversationKey`,
  `Conversations?$apply=groupby((SparkcentralConversation/CurrentStatus),aggregate($count as N))&$orderby=N`,
  `Conversations?$orderby=ConversationKey&$expand=SparkcentralConversation($expand=Messages($select=MessageId);$select=ConversationId)&$select=ConversationKey&$top=15`,
  `Conversations?$filter=SparkcentralConversation/Messages/any(m:m/Direction eq 'inbound')&$select=ConversationKey&$orderby=ConversationKey`,
  `Conversations/$count?$filter=TracebuzzCase/QueueId ne null or SparkcentralConversation/CurrentStatus eq 'New'`,
  `Conversations('tracebuzz:50123')/TracebuzzCase`,
  `Agents?$expand=Conversations($select=ConversationKey;$top=2;$orderby=ConversationKey)&$select=AgentKey&$orderby=AgentKey&$top=5`,
  `$crossjoin(Conversations,${conversations})?$filter=Conversations/SourceId eq ${conversations}/ConversationId&$orderby=Conversations/ConversationKey&$top=5`,
  `Loads?$select=FileName,RowsRead,RowsInserted,RowsUpdated,RowsUnchanged,State&$orderby=FileName`,
];

/** What Citus refuses where sources lie on different workers: docs/scale.md lists the kinds. */
export const refusedKinds: readonly string[] = [
  `$crossjoin(${cases},${conversations})?$top=5`,
  `$crossjoin(${cases},${conversations})?$filter=${cases}/QueueId eq ${conversations}/ConversationId`,
  `${conversations}?$filter=ConversationId eq $root/${cases}(50123)/QueueId`,
];
