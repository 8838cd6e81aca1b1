import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { noteRequest } from '../../src/warehouse/shared/async-requests.ts';
import { quickLine } from '../http/signing-in.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';
import { useGateways } from './gateways.ts';

const as = (name: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:a password of ${name}`).toString('base64')}`,
  'OData-MaxVersion': '4.01',
});

const everything = '{ all: true }';
const rules = (ofAnn: string): string =>
  `roles:\n  a: { who: [{ names: [ann] }], read: [${ofAnn}] }\n  b: { who: [{ names: [bob] }], read: [{ all: true }] }\n`;

describe('several gateways: replies that are fetched later', () => {
  let access = '';
  const shared = useGateways(2, (folder) => {
    const users = path.join(folder, 'users');
    writeFileSync(users, ['ann', 'bob'].map((name) => `${quickLine(name, `a password of ${name}`)}\n`).join(''));
    access = path.join(folder, 'access.yaml');
    putInPlace(access, rules(everything));
    return { AUTH_BASIC_FILE: users, ACCESS_FILE: access, AUDIT: 'off' };
  });
  before(async () => {
    await shared().client.query(
      `INSERT INTO feed."AcmeThings" ("ThingId", "Title") SELECT 'k' || g, repeat('t', 50) FROM generate_series(1, 2000) g`,
    );
  });

  const at = (n: number) => shared().gateways.all[n] ?? assert.fail();
  /** Path and query of the status monitor. */
  async function accepted(n: number, url: string, name = 'ann', init: RequestInit = {}): Promise<string> {
    const headers = { ...as(name), Prefer: 'respond-async', ...(init.headers as Record<string, string>) };
    const reply = await fetch(new URL(url, at(n).root), { ...init, headers });
    assert.equal(reply.status, 202, await reply.text());
    return new URL(reply.headers.get('location') ?? '').pathname;
  }
  const ask = (n: number, monitor: string, name = 'ann', method = 'GET') => at(n).get(monitor, as(name), method);
  async function finished(n: number, monitor: string): Promise<Response> {
    for (;;) {
      const reply = await ask(n, monitor);
      if (reply.status !== 202) {
        return reply;
      }
      await reply.arrayBuffer();
    }
  }
  async function whileLocked(work: () => Promise<void>): Promise<void> {
    await shared().client.query('BEGIN; LOCK TABLE feed."AcmeThings" IN ACCESS EXCLUSIVE MODE');
    try {
      await work();
    } finally {
      await shared().client.query('ROLLBACK');
    }
  }

  it('the other gateway says that it runs, then gives the same reply, to its owner alone', async () => {
    const plain = await (await at(0).get('AcmeThings', as('ann'))).text();
    let monitor = '';
    await whileLocked(async () => {
      monitor = await accepted(0, 'AcmeThings');
      const waiting = await ask(1, monitor);
      assert.equal(waiting.status, 202);
      assert.equal(new URL(waiting.headers.get('location') ?? '').pathname, monitor);
    });
    const there = await finished(1, monitor);
    assert.deepEqual([there.status, there.headers.get('asyncresult')], [200, '200']);
    assert.equal((await there.text()).replaceAll(at(1).root, at(0).root), plain.replaceAll(at(1).root, at(0).root));
    assert.equal((await ask(1, monitor, 'bob')).status, 404);
    assert.equal(await (await finished(0, monitor)).text(), plain, 'and so does the one that was asked');
    assert.equal((await ask(1, `${monitor}x`)).status, 404);
    const { rows } = await shared().client.query<{ all: string }>(
      'SELECT string_agg(r::text, chr(10)) AS all FROM gateway.async_request r',
    );
    const token = monitor.split('/').at(-1) ?? '';
    assert.ok(
      !/authorization|Basic /.test(rows[0]?.all ?? 'authorization') && !rows[0]?.all.includes(token),
      'no secret lies there',
    );
  });

  describe('of somebody whose rights changed since', () => {
    afterEach(() => putInPlace(access, rules(everything)));
    const changes = {
      'fewer rows': `{ sets: [AcmeThings], rows: "ThingId eq 'k1'" }`,
      'fewer columns': '{ sets: [AcmeThings], columns: [ThingId] }',
      'another set': '{ sets: [Loads] }',
    };

    for (const [name, now] of Object.entries(changes)) {
      it(`are given to him by none of them, and never again: ${name}`, async () => {
        for (const order of [
          [0, 1],
          [1, 0],
        ]) {
          for (const ended of [true, false]) {
            putInPlace(access, rules(everything));
            let monitor = '';
            const refused = async (): Promise<void> => {
              putInPlace(access, rules(now));
              for (const [index, n] of order.entries()) {
                const reply = await ask(n, monitor);
                assert.equal(reply.status, 404);
                const text = await reply.text();
                assert.equal(
                  index > 0 || /What you may see has changed .*send its request again/.test(text),
                  true,
                  text,
                );
              }
            };
            if (ended) {
              monitor = await accepted(0, 'AcmeThings?$top=5');
              assert.equal((await finished(0, monitor)).status, 200);
              assert.equal((await finished(1, monitor)).status, 200);
              await refused();
            } else {
              await whileLocked(async () => {
                monitor = await accepted(0, 'AcmeThings?$top=5');
                await refused();
              });
            }
            putInPlace(access, rules(everything));
            for (const n of order) {
              assert.equal((await ask(n, monitor)).status, 404);
            }
          }
        }
      });
    }

    it('and are given where the file says the same in other words', async () => {
      const monitor = await accepted(0, 'AcmeThings?$top=5');
      putInPlace(access, rules('{ sets: [AcmeThings] }, { sources: [acme] }, { all: true }'));
      assert.deepEqual([(await finished(1, monitor)).status, (await finished(0, monitor)).status], [200, 200]);
    });
  });

  it('an error and a batch likewise', async () => {
    const failed = await finished(1, await accepted(0, 'AcmeThings?$filter=Nope eq 1'));
    assert.deepEqual([failed.status, failed.headers.get('asyncresult')], [200, '400']);
    const body = JSON.stringify({ requests: [{ id: '1', method: 'GET', url: 'AcmeThings/$count' }] });
    const init = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } };
    const batch = await finished(1, await accepted(0, '$batch', 'ann', init));
    assert.match(await batch.text(), /"body":\s*"?2000/);
  });

  it('a batch with credentials of its own, or that is no text of PostgreSQL, is answered where it was asked alone', async () => {
    const inner = { id: '1', method: 'GET', url: 'AcmeThings/$count' };
    const headers = { 'Content-Type': 'application/json' };
    const bodies = [
      JSON.stringify({ requests: [{ ...inner, headers: { Authorization: 'Basic c2VjcmV0' } }] }),
      JSON.stringify({ requests: [{ ...inner, url: `${inner.url}?api-key=c2VjcmV0` }] }),
      JSON.stringify({ requests: [{ ...inner, headers: { 'API-Key': 'c2VjcmV0' } }] }),
      `{"requests":[],"text":"\0"}`,
    ];
    await shared().client.query('DELETE FROM gateway.async_request');
    for (const body of bodies) {
      const monitor = await accepted(0, '$batch', 'ann', { method: 'POST', body, headers });
      const reply = await finished(0, monitor);
      assert.deepEqual([reply.status, reply.headers.get('asyncresult')], [200, body.includes('\0') ? '400' : '200']);
      assert.equal((await ask(1, monitor)).status, 404);
      assert.equal((await ask(0, monitor, 'ann', 'DELETE')).status, 204);
    }
    assert.equal((await shared().client.query('SELECT FROM gateway.async_request')).rowCount, 0);
  });

  it('one that the others cannot be told of counts for nobody', async () => {
    await shared().client.query('ALTER TABLE gateway.async_request RENAME TO away');
    try {
      for (let n = 0; n < 18; n++) {
        const refused = await at(0).get('AcmeThings?$top=1', { ...as('ann'), Prefer: 'respond-async' });
        assert.ok(refused.status >= 500, await refused.text());
      }
    } finally {
      await shared().client.query('ALTER TABLE gateway.away RENAME TO async_request');
    }
    assert.equal((await ask(0, await accepted(0, 'AcmeThings?$top=1'), 'ann', 'DELETE')).status, 204);
  });

  it('DELETE at the other gateway ends it where it runs', async () => {
    await whileLocked(async () => {
      const monitor = await accepted(0, 'AcmeThings');
      assert.equal((await ask(1, monitor, 'bob', 'DELETE')).status, 404);
      assert.equal((await ask(1, monitor, 'ann', 'DELETE')).status, 204);
      assert.equal((await ask(0, monitor)).status, 404);
      assert.equal((await ask(1, monitor)).status, 404);
      const other = await accepted(0, 'AcmeThings?$top=5');
      await ask(1, other, 'ann', 'DELETE');
      await until('nothing reads any more', async () => {
        await shared().client.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await shared().client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%AcmeThings%' AND pid <> pg_backend_pid()`,
        );
        return rows.length === 0;
      });
    });
  });

  it('one reader has no more of them than at one gateway', async () => {
    await shared().client.query('DELETE FROM gateway.async_request');
    await until(
      'they are forgotten',
      async () => (await shared().client.query('SELECT FROM gateway.async_request')).rowCount === 0,
    );
    const monitors: string[] = [];
    for (let n = 0; n < 16; n++) {
      const monitor = await accepted(n % 2, 'AcmeThings?$top=1');
      // Few may run at once.
      await finished(n % 2, monitor);
      monitors.push(monitor);
    }
    for (const n of [0, 1]) {
      const refused = await at(n).get('AcmeThings?$top=1', { ...as('ann'), Prefer: 'respond-async' });
      assert.equal(refused.status, 429, await refused.text());
    }
    for (const [n, monitor] of monitors.entries()) {
      assert.equal((await ask((n + 1) % 2, monitor, 'ann', 'DELETE')).status, 204);
    }
  });

  it('one that is noted twice at once, as it is taken and by the heartbeat, counts once', async () => {
    const opened = await openDatabase({ connection: shared().database.connectionString });
    const request = { key: 'once', owner: 'basic:bob', holder: 'basic:bob', request: '{}', running: true };
    const note = (key: string) => noteRequest(opened, { ...request, key }, { instance: 'none', most: 1, seconds: 60 });
    assert.deepEqual(await Promise.all([note('once'), note('once'), note('once')]), [true, true, true]);
    assert.equal(await note('another'), false);
    await opened.close();
  });

  it('what a gateway took that stopped, or that began before there was another one, is answered by the other', async () => {
    const third = await shared().gateways.start();
    await until('it is known', async () => {
      const { rows } = await shared().client.query(
        `SELECT FROM gateway.instance WHERE seen_at > clock_timestamp() - interval '10 s'`,
      );
      return rows.length === 3;
    });
    await until('what it takes is known', async () => {
      await accepted(2, 'AcmeThings?$top=1');
      return ((await shared().client.query('SELECT FROM gateway.async_request')).rowCount ?? 0) > 0;
    });
    let monitor = '';
    await whileLocked(async () => {
      monitor = await accepted(2, 'AcmeThings?$top=3');
      await third.stop();
    });
    const reply = await finished(1, monitor);
    assert.equal(((await reply.json()) as { value: unknown[] }).value.length, 3);
  });
});

describe('one gateway alone: replies that are fetched later', () => {
  const shared = useGateways(1, () => ({ AUDIT: 'off' }));

  it('are known to another one that comes, before the first knows of it', async () => {
    const { gateways, client } = shared();
    const [first = assert.fail()] = gateways.all;
    const taken = await first.get('AcmeThings', { Prefer: 'respond-async', 'OData-MaxVersion': '4.01' });
    assert.equal(taken.status, 202);
    const { rows } = await client.query('SELECT FROM gateway.async_request');
    assert.equal(rows.length, 1, 'whoever asks the database finds it, as soon as its address is told');
    const other = await gateways.start();
    const monitor = new URL(taken.headers.get('location') ?? '').pathname;
    await until('the other one has its reply', async () => {
      const reply = await other.get(monitor, { 'OData-MaxVersion': '4.01' });
      assert.ok([200, 202].includes(reply.status), await reply.text());
      return reply.status === 200;
    });
  });
});
