import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { casesFile } from '../ingest/support/drop.ts';
import { password, serverFolder, upload, user } from '../ingest/support/remote.ts';
import { metadataFolder } from '../support/gateway.ts';
import { useDatabases } from '../support/postgres.ts';
import { ownFtp } from '../support/servers/own-ftp.ts';
import { serve, until, useFolders } from './support/program.ts';

describe('Three gateways with one schedule of fetching', function () {
  this.timeout(15 * 60_000);
  const folder = useFolders();
  const connect = useDatabases();

  it('ask once at each moment, also when the one that asks is killed in the middle, and load each file once', async () => {
    const connectionString = await connect();
    const [metadata, root] = [folder(), serverFolder()];
    cpSync(metadataFolder, metadata, { recursive: true });
    const ftp = await ownFtp({ root, user, password });
    const { manners } = ftp;
    writeFileSync(
      path.join(metadata, 'tracebuzz', 'deliveries.yaml'),
      `deliveries:\n  - { kind: ftp, host: 127.0.0.1, port: ${ftp.port}, user: ${user}, password: { env: FTP_SECRET }, directory: in, minimumAgeSeconds: 0, schedule: '*/30 * * * * *' }\n`,
    );
    const start = async () => {
      const dataDir = folder();
      const program = await serve({
        ...{ DATA_DIR: dataDir, DATABASE_URL: connectionString, METADATA_DIR: metadata, SAMPLES: 'off' },
        FTP_SECRET: password,
      });
      return { ...program, spool: path.join(dataDir, 'spool') };
    };
    const programs = [await start(), await start(), await start()];
    const client = new pg.Client({ connectionString });
    await client.connect();
    /** Of the moment that was done last, and logins up to then. */
    const last = async (): Promise<{ readonly moment: number; readonly logins: number }> => {
      const { logins } = manners;
      const { rows } = await client.query<{ moment: Date }>('SELECT moment FROM gateway.scheduled_work');
      return { moment: rows[0]?.moment.getTime() ?? 0, logins };
    };
    /** Logins for the moment that comes next. */
    const next = async (): Promise<number> => {
      const before = await last();
      let now = before;
      await until('the next moment is done', async () => {
        now = await last();
        return now.moment !== before.moment;
      });
      // All begin within twenty seconds, so nobody comes later than this.
      await pause(Math.max(0, now.moment + 22_000 - Date.now()));
      assert.equal((await last()).moment, now.moment);
      return manners.logins - before.logins;
    };
    let files = 0;
    const put = (): void => {
      files += 1;
      const { name, text } = casesFile(5000);
      upload(root, name, text);
    };
    // What each did when it began is over.
    await next();
    for (let moment = 0; moment < 3; moment++) {
      put();
      assert.equal(await next(), 1);
    }
    let killed: (typeof programs)[number] | null = null;
    manners.whenAtWork = async () => {
      manners.whenAtWork = null;
      const atWork = () => programs.find(({ spool }) => existsSync(spool) && readdirSync(spool).length > 0) ?? null;
      await until('it has begun', () => atWork() !== null);
      killed = atWork();
      killed?.child.kill('SIGKILL');
      await killed?.ended;
    };
    put();
    assert.equal(await next(), 2, 'that of the killed one, and that of another one');
    assert.ok(killed !== null);
    put();
    assert.equal(await next(), 1);
    assert.equal(manners.most, 1);
    const { rows } = await client.query(
      'SELECT state, count(*)::int AS n, count(DISTINCT sha256)::int AS kinds FROM gateway.load GROUP BY state',
    );
    assert.deepEqual(rows, [{ state: 'loaded', n: files, kinds: files }]);
    await client.end();
    for (const program of programs.filter((one) => one !== killed)) {
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0, program.output());
      assert.doesNotMatch(program.output(), /"level":50/, 'no alarm');
    }
    await ftp.close();
  });
});
