import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { filesBelow } from '../ingest/support/backfill.ts';
import { newKey, password, serverFolder, user } from '../ingest/support/remote.ts';
import { metadataFolder } from '../support/gateway.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { ownFtp } from '../support/servers/own-ftp.ts';
import { ownSftp } from '../support/servers/own-sftp.ts';
import { gateway, run, useFolders } from './support/program.ts';
import { assertSame, finish, placeOf, random, resultOf, samplesIn } from './support/undisturbed.ts';

const mostKills = Number(process.env['KILLS'] ?? 200);

describe(`Fetching by FTP and SFTP under ${mostKills} kills`, function () {
  this.timeout(60 * 60_000);
  const folder = useFolders();
  const databases: TestDatabase[] = [];
  const connect = async (): Promise<string> => {
    const database = await testDatabase();
    databases.push(database);
    return database.connectionString;
  };
  after(async () => {
    for (const database of databases) {
      await database.drop();
    }
  });

  it('ends with the tables and the ledger of an undisturbed drop folder, and with nothing left at the servers', async () => {
    const files = folder();
    await samplesIn(files, 4, true);
    const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    const sources = ['tracebuzz', 'sparkcentral', 'hootsuite-inbox'] as const;
    const next = random(17);
    let done = 0;
    while (done < mostKills) {
      const [roots, key, metadata] = [[serverFolder(), serverFolder()], newKey(), folder()];
      const [ftpRoot = '', sftpRoot = ''] = roots;
      const ftp = await ownFtp({ root: ftpRoot, user, password });
      const sftp = await ownSftp({ root: sftpRoot, user, password, hostKey: key.secret });
      cpSync(metadataFolder, metadata, { recursive: true });
      for (const [index, source] of sources.entries()) {
        const root = index % 2 === 0 ? ftpRoot : sftpRoot;
        cpSync(path.join(files, source), path.join(root, source), { recursive: true, preserveTimestamps: true });
        const server =
          index % 2 === 0
            ? { kind: 'ftp', port: ftp.port }
            : { kind: 'sftp', port: sftp.port, hostKey: key.fingerprint };
        const delivery = {
          ...{ ...server, host: '127.0.0.1', user, password: { env: 'SERVER_SECRET' }, directory: source },
          ...{ recursive: true, minimumAgeSeconds: 0, afterLoad: 'delete' },
        };
        writeFileSync(path.join(metadata, source, 'deliveries.yaml'), JSON.stringify({ deliveries: [delivery] }));
      }
      const connectionString = await connect();
      const environment = {
        ...{ DATA_DIR: folder(), DATABASE_URL: connectionString, METADATA_DIR: metadata, SAMPLES: 'off' },
        SERVER_SECRET: password,
      };
      const left = (): number => roots.flatMap((root) => filesBelow(root)).length;
      await run(['migrate'], environment);
      for (const before = done; done < mostKills && left() > 0; done++) {
        const program = gateway(['sync', '--once'], environment);
        await pause(1500 + next() * 3000);
        program.child.kill('SIGKILL');
        await program.ended;
        assert.ok(done - before < 200, 'it gets on');
      }
      for (let round = 0; round < 3 && left() > 0; round++) {
        const last = await run(['sync', '--once'], environment);
        assert.equal(last.code, 0, last.output);
      }
      assert.equal(left(), 0);
      assertSame(await resultOf({ connectionString }), expected);
      console.log(`      ${done} kills so far, ${expected.ledger.length} loads compared`);
      await Promise.all([ftp.close(), sftp.close()]);
    }
  });
});
