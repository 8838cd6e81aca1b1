/** Texts are made in PostgreSQL from the row number alone, so that every run has the same bytes. */
const uuid = (seed: string): string => `md5(${seed})::uuid::text`;
const oneOf = (choices: readonly string[], seed: string): string =>
  `(ARRAY[${choices.map((choice) => `'${choice.replaceAll("'", "''")}'`).join(', ')}])[1 + (${seed}) % ${choices.length}]`;

const sentences = [
  'Hi, my parcel was due on Tuesday and I still have not received it.',
  'Could you tell me where it is now?',
  'The tracking page says "delivered" but nobody rang the bell.',
  'Thanks for the quick reply, that helps a lot!',
  'We are sorry to hear that. Could you send us your order number?',
  'I would like to change the delivery address of my order.',
  'Je n’ai pas reçu ma commande, que dois-je faire ?',
  'Line one of the address\nLine two of the address',
  'The invoice shows a wrong amount, see the attached picture.',
];

/** Messages of one conversation. */
export const messagesEach = 6;

/** Expressions over `g`, the row number from 1, and `n`, the number of rows: one year of messages in order of time. */
const created = `'2025-01-01Z'::timestamptz + interval '1 second' * floor(g * 31536000.0 / n)`;
const conversation = `((g - 1) / ${messagesEach})`;
const outbound = 'g % 2 = 0';
const agent = `(1 + ${conversation} % 220)`;
const content = `concat_ws(' ', ${oneOf(sentences, 'g')}, CASE WHEN g % 3 > 0 THEN ${oneOf(sentences, 'g / 7')} END, 'Ref ' || g)`;

/** The 22 columns that full extraction selects, in the order of the metadata. */
export const messageColumns: readonly (readonly [name: string, sql: string])[] = [
  ['MessageId', uuid(`'m' || g`)],
  ['CreatedAt', created],
  ['ConversationId', uuid(`'c' || ${conversation}`)],
  ['Medium', oneOf(['WhatsApp', 'Facebook', 'Twitter', 'Instagram', 'Email'], conversation)],
  ['Channel', `(31201234560 + ${conversation} % 9)::text`],
  ['ChannelDisplayName', `'Acme Support ' || ${conversation} % 9`],
  ['ContactProfileId', uuid(`'p' || ${conversation} % 90000`)],
  ['ContactPrimaryIdentifier', `'Contact Person ' || ${conversation} % 90000`],
  [
    'ContactSecondaryIdentifier',
    `CASE WHEN ${conversation} % 3 > 0 THEN '+316' || 10000000 + ${conversation} % 90000 END`,
  ],
  ['MessageType', oneOf(['text', 'text', 'image', 'text'], 'g')],
  ['Origin', `CASE WHEN ${outbound} THEN 'agent' ELSE 'contact' END`],
  ['OutboundMessageType', `CASE WHEN ${outbound} THEN 'reply' END`],
  ['Direction', `CASE WHEN ${outbound} THEN 'outbound' ELSE 'inbound' END`],
  ['AgentId', `CASE WHEN ${outbound} THEN (2000 + ${agent})::text END`],
  ['AgentName', `CASE WHEN ${outbound} THEN 'Agent Name ' || ${agent} END`],
  ['AgentReference', `CASE WHEN ${outbound} THEN 'E-' || 2000 + ${agent} END`],
  ['TeamId', `(70 + ${conversation} % 12)::text`],
  ['TeamName', oneOf(['Webcare', 'Billing', 'Returns', 'Sales'], conversation)],
  ['TagNames', `CASE WHEN g % 4 = 0 THEN 'complaint, "urgent"' END`],
  ['Content', content],
  ['ConversationUrl', `'https://app.example.com/conversations/' || ${uuid(`'c' || ${conversation}`)}`],
  ['LastUpdatedAt', `${created} + interval '0.25 second' * (g % 9)`],
];

