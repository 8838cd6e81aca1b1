import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { noteRefusal } from '../../src/warehouse/shared/reader-use.ts';
import { quickLine } from '../http/signing-in.ts';
import { until } from '../support/until.ts';
import { useGateways } from './gateways.ts';

const names = ['ann', 'bob', 'cat', 'dan'];

describe('several gateways: what one reader may ask for', () => {
  const shared = useGateways(3, (folder) => {
    const users = path.join(folder, 'users');
    writeFileSync(users, names.map((name) => `${quickLine(name, `a password of ${name}`)}\n`).join(''));
    return {
      ...{ AUTH_BASIC_FILE: users, AUDIT: 'off', READER_REQUESTS_PER_MINUTE: '30' },
      ...{ READER_REQUESTS_AT_ONCE: '3', READER_ROWS_PER_DAY: '5000' },
    };
  });
  before(async () => {
    await shared().client.query(
      `INSERT INTO feed."AcmeThings" ("ThingId", "Title") SELECT 'k' || g, 't' FROM generate_series(1, 3000) g`,
    );
  });

  const ask = async (at: number, url: string, name: string): Promise<Response> => {
    const authorization = `Basic ${Buffer.from(`${name}:a password of ${name}`).toString('base64')}`;
    return (shared().gateways.all[at % 3] ?? assert.fail()).get(url, { Authorization: authorization });
  };

  it('requests a minute of all together: less than twice in a burst, and what was too much is missing later', async () => {
    let answered = 0;
    for (let n = 0; n < 90; n++) {
      answered += Number((await ask(n, `?${n}`, 'ann')).status === 200);
    }
    // They took some seconds, in each of which half a request is given back.
    assert.ok(answered >= 30 && answered < 60, String(answered));
    await until('all know it', async () => {
      const all = await Promise.all([0, 1, 2].map((at) => ask(at, '?again', 'ann')));
      return all.every(({ status }) => status === 429);
    });
    for (const url of ['/connect/powerbi.pbids', '/console/data/start']) {
      const reply = await ask(1, url, 'ann');
      assert.deepEqual([reply.status, reply.headers.has('retry-after')], [429, true], url);
      assert.equal((await ask(1, url, 'bob')).status, 200, url);
    }
    assert.equal((await ask(0, '', 'bob')).status, 200, 'another one has his own');
  });

  it('who came again as told, at whichever gateway, is let in after three refusals', async () => {
    const opened = await openDatabase({ connection: shared().database.connectionString });
    const refuse = (mayPass: boolean) => noteRefusal(opened, 'one', { seconds: 10, most: 3, mayPass });
    const wait = () =>
      shared().client.query(`UPDATE gateway.reader_refusal SET due_at = due_at - interval '11 seconds'`);
    const found: boolean[] = [await refuse(true), await refuse(true)];
    for (let n = 0; n < 3; n++) {
      await wait();
      found.push(await refuse(n !== 2));
    }
    // The second came too early, so it is the first; the last of them did not sign in.
    assert.deepEqual(found, [false, false, false, false, false]);
    await wait();
    assert.deepEqual([await refuse(true), await refuse(true)], [true, false], 'and begins anew');
    await opened.close();
  });

  it('rows a day', async () => {
    for (const at of [0, 1]) {
      await until(`gateway ${at} lets it in or knows`, async () => (await ask(at, 'AcmeThings', 'cat')).status === 200);
    }
    await until('the third one knows that they are spent', async () => {
      const reply = await ask(2, '', 'cat');
      return /rows that one reader may get in a day are spent/.test(await reply.text());
    });
  });

  it('requests at once', async () => {
    await shared().client.query('BEGIN; LOCK TABLE feed."AcmeThings" IN ACCESS EXCLUSIVE MODE');
    const working = [0, 1, 2].map((at) => ask(at, 'AcmeThings?$top=1', 'dan'));
    try {
      await until('all three are being answered', async () => {
        await shared().client.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await shared().client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rows.length === 3;
      });
      for (const at of [0, 1, 2]) {
        await until('the others are known', async () => {
          const reply = await ask(at, `?${at}`, 'dan');
          return /3 requests of yours are being answered/.test(await reply.text());
        });
      }
    } finally {
      await shared().client.query('ROLLBACK');
    }
    assert.deepEqual(
      (await Promise.all(working)).map(({ status }) => status),
      [200, 200, 200],
    );
    await until('there is room again', async () => (await ask(0, '?after', 'dan')).status === 200);
  });
});
