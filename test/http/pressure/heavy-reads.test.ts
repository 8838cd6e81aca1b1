import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const rows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId")
    SELECT g, repeat('x', 200) || g, g % 7, g % 50 FROM generate_series(1, 20000) AS g;
  INSERT INTO feed."Agents" ("Id", "Name") SELECT g, 'Agent ' || g FROM generate_series(0, 49) AS g;
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body") SELECT g, 1, 'm' FROM generate_series(1, 20000) AS g;
  ANALYZE;`;

interface Fault {
  readonly error: { readonly code: string; readonly message: string };
}

/** Two estimates in a row of what is not light: it does not fit into a megabyte. */
const extraction = 'Cases?$select=Id,Title';
/** PostgreSQL expects minutes of it. */
const long = (turn: number): string =>
  `$crossjoin(Cases,Messages)/$count?$filter=contains(Cases/Title,Messages/Body)%20and%20Cases/Id%20ne%20${turn}`;

describe('D4 many heavy requests at once', () => {
  let feed: TestServer;
  before(async () => {
    // Few of everything, so that whatever held two of anything would wait for itself.
    feed = await startTestServer({
      rows,
      database: { readers: 8, patience: 240_000, admission: { pages: 1, long: 1, connections: 1 } },
      statementTimeout: 120_000,
    });
  });
  after(() => feed.close());

  async function working(): Promise<number> {
    // Within a transaction PostgreSQL would show what it showed before.
    await feed.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows: found } = await feed.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway reader' AND state = 'active'`,
    );
    return found[0]?.n ?? 0;
  }

  /** Rows of one page, read as they come. */
  async function rowsOf(path: string): Promise<number> {
    const reply = await feed.get(path);
    assert.equal(reply.status, 200);
    return ((await reply.json()) as { value: unknown[] }).value.length;
  }

  /** While nothing can be read from Messages and nothing of a table that is to be gone through. */
  async function whileLocked(tables: string, work: (unlock: () => Promise<void>) => Promise<void>): Promise<void> {
    await feed.client.query(`BEGIN; LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`);
    let locked = true;
    const unlock = async (): Promise<void> => {
      if (locked) {
        await feed.client.query('ROLLBACK');
      }
      locked = false;
    };
    try {
      await work(unlock);
    } finally {
      await unlock();
    }
  }

  it('D4 expensive statements leave connections and answers for small requests', async () => {
    const gone = new AbortController();
    const heavy = Array.from({ length: 16 }, (_, turn) =>
      fetch(new URL(long(turn), feed.root), { signal: gone.signal }).catch((error: Error) => error.name),
    );
    await until('one works', async () => (await working()) >= 1);
    for (const small of [
      'Cases?$top=20',
      'Cases(7)',
      'Agents',
      'Cases(7)/Title/$value',
      'Agents?$filter=Name%20eq%20%27Agent%203%27',
      'Agents/$count',
    ]) {
      assert.equal((await feed.get(small)).status, 200, small);
    }
    await until('no other works', async () => (await working()) === 1);
    // A page of rows goes its own way beside them.
    assert.equal(await rowsOf(extraction), 20_000);
    gone.abort();
    assert.deepEqual(
      await Promise.all(heavy),
      Array.from({ length: 16 }, () => 'AbortError'),
    );
    await until('none works', async () => (await working()) === 0);
  });

  it('D4 heavy ones wait for their turn and are not turned away: all end whole', async () => {
    const asked: Promise<number>[] = [];
    await whileLocked('feed."Cases"', async (unlock) => {
      for (let turn = 0; turn < 20; turn++) {
        asked.push(rowsOf(extraction));
      }
      await until('one works', async () => (await working()) >= 1);
      assert.equal((await feed.get('Agents?$top=5')).status, 200);
      await unlock();
    });
    assert.deepEqual(
      await Promise.all(asked),
      Array.from({ length: 20 }, () => 20_000),
    );
  });

  it('D4 who hangs up while waiting makes room, and costs PostgreSQL nothing', async () => {
    await whileLocked('feed."Cases"', async (unlock) => {
      const first = rowsOf(extraction);
      await until('one works', async () => (await working()) >= 1);
      const gone = new AbortController();
      const before = feed.log.length;
      const arrived = feed.arrived();
      const left = fetch(new URL(extraction, feed.root), { signal: gone.signal });
      const next = rowsOf(extraction);
      await until('both are here', () => feed.arrived() === arrived + 2);
      gone.abort();
      await assert.rejects(left, { name: 'AbortError' });
      await until('the log says that it left', () => feed.log.slice(before).some(({ status }) => status === 499));
      await unlock();
      assert.deepEqual([await first, await next], [20_000, 20_000]);
    });
  });

  it('D4 batches and asynchronous requests obey the same admission', async () => {
    const requests = Array.from({ length: 5 }, (_, id) => ({ id: String(id), method: 'GET', url: extraction }));
    const batch = await fetch(new URL('$batch', feed.root), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'OData-MaxVersion': '4.01' },
      body: JSON.stringify({ requests }),
    });
    const later = await feed.get(extraction, { Prefer: 'respond-async' });
    assert.equal(later.status, 202);
    const small = await feed.get('Cases?$top=1');
    assert.equal(small.status, 200);
    const { responses } = (await batch.json()) as { responses: { status: number; body: { value: unknown[] } }[] };
    assert.deepEqual(
      responses.map(({ status, body }) => [status, body.value.length]),
      requests.map(() => [200, 20_000]),
    );
    const monitor = later.headers.get('location') ?? '';
    await until('it is there', async () => {
      const reply = await fetch(monitor, { headers: { 'OData-MaxVersion': '4.01' } });
      await reply.text();
      return reply.status === 200;
    });
  });

  it('D4 a request whose answer the client has already does not wait for its turn', async () => {
    const first = await feed.get('Cases?$filter=Priority%20ne%203');
    const etag = first.headers.get('etag') ?? '';
    await first.text();
    await whileLocked('feed."Cases"', async (unlock) => {
      const busy = rowsOf(extraction);
      await until('one works', async () => (await working()) >= 1);
      const known = await feed.get('Cases?$filter=Priority%20ne%203', { 'If-None-Match': etag });
      assert.equal(known.status, 304);
      await unlock();
      assert.equal(await busy, 20_000);
    });
  });

  it('D4 a statement that cannot end in its time is refused before it begins', async () => {
    const hasty = await startTestServer({ rows, statementTimeout: 5000 });
    try {
      const refused = await hasty.get(
        '$crossjoin(Cases,Messages,Agents)/$count?$filter=Cases/Title%20lt%20Messages/Body%20and%20Agents/Name%20ne%20Cases/Title',
      );
      const body = (await refused.json()) as Fault;
      assert.deepEqual([refused.status, body.error.code], [400, 'LimitExceeded']);
      assert.match(body.error.message, /could not end it within the time limit/);
      assert.equal((await hasty.get('Cases?$apply=groupby((Title),aggregate($count%20as%20N))&$top=5')).status, 200);
    } finally {
      await hasty.close();
    }
  });

  it('D4 a request taken for a light one that is none waits for its turn, and is answered whole', async () => {
    const server = await startTestServer({
      rows,
      database: { readers: 8, admission: { pages: 1, long: 1, connections: 1, lightTime: 50 } },
    });
    try {
      await server.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      // Takes the only turn, so that the next one is estimated.
      const busy = server.get(extraction).then((reply) => reply.text());
      const misjudged = server.get('Cases?$filter=Priority%20eq%203&$top=10');
      await delay(300);
      await server.client.query('ROLLBACK');
      await busy;
      const reply = await misjudged;
      assert.equal(reply.status, 200);
      assert.equal(((await reply.json()) as { value: unknown[] }).value.length, 10);
    } finally {
      await server.close();
    }
  });
});

