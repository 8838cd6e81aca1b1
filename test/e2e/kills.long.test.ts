import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sampleFiles } from '../../src/samples/sample-files.ts';
import { defaultOrder } from '../../src/samples/write-samples.ts';
import { catalogue } from '../ingest/support/feed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { run, serve, until, useFolders } from './support/program.ts';

const mostKills = Number(process.env['KILLS'] ?? 200);

/** What changes with the moment of a load, and says nothing of the data. */
const fleeting = new Set(['LoadId', 'LoadedAt']);

/** Every row of every stored set, without the fleeting properties, in the order of the text. */
async function content(root: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const sets = new Map<string, readonly string[]>();
  for (const [name, set] of catalogue.sets) {
    if (set.kind !== 'stored' || set.role === 'ledger') {
      continue;
    }
    const rows: string[] = [];
    for (let next: string | undefined = `${root}${name}`; next !== undefined; ) {
      const reply = await fetch(next);
      assert.equal(reply.status, 200, `${next}: ${reply.status}`);
      const page = (await reply.json()) as { value: Record<string, unknown>[]; '@odata.nextLink'?: string };
      for (const row of page.value) {
        rows.push(JSON.stringify(Object.entries(row).filter(([property]) => !fleeting.has(property))));
      }
      next = page['@odata.nextLink'];
    }
    sets.set(name, rows.sort());
  }
  return sets;
}

/** A repeatable sequence of numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

interface Place {
  readonly drop: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Kills the program again and again until nothing waits to be loaded any more; gives how often. */
async function underKills({ drop, environment }: Place, run: { most: number; seed: number }): Promise<number> {
  const next = random(run.seed);
  for (let kills = 0; ; kills++) {
    if (kills === run.most || waiting(drop) === 0) {
      return kills;
    }
    const program = await serve(environment);
    // The first load begins some two seconds after the start: the two looks.
    await pause(1900 + next() * 900);
    program.child.kill('SIGKILL');
    await program.ended;
  }
}

const waiting = (drop: string): number =>
  readdirSync(drop, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/\/(loaded|refused)(\/|$)/.test(entry.parentPath.slice(drop.length)),
  ).length;

describe(`A drop folder under ${mostKills} kills`, function () {
  this.timeout(60 * 60_000);
  const folder = useFolders();
  const databases: TestDatabase[] = [];
  after(async () => {
    for (const database of databases) {
      await database.drop();
    }
  });

  async function place(samples: string): Promise<Place> {
    const database = await testDatabase();
    databases.push(database);
    const dataDir = folder();
    const drop = path.join(dataDir, 'drop');
    cpSync(samples, drop, { recursive: true, preserveTimestamps: true });
    return { drop, environment: { DATA_DIR: dataDir, DATABASE_URL: database.connectionString, SAMPLES: 'off' } };
  }

  it('ends with the feed of an undisturbed run', async () => {
    const samples = folder();
    const order = { ...defaultOrder, rows: 400, days: 4, seed: 11 };
    const written = await run(['sample', '--out', samples, '--rows', '400', '--days', '4', '--seed', '11'], {});
    assert.equal(written.code, 0, written.output);
    const files = sampleFiles(catalogue, order).length;

    const calm = await place(samples);
    const undisturbed = await serve(calm.environment);
    await until('all files are loaded', () => waiting(calm.drop) === 0, 300_000);
    const expected = await content(undisturbed.root);
    undisturbed.child.kill('SIGTERM');
    await undisturbed.ended;

    const rows = [...expected.values()].flat().length;
    let kills = 0;
    for (let seed = 5; kills < mostKills; seed++) {
      const rough = await place(samples);
      const died = await underKills(rough, { most: mostKills - kills, seed });
      assert.ok(died >= Math.min(mostKills - kills, 5), `${died} kills for ${files} files`);
      kills += died;
      const last = await serve(rough.environment);
      await until('the rest is loaded', () => waiting(rough.drop) === 0, 300_000);
      const actual = await content(last.root);
      last.child.kill('SIGTERM');
      await last.ended;
      for (const [name, found] of expected) {
        assert.deepEqual(actual.get(name), found, name);
      }
      console.log(`      ${kills} kills so far, ${files} files, ${rows} rows compared`);
    }
  });
});
