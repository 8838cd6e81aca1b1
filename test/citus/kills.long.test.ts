import assert from 'node:assert/strict';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { run, serve, until, useFolders } from '../e2e/support/program.ts';
import {
  assertSame,
  finish,
  type Place,
  placeOf,
  type Result,
  random,
  resultOf,
  samplesIn,
  underKills,
  waiting,
} from '../e2e/support/undisturbed.ts';
import { useDatabases } from '../support/postgres.ts';
import { asked, type CitusDatabase, citusDatabase, citusUrl, withoutCitus } from './support/citus-database.ts';

const mostKills = Number(process.env['KILLS'] ?? 20);

/**
 * A worker's server ends as in a crash, with all of its sessions, and comes back by itself: what happens where one of its processes is killed. Nothing else may use the
 * cluster meanwhile.
 */
async function crash({ workerUrl }: CitusDatabase, number: number): Promise<void> {
  const client = new pg.Client({ connectionString: workerUrl(number) });
  client.on('error', () => {});
  await client.connect().catch(() => {});
  await client.query(`COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'`).catch(() => {});
  await client.end().catch(() => {});
  await until('it is back', async () =>
    asked(workerUrl(number), 'SELECT 1').then(
      () => true,
      () => false,
    ),
  );
}

(citusUrl === null ? describe.skip : describe)(
  `A drop folder on Citus under ${mostKills} kills${withoutCitus}`,
  function () {
    this.timeout(60 * 60_000);
    const folder = useFolders();
    const connect = useDatabases();
    let files = '';
    let expected: Result;
    const databases: CitusDatabase[] = [];
    before(async () => {
      files = folder();
      await samplesIn(files, 3, true);
      expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    });
    after(async () => {
      for (const database of databases) {
        await database.drop();
      }
    });
    const placed = async (): Promise<{ readonly citus: CitusDatabase; readonly place: Place }> => {
      const citus = await citusDatabase();
      databases.push(citus);
      const place = placeOf(folder(), { connectionString: citus.connectionString, files });
      for (const command of ['migrate', 'place']) {
        const { code, output } = await run([command], place.environment);
        assert.equal(code, 0, output);
      }
      return { citus, place };
    };
    /** What was prepared on a worker is committed or undone, by the coordinator that knows which. */
    const settled = (citus: CitusDatabase): Promise<void> =>
      until('nothing is left prepared', async () => {
        await asked(citus.connectionString, 'SELECT recover_prepared_transactions()');
        const left = await Promise.all(
          citus.workers.map((_, number) =>
            asked(citus.workerUrl(number), 'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()'),
          ),
        );
        return left.flat().length === 0;
      });

    it('ends with the tables and the ledger of an undisturbed run on plain PostgreSQL', async () => {
      let done = 0;
      for (let seed = 7; done < mostKills; seed++) {
        const { citus, place } = await placed();
        done += await underKills(place, { most: mostKills - done, seed });
        assertSame(await finish(place), expected);
        await settled(citus);
        assertSame(await resultOf(place), expected);
        console.log(`      ${done} kills of the gateway so far`);
      }
    });

    it('likewise where it is a worker that is killed in the middle of loads, and the gateway stays', async () => {
      const next = random(11);
      for (let crashes = 0; crashes < mostKills; ) {
        const { citus, place } = await placed();
        const program = await serve(place.environment);
        const before = crashes;
        for (; crashes < mostKills && waiting(place.drop) > 0; crashes++) {
          await pause(1500 + next() * 2500);
          await crash(citus, crashes % citus.workers.length);
        }
        await until('the rest is loaded', () => waiting(place.drop) === 0, 600_000);
        program.child.kill('SIGTERM');
        assert.equal(await program.ended, 0, program.output());
        await settled(citus);
        assertSame(await resultOf(place), expected);
        assert.ok(crashes > before);
        console.log(`      ${crashes} crashes of workers so far, ${expected.ledger.length} loads compared`);
      }
    });
  },
);
