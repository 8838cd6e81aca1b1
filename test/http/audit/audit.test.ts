import assert from 'node:assert/strict';
import { after, before } from 'mocha';
import { openAccess } from '../../../src/access/open-access.ts';
import { AuditTrail, openAudit } from '../../../src/commands/serving/audit-trail.ts';
import { readConfig } from '../../../src/config.ts';
import type { AuditRecord } from '../../../src/http/audit/audit-record.ts';
import { authentication } from '../../../src/http/sign-in/authentication.ts';
import { unobserved } from '../../../src/observation/observe.ts';
import { visibleCatalogue } from '../../../src/plan/visible.ts';
import { namedPrincipal, type Principal } from '../../../src/sign-in/principal.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { migratedDatabase } from '../../support/made-databases.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { knownKeys } from '../signing-in.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const record: AuditRecord = {
  ...{ requestId: 'r', at: '2026-11-30T12:00:00.000Z', principal: 'key:bi', name: 'bi', address: '10.0.0.1' },
  ...{ method: 'GET', path: 'Cases(?)', query: '$filter=a\0b', status: 200, errorCode: null, rows: 3, bytes: 400 },
  ...{ milliseconds: 1, client: null, agent: 'x' },
};

describe('the audit', () => {
  let store: TestDatabase;
  let database: Database;
  let feed: TestServer;
  const records: AuditRecord[] = [];
  before(async () => {
    store = await migratedDatabase();
    database = await openDatabase({ connection: store.connectionString });
    feed = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`,
      authentication: authentication({ basic: null, keys: knownKeys({ k: 'bi' }) }, 'api-key'),
      audit: (one) => records.push(one),
    });
  });
  after(async () => {
    await feed.close();
    await database.close();
    await store.drop();
  });

  const kept = async (): Promise<Record<string, unknown>[]> =>
    (
      await database.query<Record<string, unknown>>('SELECT * FROM gateway.audit_events ORDER BY "EventId"')
    ).rows.slice();

  it('has a row for each request, parts of a batch too, and no key of anybody', async () => {
    const mashup = {
      'api-key': 'k',
      'user-agent': 'Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)',
    };
    await (await feed.get('Agents?$filter=Id%20ge%201', mashup)).text();
    await (await feed.get('Agents(1)?api-key=k')).text();
    await (await feed.get('Agents?api-key=wrong')).text();
    const batch = { requests: [{ id: '1', method: 'get', url: 'Agents(2)' }] };
    const headers = { 'api-key': 'k', 'content-type': 'application/json' };
    await (await fetch(`${feed.root}$batch`, { method: 'POST', headers, body: JSON.stringify(batch) })).text();
    const told = records.map(({ name, path, query, status, rows, client }) => [
      name,
      path,
      query,
      status,
      rows,
      client,
    ]);
    assert.deepEqual(told, [
      ['bi', 'Agents', '$filter=Id ge 1', 200, 2, 'Power Query'],
      ['bi', 'Agents(?)', '', 200, 1, null],
      [null, 'Agents', '', 401, null, null],
      ['bi', 'Agents(?)', '', 200, 1, null],
      ['bi', '$batch', '', 200, null, null],
    ]);
    const [first, , , inner] = records;
    assert.equal(first?.address, '127.0.0.1');
    assert.ok((first?.bytes ?? 0) > 200 && inner?.bytes === null);
    assert.doesNotMatch(JSON.stringify(records), /wrong|"k"/);
  });

  it('is written beside the replies, in batches, and pruned', async () => {
    let statements = 0;
    const counted: Pick<Database, 'query'> = {
      query: (text, values) => {
        statements += 1;
        return database.query(text, values);
      },
    };
    const trail = new AuditTrail(counted, { days: 10, observe: () => {}, now: () => new Date('2026-12-05T00:00:00Z') });
    for (let index = 0; index < 1500; index++) {
      trail.add({ ...record, requestId: `r${index}`, at: index === 0 ? '2026-11-01T00:00:00Z' : record.at });
    }
    await trail.flush();
    assert.equal(statements, 2);
    const rows = await kept();
    assert.equal(rows.length, 1500);
    assert.deepEqual(
      [rows[1]?.['Query'], rows[1]?.['Rows'], rows[1]?.['Principal']],
      ['$filter=a\u{fffd}b', '3', 'key:bi'],
    );
    await trail.work().run(null);
    assert.equal((await kept()).length, 1499);
    await trail.close();
    await database.query('TRUNCATE gateway.audit_event');
  });

  it('waits for PostgreSQL within bounds, tells what it left out, and writes the rest before it ends', async () => {
    let away = true;
    const flaky: Pick<Database, 'query'> = {
      query: (text, values) => (away ? Promise.reject(new Error('away')) : database.query(text, values)),
    };
    const gaps: number[] = [];
    const trail = new AuditTrail(flaky, {
      days: 1,
      observe: (event) => {
        if (event.event === 'audit-gap') {
          gaps.push(event.records);
        }
      },
    });
    for (let index = 0; index < 10_007; index++) {
      trail.add(record);
    }
    await trail.flush();
    assert.deepEqual(gaps, []);
    away = false;
    await trail.close();
    assert.deepEqual(gaps, [7]);
    assert.equal((await kept()).length, 10_000);
  });

  it('is kept where somebody signs in, or as AUDIT says', async () => {
    const log: string[] = [];
    const open = (setting: string | undefined, signsIn: boolean) =>
      openAudit(readConfig({ AUDIT: setting }), database, { signsIn, observe: ({ event }) => log.push(event) });
    const found = [open(undefined, true), open(undefined, false), open('log', false), open('off', true)];
    assert.deepEqual(
      found.map(({ add, works }) => [add !== null, works.length]),
      [
        [true, 1],
        [false, 0],
        [true, 0],
        [false, 0],
      ],
    );
    found[2]?.add?.(record);
    assert.deepEqual(log, ['audit']);
    await Promise.all(found.map((one) => one.close()));
  });

  it('and the text of rejected rows are for those alone whom OPERATORS names, where no file makes rules; nobody else learns of them', () => {
    const catalogue = catalogueOf(metadataFolder);
    const [ann, bob] = [namedPrincipal('key', 'ann'), namedPrincipal('key', 'bob')];
    const seen = (who: Principal | null, alone: boolean) => {
      const isOperator = (one: Principal | null): boolean => (one === null ? alone : one.name === 'ann');
      const access = openAccess(null, { catalogue, isOperator, observe: unobserved, watch: () => undefined });
      const grants = access.grantsOf(who, catalogue);
      assert.equal(access.grantsOf(who, catalogue), grants, 'made once');
      const { entitySets } = visibleCatalogue(catalogue, grants).model;
      const raw = entitySets.get('LoadRejects')?.entityType.properties.has('RawText');
      const may = (['read', 'replay', 'ingest', 'administer'] as const).map((one) => access.allows(who, one));
      return [catalogue.model.entitySets.size - entitySets.size, entitySets.has('AuditEvents'), raw, may];
    };
    const [all, reads] = [
      [true, true, true, true],
      [true, false, false, false],
    ];
    assert.deepEqual(seen(ann, false), [0, true, true, all]);
    assert.deepEqual(seen(bob, false), [1, false, false, reads]);
    assert.deepEqual(seen(null, false), [1, false, false, reads]);
    // On this machine, where nobody signs in.
    assert.deepEqual(seen(null, true), [1, false, true, all]);
  });
});
