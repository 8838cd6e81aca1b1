import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FeedWatch } from '../../src/commands/serving/feed-watch.ts';
import { statusCommand } from '../../src/commands/status.ts';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';

describe('gateway status of proxied feeds', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'feeds-'));
  let home: TestDatabase;
  let database: Database;
  before(async () => {
    home = await migratedDatabase();
    database = await openDatabase({ connection: home.connectionString });
  });
  after(async () => {
    await database?.close();
    await home?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function status(begins = 'warning'): Promise<readonly [code: number, lines: readonly string[]]> {
    const lines: string[] = [];
    const environment = { DATA_DIR: folder, DATABASE_URL: home.connectionString, METADATA_DIR: folder };
    const code = await statusCommand(
      {
        ...{ config: readConfig(environment), environment, progress: () => undefined, observe: () => undefined },
        print: (line: string) => void lines.push(line),
      },
      { json: false },
    );
    return [code, lines.filter((line) => line.startsWith(begins))];
  }

  it('has those that fail and are left alone, as long as a gateway says so, and since when the first one does', async () => {
    const [one, other] = [
      new FeedWatch(() => new Date('2026-03-01T12:00:00Z')),
      new FeedWatch(() => new Date('2026-03-01T11:00:00Z')),
    ];
    one.observe({ event: 'upstream', source: 'near', state: 'down', message: 'It cannot be reached.' });
    const failed = { seconds: 10, reason: 'connect ECONNREFUSED 127.0.0.1:9' };
    one.observe({ event: 'upstream-circuit', source: 'far', state: 'open', ...failed });
    one.observe({ event: 'upstream-circuit', source: 'far', state: 'half-open' });
    other.observe({ event: 'upstream-circuit', source: 'far', state: 'half-open' });
    await one.tell(database);
    await other.tell(database);
    const far = 'warning: the proxied feed far, since 2026-03-01T11:00:00Z: it fails, and is left alone';
    const near = 'warning: the proxied feed near, since 2026-03-01T12:00:00Z: It cannot be reached.';
    const [code, warnings] = await status();
    assert.equal(code, 1);
    assert.deepEqual([warnings[0]?.slice(0, far.length), warnings[1]], [far, near]);
    one.observe({ event: 'upstream', source: 'near', state: 'ok', message: '' });
    // The other gateway is gone.
    await database.query(`UPDATE gateway.feed_trouble SET told_at = told_at - interval '2 minutes'`);
    assert.deepEqual(await status(), [0, []]);
    one.observe({ event: 'upstream-circuit', source: 'far', state: 'half-open' });
    await one.tell(database);
    assert.match(
      (await status())[1].join(),
      /^warning: the proxied feed far, since 2026-03-01T12:00:00Z: it fails [(]connect ECONNREFUSED [^,]*, [^,]*$/,
    );
    await other.tell(database);
    one.observe({ event: 'upstream-circuit', source: 'far', state: 'closed' });
    await one.tell(database);
    assert.deepEqual(await status(), [0, []], 'what is over is so at once');
    await other.tell(database);
    await one.tell(database);
    assert.equal((await status())[1].length, 1, 'the other one still sees it');
    await database.query(`UPDATE gateway.feed_trouble SET told_at = told_at - interval '2 minutes'`);
    await one.tell(database);
    assert.equal((await database.query('SELECT FROM gateway.feed_trouble')).rowCount, 0, 'what nobody says goes');
  });

  it('has archives, with what their feeds do not give as documented, which is for nobody to wait for', async () => {
    await database.query(
      `INSERT INTO gateway.archive (entity_set, source, feed, shape, lacking) VALUES ('FarCalls', 'far', 'https://far.example/', '{}', 'endedAt is not in the feed')`,
    );
    assert.deepEqual(await status('archive'), [
      0,
      ['archive of FarCalls: not whole yet, not copied yet; not as documented: endedAt is not in the feed'],
    ]);
    await database.query('DELETE FROM gateway.archive');
  });
});
