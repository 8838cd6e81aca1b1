import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FeedRow } from './model-feed.ts';
import type { Row, World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;
const overlap = 3 * day;

/** What happens at the feed or here. Numbers choose among what there is. */
type Step =
  /** A row whose clock is `skew` milliseconds away from ours; null: it has no time. */
  | { readonly kind: 'insert'; readonly skew: number | null }
  | { readonly kind: 'update'; readonly choice: number }
  | { readonly kind: 'delete'; readonly choice: number }
  /** The older half, or so, of what has a time. */
  | { readonly kind: 'purge'; readonly share: number }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'copy'; readonly whole: boolean }
  /** A copy that ends after so many rows and requests. */
  | { readonly kind: 'killed'; readonly after: number; readonly whole: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'read' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      skew: fc.option(fc.integer({ min: -overlap + hour, max: 2 * day }), { freq: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('update' as const), choice: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), choice: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), share: fc.integer({ min: 10, max: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), whole: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('killed' as const),
      after: fc.integer({ min: 1, max: 30 }),
      whole: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
);

export const histories = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 8, maxLength: most });

/** What the feed went through, as far as the archive has to know it. */
class History {
  readonly #world: World;
  /** All that a row ever said, by its id. */
  readonly versions = new Map<string, Set<string>>();
  readonly purged = new Set<string>();
  /** Rows that were deleted, with the times that they had. */
  readonly deleted = new Map<string, number | null>();
  /** Those of them that were once older than all that the feed had then: a copy took them for purged, and what is marked is kept. */
  readonly outlived = new Set<string>();
  /** Rows that a reply showed once. */
  readonly shown = new Set<string>();
  /** The feed has no rows of before, and gets none. */
  horizon = Number.NEGATIVE_INFINITY;
  #next = 1;

  constructor(world: World) {
    this.#world = world;
  }

  put(row: FeedRow): void {
    const id = String(row['id']);
    this.#world.feed.put('FarThings', row);
    this.versions.set(id, (this.versions.get(id) ?? new Set()).add(textOf(row)));
  }

  insert(at: number | null): void {
    const id = this.#next++;
    this.put({ id, at: at === null ? null : new Date(Math.max(at, this.horizon)).toISOString(), text: `thing ${id}` });
  }

  chosen(choice: number): FeedRow | undefined {
    const rows = this.#world.feed.rows('FarThings');
    return rows[choice % Math.max(1, rows.length)];
  }

  delete(row: FeedRow): void {
    this.#world.feed.remove('FarThings', String(row['id']));
    this.deleted.set(String(row['id']), timeOf(row));
  }

  /** After each step: how old the rest is decides what becomes of deleted rows. */
  look(): void {
    const oldest = oldestOf(this.#world.feed.rows('FarThings'));
    for (const [id, at] of this.deleted) {
      if (at !== null && at < oldest) {
        this.outlived.add(id);
      }
    }
  }

  purge(share: number): void {
    const timed = this.#world.feed.rows('FarThings').filter((row) => timeOf(row) !== null);
    const times = timed.map((row) => timeOf(row) ?? 0).sort((a, b) => a - b);
    const first = times[Math.floor((times.length * share) / 100)];
    if (first === undefined) {
      return;
    }
    this.horizon = Math.max(this.horizon, first);
    for (const row of timed.filter((one) => (timeOf(one) ?? 0) < this.horizon)) {
      this.#world.feed.remove('FarThings', String(row['id']));
      this.purged.add(String(row['id']));
    }
  }
}

const timeOf = (row: FeedRow): number | null => (row['at'] === null ? null : Date.parse(String(row['at'])));
const oldestOf = (rows: readonly FeedRow[]): number =>
  Math.min(...rows.map((row) => timeOf(row) ?? Number.POSITIVE_INFINITY));
const textOf = (row: FeedRow | Row): string => {
  const at = row['at'] === null ? null : new Date(String(row['at'])).toISOString();
  return JSON.stringify([row['id'], at, row['text']]);
};

/**
 * Runs a history, and looks after each read whether the archive shows each row once, loses none that the feed has or has purged, and
 * says what the feed says; at the end, after a comparison of the whole, whether it is exactly that.
 */
export async function runHistory(world: World, steps: readonly Step[]): Promise<void> {
  await world.reset();
  const history = new History(world);
  for (const ago of [40, 20, 10, 5, 1]) {
    history.insert(world.clock.now.getTime() - ago * day);
  }
  await world.copy({ set: 'FarThings' });
  for (const one of steps) {
    await take(world, history, one);
    history.look();
  }
  await check(world, history, false);
  assert.deepEqual(await world.copy({ set: 'FarThings', whole: true, force: true }), ['copied']);
  await check(world, history, true);
}

async function take(world: World, history: History, one: Step): Promise<void> {
  const { feed, clock } = world;
  switch (one.kind) {
    case 'insert':
      return history.insert(one.skew === null ? null : clock.now.getTime() + one.skew);
    case 'update': {
      const row = history.chosen(one.choice);
      return row === undefined ? undefined : history.put({ ...row, text: `${String(row['text'])}.` });
    }
    case 'delete': {
      const row = history.chosen(one.choice);
      return row === undefined ? undefined : history.delete(row);
    }
    case 'purge':
      return history.purge(one.share);
    case 'wait':
      clock.now = new Date(clock.now.getTime() + one.hours * hour);
      return;
    case 'copy':
      assert.deepEqual(await world.copy({ set: 'FarThings', whole: one.whole, force: true }), ['copied']);
      return;
    case 'killed': {
      let left = one.after;
      feed.trip = () => {
        left -= 1;
        if (left <= 0) {
          throw new Error('killed');
        }
      };
      await world
        .copy({ set: 'FarThings', whole: one.whole, force: true })
        .catch((error: Error) => assert.equal(error.message, 'killed'));
      feed.trip = () => {};
      return;
    }
    case 'restart':
      return world.restart();
    case 'read':
      return check(world, history, false);
  }
}

async function check(world: World, history: History, exact: boolean): Promise<void> {
  const rows = await world.rows('FarThings');
  const ids = rows.map(({ id }) => String(id));
  const shown = new Map(rows.map((row) => [String(row['id']), row]));
  assert.equal(shown.size, rows.length, `a row twice among ${ids.join()}`);
  assert.equal(await (await world.get('FarThings/$count')).text(), String(rows.length));
  const feed = world.feed.rows('FarThings');
  const window = world.clock.now.getTime() - overlap;
  for (const row of feed) {
    const id = String(row['id']);
    const found = shown.get(id);
    assert.ok(found !== undefined, `row ${id} is lost`);
    const at = timeOf(row);
    if (exact || at === null || at >= window) {
      assert.equal(textOf(found), textOf(row));
      assert.equal(found['PurgedAt'], null, `row ${id} is there`);
    }
    assert.ok(history.versions.get(id)?.has(textOf(found)) === true, 'no row says what the feed never said');
  }
  for (const id of history.shown) {
    assert.ok(!history.purged.has(id) || history.deleted.has(id) || shown.has(id), `row ${id}, purged, is lost`);
  }
  for (const [id, at] of history.deleted) {
    const mustGo = at !== null && !history.outlived.has(id) && (exact || at >= window);
    assert.ok(!mustGo || !shown.has(id), `row ${id} is deleted`);
  }
  const there = new Set(feed.map((row) => String(row['id'])));
  for (const [id, row] of shown) {
    assert.ok(!exact || there.has(id) || row['PurgedAt'] !== null, `row ${id} is marked`);
    history.shown.add(id);
  }
}
