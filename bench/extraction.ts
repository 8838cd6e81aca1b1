/**
 * Full extraction over HTTP beside `psql -c 'COPY ... TO STDOUT'` of the same rows in the same run:
 *   node --import tsx bench/extraction.ts [rows]
 * Prints rows per second, the ratio to psql, time to the first byte and resident memory. Set BENCH_DATABASE_URL to an
 * empty database to use a server of your own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Catalogue } from '../src/catalogue/catalogue.ts';
import type { EntitySet, EntityType, PrimitiveTypeName, Property } from '../src/edm/model.ts';
import { openToAll } from '../src/http/authentication.ts';
import { httpListener } from '../src/http/listener.ts';
import { startEmbeddedServer } from '../src/warehouse/embedded-server.ts';
import { migrate } from '../src/warehouse/migrate.ts';
import { openDatabase } from '../src/warehouse/postgres-database.ts';

const columns: readonly [string, PrimitiveTypeName, string, string][] = [
  ['Id', 'Edm.Int64', 'bigint', 'g'],
  ['ConversationId', 'Edm.String', 'text', `'conv-' || g / 7`],
  ['Channel', 'Edm.String', 'text', `(array['Twitter', 'Facebook', 'WhatsApp', 'Email'])[1 + g % 4]`],
  ['Direction', 'Edm.String', 'text', `CASE WHEN g % 2 = 0 THEN 'inbound' ELSE 'outbound' END`],
  ['Created', 'Edm.DateTimeOffset', 'timestamptz', `'2024-01-01Z'::timestamptz + g * interval '31 seconds'`],
  [
    'Answered',
    'Edm.DateTimeOffset',
    'timestamptz',
    `CASE WHEN g % 3 > 0 THEN '2024-01-01Z'::timestamptz + g * interval '31.5 seconds' END`,
  ],
  ['Day', 'Edm.Date', 'date', `'2024-01-01'::date + (g / 3000)::integer`],
  ['Agent', 'Edm.String', 'text', `'agent ' || g % 40`],
  ['Team', 'Edm.String', 'text', `'Team "' || g % 5 || '"'`],
  ['Contact', 'Edm.Guid', 'uuid', 'md5(g::text)::uuid'],
  [
    'Text',
    'Edm.String',
    'text',
    `'Hello, I have a question about my order ' || g || E'. It said \\n"delivered" but é nothing came.'`,
  ],
  ['Subject', 'Edm.String', 'text', `'Order ' || g`],
  ['Score', 'Edm.Decimal', 'numeric', '(g % 10000) / 100.0'],
  ['Sentiment', 'Edm.Double', 'double precision', '(g % 1000) / 7.0'],
  ['Words', 'Edm.Int32', 'integer', 'g % 120'],
  ['Seconds', 'Edm.Int32', 'integer', 'g % 3600'],
  ['Handled', 'Edm.Boolean', 'boolean', 'g % 2 = 0'],
  ['Closed', 'Edm.Boolean', 'boolean', 'g % 5 = 0'],
  ['Topic', 'Edm.String', 'text', `'Topic ' || g % 12`],
  ['Tags', 'Edm.String', 'text', `CASE WHEN g % 4 > 0 THEN 'a;b' END`],
  ['Language', 'Edm.String', 'text', `'nl'`],
  ['Note', 'Edm.String', 'text', 'NULL::text'],
];
const rowCount = Number(process.argv[2] ?? 1_000_000);
const property = ([name, type]: (typeof columns)[number]): [string, Property] => [
  name,
  { kind: 'Property', name, type, collection: false, nullable: name !== 'Id' },
];
const entityType: EntityType = {
  kind: 'EntityType',
  name: 'Message',
  key: ['Id'],
  properties: new Map(columns.map(property)),
  navigationProperties: new Map(),
};
const entitySet: EntitySet = {
  kind: 'EntitySet',
  name: 'Messages',
  entityType,
  navigationPropertyBindings: new Map(),
  searchable: [],
};
const catalogue: Catalogue = {
  model: {
    namespace: 'Bench',
    container: 'Container',
    entityTypes: new Map([['Message', entityType]]),
    entitySets: new Map([['Messages', entitySet]]),
  },
  sources: new Map(),
  exports: [],
  sets: new Map([
    [
      'Messages',
      {
        kind: 'stored',
        name: 'Messages',
        source: 'bench',
        role: 'export',
        relation: { schema: 'feed', name: 'Messages' },
        columns: new Map(columns.map(([name, , sqlType]) => [name, { name, sqlType }])),
        rowId: '_row',
        versionColumn: null,
        hiddenBy: null,
        indexes: [],
        derivation: null,
      },
    ],
  ]),
};

const given = process.env['BENCH_DATABASE_URL'];
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-bench-'));
const settings = { fsync: 'off', shared_buffers: '512MB', max_wal_size: '4GB' };
const server = given === undefined ? await startEmbeddedServer({ dataDir, settings }) : null;
const {
  host,
  port,
  user,
  password,
  database: name,
} = server?.address ?? { host: '', port: 0, user: '', password: '', database: '' };
const url = given ?? `postgres://${user}:${password}@${encodeURIComponent(host)}:${port}/${name}`;
const database = await openDatabase({ connection: url });
await migrate(database);
const definitions = columns.map(([name, , sql]) => `"${name}" ${sql}${sql === 'text' ? ' COLLATE "C"' : ''}`);
await database.query(`DROP TABLE IF EXISTS feed."Messages"`);
await database.query(
  `CREATE TABLE feed."Messages" (${definitions.join(', ')}, _row bigint GENERATED ALWAYS AS IDENTITY UNIQUE)`,
);
await database.query(
  `INSERT INTO feed."Messages" SELECT ${columns.map(([, , , sql]) => sql).join(', ')} FROM generate_series(1, ${rowCount}) AS g`,
);
await database.query('VACUUM ANALYZE feed."Messages"');
await database.query('GRANT SELECT ON feed."Messages" TO gateway_reader');

const app = httpListener({
  catalogue: () => catalogue,
  capabilities: null,
  database,
  upstreams: new Map(),
  authentication: openToAll,
  settings: { pageSize: rowCount, publicUrl: null, statementTimeout: 600_000 },
  events: {
    request: () => {},
    broken: (_, reason) => process.stdout.write(`broken: ${reason}\n`),
    defect: (_, error) => process.stdout.write(`defect: ${error.stack}\n`),
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
const root = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/odata/`;

function viaPsql(select: string): number {
  const started = performance.now();
  const { status } = spawnSync('psql', [url, '-q', '-c', `COPY (${select}) TO STDOUT`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return status === 0 ? performance.now() - started : Number.NaN;
}

/** In a process of its own, so that counting does not take the server's time. */
const client = `
  const http = require('http'); const t = performance.now(); let n = 0, first = 0;
  http.get(process.argv[1], { headers: JSON.parse(process.argv[2]) }, (r) => {
    r.on('data', (c) => { if (n === 0) first = performance.now() - t; n += c.length; });
    r.on('end', () => console.log(JSON.stringify({ ms: performance.now() - t, first, n, status: r.statusCode })));
  });`;