/** What an `$expand` starts from. Expressions as above, `g` counts conversations. */
export const conversationColumns: readonly (readonly [name: string, sql: string])[] = [
  ['ConversationId', uuid(`'c' || g - 1`)],
  ['Medium', oneOf(['WhatsApp', 'Facebook', 'Twitter', 'Instagram', 'Email'], 'g - 1')],
  ['CreatedAt', `'2025-01-01Z'::timestamptz + interval '1 second' * floor(g * ${messagesEach} * 31536000.0 / n)`],
  ['CurrentStatus', oneOf(['NEW', 'RESOLVED', 'IN_PROGRESS'], 'g')],
  ['InboundMessageCount', '3'],
  ['OutboundMessageCount', '3'],
  ['FirstResponseTimeSeconds', '(g % 7200) / 4.0'],
  ['LastUpdatedAt', `'2025-01-01Z'::timestamptz + interval '1 second' * floor(g * ${messagesEach} * 31536000.0 / n)`],
];

export const messages = 'SparkcentralMessages';
export const conversations = 'SparkcentralConversations';

const quoted = (columns: readonly (readonly [string, string])[]): string =>
  columns.map(([name]) => `"${name}"`).join(', ');

/** Inserts `rows` rows; `rows` also sets how densely the year is filled. */
export function fillText(
  set: string,
  columns: typeof messageColumns,
  rows: { count: number; messages: number },
): string {
  return `INSERT INTO feed."${set}" (${quoted(columns)})
    SELECT ${columns.map(([, sql]) => sql).join(', ')}
    FROM generate_series(1::bigint, ${rows.count}) AS g, (SELECT ${rows.messages}::numeric AS n) AS size ORDER BY g`;
}

/** The rows as a client of PostgreSQL would ask for them. */
export const selectAll = `SELECT ${quoted(messageColumns)} FROM feed."${messages}"`;
export const selectOption = `$select=${messageColumns.map(([name]) => name).join(',')}`;

const few = ['MessageId', 'CreatedAt', 'Medium', 'Direction', 'AgentName', 'TeamName'];
const month = ['2025-03-01T00:00:00Z', '2025-04-01T00:00:00Z'] as const;
export const selectMonth = `SELECT ${few.map((name) => `"${name}"`).join(', ')} FROM feed."${messages}" WHERE "CreatedAt" >= '${month[0]}' AND "CreatedAt" < '${month[1]}'`;
/** The rows of the last day, as a refresh by time asks for them, and the statement that says no more than that. */
export const lastDayOptions = `${selectOption}&$filter=CreatedAt%20ge%202025-12-31T00:00:00Z&$top=1000`;
export const selectLastDay = `${selectAll} WHERE "CreatedAt" >= '2025-12-31T00:00:00Z' ORDER BY _row LIMIT 1000`;

/** The same month from a second of its first minute on: a question that was not asked before. */
export const countFrom = (second: number): string =>
  `SELECT count(*) FROM feed."${messages}" WHERE "CreatedAt" >= '${fromSecond(second)}' AND "CreatedAt" < '${month[1]}'`;
export const filterFrom = (second: number): string =>
  `$filter=CreatedAt%20ge%20${fromSecond(second)}%20and%20CreatedAt%20lt%20${month[1]}`;
const fromSecond = (second: number): string => new Date(Date.parse(month[0]) + second * 1000).toISOString();

export const monthOptions = `$select=${few.join(',')}&$filter=CreatedAt%20ge%20${month[0]}%20and%20CreatedAt%20lt%20${month[1]}`;

/** Messages of the month by medium. */
export const selectGroups = `SELECT "Medium", count(*) FROM feed."${messages}" WHERE "CreatedAt" >= '${month[0]}' AND "CreatedAt" < '${month[1]}' GROUP BY "Medium"`;
export const groupOptions = `$apply=filter(CreatedAt%20ge%20${month[0]}%20and%20CreatedAt%20lt%20${month[1]})/groupby((Medium),aggregate($count%20as%20Messages))`;
