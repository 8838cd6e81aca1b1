import assert from 'node:assert/strict';
import type { FeedRow } from './model-feed.ts';
import { type Change, day, hour, overlap, type Step } from './random-steps.ts';
import type { Row, World } from './world.ts';

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
  /** Milliseconds by which its clock goes before ours. */
  drift = 0;
  /** Names that a reply showed once. */
  readonly named = new Set<string>();
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
    this.put({ id, at: at === null ? null : this.#moment(at), text: `thing ${id}` });
  }

  #moment = (at: number): string => new Date(Math.max(at, this.horizon)).toISOString();

  change(one: Change): void {
    const clock = this.#world.clock.now.getTime() + this.drift;
    const { feed } = this.#world;
    switch (one.kind) {
      case 'insert':
        this.insert(one.skew === null ? null : clock + one.skew);
        break;
      case 'purge':
        this.purge(one.share);
        break;
      case 'name':
        if (one.name === null) {
          feed.remove('FarNames', String(one.id));
        } else {
          feed.put('FarNames', { id: String(one.id), name: one.name });
        }
        break;
      default: {
        const row = this.#chosen(one.choice);
        if (row === undefined) {
          break;
        }
        if (one.kind === 'delete') {
          this.#delete(row);
        } else {
          const text = { text: `${String(row['text'])}.` };
          this.put({ ...row, ...(one.kind === 'update' ? text : { at: this.#moment(clock + one.skew) }) });
        }
      }
    }
  }

  #chosen(choice: number): FeedRow | undefined {
    const rows = this.#world.feed.rows('FarThings');
    return rows[choice % Math.max(1, rows.length)];
  }

  #delete(row: FeedRow): void {
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
  for (const one of steps) {
    await take(world, history, one);
    history.look();
  }
  await check(world, history, false);
  assert.deepEqual(await world.copy({ whole: true, force: true }), ['copied', 'copied']);
  await check(world, history, true);
}

async function take(world: World, history: History, one: Step): Promise<void> {
  const { feed, clock } = world;
  switch (one.kind) {
    case 'wait':
      clock.now = new Date(clock.now.getTime() + one.hours * hour);
      return;
    case 'drift':
      history.drift = one.by;
      return;
    case 'copy':
      assert.deepEqual(await world.copy({ whole: one.whole, force: true }), ['copied', 'copied']);
      return;
    case 'changing': {
      const left = [...one.changes];
      let until = left[0]?.after ?? 0;
      feed.trip = () => {
        until -= 1;
        if (until <= 0 && left.length > 0) {
          history.change(left.shift()?.change ?? { kind: 'purge', share: 0 });
          history.look();
          until = left[0]?.after ?? 0;
        }
      };
      try {
        assert.deepEqual(await world.copy({ whole: one.whole, force: true }), ['copied', 'copied']);
      } finally {
        feed.trip = () => {};
      }
      return;
    }
    case 'killed': {
      let left = one.after;
      feed.trip = () => {
        left -= 1;
        if (left <= 0) {
          throw new Error('killed');
        }
      };
      await world
        .copy({ whole: one.whole, force: true })
        .catch((error: Error) => assert.equal(error.message, 'killed'));
      feed.trip = () => {};
      return;
    }
    case 'restart':
      return world.restart();
    case 'read':
      return check(world, history, false);
    default:
      return history.change(one);
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
      assert.equal(found['PurgedAt'] ?? null, null, `row ${id} is there`);
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
    // What is served live is not kept yet.
    if (row['PurgedAt'] !== undefined) {
      history.shown.add(id);
    }
  }
  await checkNames(world, history);
}

/** The set without a time has what the feed has, and keeps, marked, what it had: nobody can tell whether that was purged. */
async function checkNames(world: World, { named }: History): Promise<void> {
  const rows = await world.rows('FarNames');
  const shown = new Map(rows.map((row) => [String(row['id']), row]));
  assert.equal(shown.size, rows.length, 'a name twice');
  const there = new Map(world.feed.rows('FarNames').map((row) => [String(row['id']), row]));
  for (const [id, row] of there) {
    assert.deepEqual([shown.get(id)?.['name'], shown.get(id)?.['PurgedAt'] ?? null], [row['name'], null], `name ${id}`);
  }
  for (const [id, row] of shown) {
    assert.ok(there.has(id) || typeof row['PurgedAt'] === 'string', `name ${id} is marked`);
    if (row['PurgedAt'] !== undefined) {
      named.add(id);
    }
  }
  for (const id of named) {
    assert.ok(shown.has(id), `name ${id} is lost`);
  }
}