describe('D5 room on the disk', () => {
  it('D5 a query that wants more temporary files than it may have is a clear 400 without a path', async () => {
    const feed = await startTestServer({
      rows,
      database: { temporaryFiles: { bytes: 64 * 1024, room: () => null } },
    });
    try {
      await feed.client.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64kB'); END $$`,
      );
      const reply = await feed.get('Cases?$apply=groupby((Title),aggregate(Id%20with%20max%20as%20M))&$orderby=M');
      const { error } = (await reply.json()) as Fault;
      assert.deepEqual([reply.status, error.code], [400, 'LimitExceeded']);
      assert.match(error.message, /more room to sort, join or group/);
      assert.ok(!error.message.includes('/'), error.message);
      assert.equal((await feed.get('Cases?$top=3')).status, 200);
    } finally {
      await feed.close();
    }
  });

  it('D5 one read may have a share of what is free on the disk, and no more', async () => {
    let free = 10_000;
    const feed = await startTestServer({
      rows,
      database: { temporaryFiles: { bytes: 1e12, room: () => free } },
    });
    try {
      await feed.client.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64kB'); END $$`,
      );
      const path = 'Cases?$apply=groupby((Title),aggregate(Id%20with%20max%20as%20M))&$orderby=M';
      assert.equal((await feed.get(path)).status, 400);
      free = 1e11;
      assert.equal((await feed.get(path)).status, 200);
    } finally {
      await feed.close();
    }
  });
});