function viaFeed(path: string, headers: http.OutgoingHttpHeaders): Promise<{ ms: number; first: number; n: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', client, `${root}${path}`, JSON.stringify(headers)]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error('client failed'))));
  });
}

async function compare(
  title: string,
  path: string,
  select: string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<void> {
  const counted = await database.query<{ n: string }>(`SELECT count(*) AS n FROM (${select}) AS q`);
  for (let round = 0; round < 3; round++) {
    const psql = viaPsql(select);
    const feed = await viaFeed(path, headers);
    const rows = Math.round(Number(counted.rows[0]?.n) / (feed.ms / 1000));
    const rss = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(
      `${title}: psql ${(psql / 1000).toFixed(2)} s, feed ${(feed.ms / 1000).toFixed(2)} s, ${rows} rows/s, ratio ${(psql / feed.ms).toFixed(2)}, first byte ${feed.first.toFixed(0)} ms, ${(feed.n / 1e6).toFixed(0)} MB, rss ${rss} MB\n`,
    );
  }
}

const all = columns.map(([column]) => `"${column}"`).join(', ');
await compare('full', 'Messages', `SELECT ${all} FROM feed."Messages"`);
await compare(
  'six columns of a month',
  'Messages?$select=Id,Channel,Created,Agent,Seconds,Handled&$filter=Created%20ge%202024-03-01T00:00:00Z%20and%20Created%20lt%202024-04-01T00:00:00Z',
  `SELECT "Id", "Channel", "Created", "Agent", "Seconds", "Handled" FROM feed."Messages" WHERE "Created" >= '2024-03-01Z' AND "Created" < '2024-04-01Z'`,
);
await compare('full, gzip', 'Messages', `SELECT ${all} FROM feed."Messages"`, { 'Accept-Encoding': 'gzip' });
await app.close();
await database.close();
await server?.stop();
rmSync(dataDir, { recursive: true, force: true });
