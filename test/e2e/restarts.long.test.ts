import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import { serveFiles, whichServers } from './support/file-servers.ts';
import { serve, until, useFolders } from './support/program.ts';
import { assertSame, finish, placeOf, random, resultOf, samplesIn, waiting } from './support/undisturbed.ts';

const mostRestarts = Number(process.env['RESTARTS'] ?? 20);

describe(`PostgreSQL restarted ${mostRestarts} times while files are loaded`, function () {
  this.timeout(60 * 60_000);
  const folder = useFolders();
  let server: EmbeddedServer | null = null;
  const start = async (dataDir: string): Promise<EmbeddedServer> => {
    server = await startEmbeddedServer({ dataDir });
    return server;
  };
  after(() => server?.stop());

  const addressOf = ({ administrator: address }: EmbeddedServer): string => {
    const host = address.host.startsWith('/') ? encodeURIComponent(address.host) : address.host;
    return `postgres://${address.user}:${address.password}@${host}:${address.port}/postgres`;
  };

  /** What is to be loaded, and how much of it is left. */
  interface Task {
    readonly environment: Readonly<Record<string, string>>;
    left(): number;
    close(): Promise<void>;
  }
  const tasks: Readonly<Record<string, (files: string, connectionString: string) => Promise<Task>>> = {
    'a drop folder': async (files, connectionString) => {
      const place = placeOf(folder(), { connectionString, files });
      return { environment: place.environment, left: () => waiting(place.drop), close: async () => {} };
    },
    [whichServers]: async (files, connectionString) => {
      const { environment, left, close } = await serveFiles(files, folder, { schedule: '*/2 * * * * *' });
      return { environment: { ...environment, DATA_DIR: folder(), DATABASE_URL: connectionString }, left, close };
    },
  };

  for (const [from, begin] of Object.entries(tasks)) {
    it(`ends with the tables and the ledger of an undisturbed run, and the gateway stays: files of ${from}`, async () => {
      const files = folder();
      await samplesIn(files, 6, true);
      const calm = await start(folder());
      const expected = await finish(placeOf(folder(), { connectionString: addressOf(calm), files }));
      await calm.stop();

      const next = random(3);
      let restarts = 0;
      while (restarts < mostRestarts) {
        const dataDir = folder();
        let running = await start(dataDir);
        const connectionString = addressOf(running);
        const task = await begin(files, connectionString);
        const program = await serve(task.environment);
        for (; restarts < mostRestarts && task.left() > 0; restarts++) {
          await pause(2000 + next() * 2500);
          if (next() < 0.5) {
            // As a machine does that loses its power.
            const [pid] = readFileSync(path.join(running.folders.cluster, 'postmaster.pid'), 'utf8').split('\n');
            process.kill(Number(pid), 'SIGKILL');
          }
          await running.stop();
          await pause(next() * 500);
          running = await start(dataDir);
          assert.equal(addressOf(running), connectionString);
        }
        await until('the rest is loaded', () => task.left() === 0, 600_000);
        program.child.kill('SIGTERM');
        assert.equal(await program.ended, 0, program.output());
        assertSame(await resultOf({ connectionString }), expected);
        await task.close();
        await running.stop();
        console.log(`      ${restarts} restarts so far, ${expected.ledger.length} loads compared`);
      }
    });
  }
});
