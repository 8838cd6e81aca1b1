import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { useDatabases } from '../support/postgres.ts';
import { serveFiles, whichServers } from './support/file-servers.ts';
import { gateway, run, until, useFolders } from './support/program.ts';
import { assertSame, finish, placeOf, random, resultOf, samplesIn } from './support/undisturbed.ts';

const mostKills = Number(process.env['KILLS'] ?? 200);

describe(`Fetching by FTP and SFTP (${whichServers}) under ${mostKills} kills`, function () {
  this.timeout(60 * 60_000);
  const folder = useFolders();
  const connect = useDatabases();

  it('ends with the tables and the ledger of an undisturbed drop folder, and with nothing left at the servers', async () => {
    const files = folder();
    await samplesIn(files, 4, true);
    const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    const next = random(17);
    let done = 0;
    while (done < mostKills) {
      const servers = await serveFiles(files, folder);
      const connectionString = await connect();
      const environment = { ...servers.environment, DATA_DIR: folder(), DATABASE_URL: connectionString };
      await run(['migrate'], environment);
      const all = servers.left();
      for (const before = done; done < mostKills && servers.left() > 0; done++) {
        const sessions = servers.sessions();
        const program = gateway(['sync', '--once'], environment);
        let ended = false;
        void program.ended.then(() => {
          ended = true;
        });
        // From the login on, so that what dies is a round, however long the program takes to start.
        await until('it logged in', () => ended || servers.sessions() > sessions, 120_000);
        await pause(next() * 2500);
        program.child.kill('SIGKILL');
        await program.ended;
        assert.ok(done - before < 200, 'it gets on');
      }
      console.log(`      ${done} kills so far, ${all - servers.left()} of ${all} files taken in under them`);
      for (let round = 0; round < 3 && (round === 0 || servers.left() > 0); round++) {
        const last = await run(['sync', '--once'], environment);
        assert.equal(last.code, 0, last.output);
      }
      assert.equal(servers.left(), 0);
      assert.deepEqual(readdirSync(path.join(environment.DATA_DIR, 'spool')), [], 'what the killed ones left is gone');
      assertSame(await resultOf({ connectionString }), expected);
      console.log(`      ${expected.ledger.length} loads compared`);
      await servers.close();
    }
  });
});
