import assert from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { csv, useFeed } from '../ingest/support/feed.ts';

const source = 'source: { name: acme, title: Acme, description: Test., kind: files, prefix: Acme }';
const named = 'personalData: none, description: A property.';
const kinds = `${source}
set: Kinds
title: Kinds
description: Kinds.
key: [Code]
rows:
  - { Code: a, Number: 1.234, Wait: -PT25H, Raw: "aGVsbG8=", Yes: "yes", Day: "0001-01-01", At: "2025-06-16T09:46:40+02:00" }
  - { Code: "1,24E+15", Number: "1e3" }
properties:
  Code: { type: String, ${named}, example: a }
  Number: { type: Decimal, ${named}, example: "1.000" }
  Wait: { type: Duration, ${named}, example: PT1H }
  Raw: { type: Binary, ${named}, example: AQID }
  Yes: { type: Boolean, ${named}, example: "true" }
  Day: { type: Date, ${named}, example: "0001-01-01" }
  At: { type: DateTimeOffset, ${named}, example: "2025-06-16T09:46:40Z" }
`;

const calls = `${source.replace('acme', 'vendor').replace('prefix: Acme', 'prefix: Vendor')}
set: Calls
title: Calls
description: Calls.
key: [CallId]
write: { mode: upsert }
properties:
  CallId: { type: String, ${named}, example: a }
  AgentId: { type: String, ${named}, example: a }
  AgentName: { type: String, ${named}, example: a }
  AgentTeam: { type: String, ${named}, example: a }
  QueueId: { type: String, references: Queues, ${named}, example: a }
  TagIds: { type: String, encoding: list, ${named}, example: "a, b" }
  TagNames: { type: String, encoding: list, ${named}, example: "a, b" }
  SiteId: { type: String, ${named}, example: a }
  Text: { type: String, ${named}, example: a }
  Long: { type: String, computed: { kind: match, of: Text, pattern: '^(x*)$' }, ${named}, example: a }
navigation:
  Site: { set: Sites, join: { SiteId: SiteId } }
indexes: [[Long]]
`;
const set = (name: string, rest: string): string => `set: ${name}
title: ${name}
description: ${name}.
${rest}
`;
const vendor = [
  { file: 'vendor/source.yaml', text: 'title: V\ndescription: V.\nkind: files\nprefix: Vendor\n' },
  { file: 'vendor/calls.yaml', text: calls.split('\n').slice(1).join('\n') },
  {
    file: 'vendor/queues.yaml',
    text: set(
      'Queues',
      `key: [QueueId]\nwrite: { mode: upsert }\nproperties:\n  QueueId: { type: String, ${named}, example: a }`,
    ),
  },
  {
    file: 'vendor/sites.yaml',
    text: set(
      'Sites',
      `key: [SiteId]\nrows: [{ SiteId: a }]\nproperties:\n  SiteId: { type: String, ${named}, example: a }`,
    ),
  },
  {
    file: 'vendor/agents.yaml',
    text: set(
      'Agents',
      `key: [Id]\ndimension:\n  - { set: Calls, columns: { Id: AgentId, Name: AgentName, Team: AgentTeam }, rank: 1, follows: false }\nproperties:\n  Id: { type: String, ${named}, example: a }\n  Name: { type: String, ${named}, example: a }
  Team: { type: String, ${named}, example: a }`,
    ),
  },
  {
    file: 'vendor/teams.yaml',
    text: set(
      'Teams',
      `key: [Team]\ndimension:\n  - { set: Agents, rank: 1, follows: false }\nproperties:\n  Team: { type: String, ${named}, example: a }`,
    ),
  },
  {
    file: 'vendor/call-tags.yaml',
    text: set(
      'CallTags',
      `key: [CallId, TagId]\nbridge: { from: Calls, parent: { CallId: CallId }, list: { property: TagIds, as: TagId }, paired: { property: TagNames, as: Name } }\nproperties:\n  CallId: { type: String, ${named}, example: a }\n  TagId: { type: String, ${named}, example: a }\n  Name: { type: String, ${named}, example: a }`,
    ),
  },
];

function built(files: Parameters<typeof buildCatalogue>[0]) {
  const { catalogue, faults } = buildCatalogue(files, {});
  assert.deepEqual(faults.map(faultText), []);
  assert.ok(catalogue);
  return catalogue;
}

describe('rows that the metadata gives', () => {
  const feed = useFeed(built([{ file: 'kinds.yaml', text: kinds }]));

  it('A17 reach PostgreSQL as the conversions of their types read them', async () => {
    assert.deepEqual(
      await feed().rows(
        `SELECT "Code", "Number"::text, extract(epoch FROM "Wait")::int AS wait, encode("Raw", 'escape') AS raw, "Yes", "Day"::text, "At" = '2025-06-16T07:46:40Z' AS at FROM feed."AcmeKinds" ORDER BY "Number"`,
      ),
      [
        { Code: 'a', Number: '1.234', wait: -90_000, raw: 'hello', Yes: true, Day: '0001-01-01', at: true },
        { Code: '1,24E+15', Number: '1000', wait: null, raw: null, Yes: null, Day: null, at: null },
      ],
    );
  });
});

describe('columns whose texts name something', () => {
  const catalogue = built(vendor);
  const feed = useFeed(catalogue);

  it('A8 are keys, references, joins, and what the keys of derived sets are made of', () => {
    const columns = catalogue.exports.find((one) => one.name === 'calls')?.columns ?? [];
    assert.deepEqual(
      columns.filter((column) => column.identifies).map((column) => column.property),
      ['CallId', 'AgentId', 'AgentTeam', 'QueueId', 'TagIds', 'SiteId'],
    );
  });

  it('A8 refuse what a spreadsheet made of a long number, and nothing else does', async () => {
    const columns = ['CallId', 'AgentId', 'AgentName', 'AgentTeam', 'QueueId', 'TagIds', 'TagNames', 'SiteId', 'Text'];
    const rows = columns.map((name, at) =>
      columns.map((one) => (one === name ? '1,24E+15' : one === 'CallId' ? `c${at}` : 'a')),
    );
    const result = await feed().load('calls.csv', csv([columns, ...rows]), {
      source: 'vendor',
      export: 'calls',
      force: true,
    });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
    const rejects = await feed().rows(`SELECT property, code FROM gateway.reject ORDER BY line`);
    assert.deepEqual(
      rejects,
      ['CallId', 'AgentId', 'AgentTeam', 'QueueId', 'TagIds', 'SiteId'].map((property) => ({
        property,
        code: 'SCIENTIFIC_NOTATION',
      })),
    );
  });

  it('A17 a computed text that its index cannot hold costs its row', async () => {
    const long = Array.from({ length: 9000 }, () => 'x').join('');
    const text = csv([
      ['CallId', 'Text'],
      ['l1', long],
      ['l2', 'xx'],
      ['l3', 'y'],
    ]);
    const result = await feed().load('long.csv', text, { source: 'vendor', export: 'calls' });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
    assert.deepEqual(
      await feed().rows(`SELECT line::int, code, property FROM gateway.reject WHERE code = 'TOO_LONG'`),
      [{ line: 2, code: 'TOO_LONG', property: 'Long' }],
    );
  });
});
