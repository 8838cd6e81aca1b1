import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { contentOf, packSome } from '../../ingest/support/backfill.ts';
import { catalogue } from '../../ingest/support/feed.ts';
import { run, serve, until } from './program.ts';

/** What a gateway has to work with. */
export interface Place {
  readonly drop: string;
  readonly connectionString: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a run comes to: rows of every set by its name, and what the ledger says of the rows of each file that was loaded. */
export interface Result {
  readonly content: ReadonlyMap<string, readonly string[]>;
  readonly ledger: readonly string[];
}

/** Everything below a data folder of its own; the drop folder has these files, with their times. */
export function placeOf(
  dataDir: string,
  { connectionString, files }: { readonly connectionString: string; readonly files: string },
): Place {
  const drop = path.join(dataDir, 'drop');
  cpSync(files, drop, { recursive: true, preserveTimestamps: true });
  const environment = {
    DATA_DIR: dataDir,
    DATABASE_URL: connectionString,
    SAMPLES: 'off',
    INGEST_SCHEDULE: '*/2 * * * * *',
  };
  return { drop, connectionString, environment };
}

/** Sample files in a new folder; `packed`: some of them as `.gz` or in a `.zip`. */
export async function samplesIn(folder: string, days: number, packed: boolean): Promise<void> {
  const written = await run(['sample', '--out', folder, '--rows', '400', '--days', String(days), '--seed', '11'], {});
  assert.equal(written.code, 0, written.output);
  if (packed) {
    packSome(folder);
  }
}

/** Files in the drop folder that were neither taken nor refused. */
export const waiting = (drop: string): number =>
  readdirSync(drop, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/\/(loaded|refused)(\/|$)/.test(entry.parentPath.slice(drop.length)),
  ).length;

/** Starts a gateway that nothing disturbs, until all files are taken, and gives what there is then. */
export async function finish(place: Place): Promise<Result> {
  const program = await serve(place.environment);
  await until('all files are loaded', () => waiting(place.drop) === 0, 600_000);
  program.child.kill('SIGTERM');
  await program.ended;
  return resultOf(place);
}

export async function resultOf({ connectionString }: Pick<Place, 'connectionString'>): Promise<Result> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const rows = async <Row>(sql: string): Promise<readonly Row[]> => (await client.query(sql)).rows;
    // Several loads of one file would be several lines.
    const ledger = await rows<Record<string, unknown>>(
      `SELECT source, export, file_name, sha256, rows_read, rows_rejected, rows_duplicate FROM gateway.load WHERE state = 'loaded'`,
    );
    return {
      content: await contentOf({ catalogue, rows }),
      ledger: ledger.map((row) => JSON.stringify(row)).sort(),
    };
  } finally {
    await client.end();
  }
}

/** How many rows of each state the ledger has. */
export async function statesIn(connectionString: string): Promise<Readonly<Record<string, number>>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ state: string; n: number }>(
      'SELECT state, count(*)::int AS n FROM gateway.load GROUP BY state ORDER BY state',
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  } finally {
    await client.end();
  }
}

/** Tables and ledger alike. */
export function assertSame(actual: Result, expected: Result): void {
  assert.deepEqual(actual.ledger, expected.ledger);
  for (const [name, rows] of expected.content) {
    assert.deepEqual(actual.content.get(name), rows, name);
  }
}

/** A repeatable sequence of numbers from 0 to 1. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** Kills a gateway with SIGKILL again and again until nothing waits to be loaded any more; gives how often. `most`: no more often. */
export async function underKills(
  place: Place,
  { most, seed }: { readonly most: number; readonly seed: number },
): Promise<number> {
  const next = random(seed);
  for (let kills = 0; ; kills++) {
    if (kills === most || waiting(place.drop) === 0) {
      return kills;
    }
    const program = await serve(place.environment);
    // The first load begins some two seconds after the start: the two looks.
    await pause(1900 + next() * 900);
    program.child.kill('SIGKILL');
    await program.ended;
  }
}
