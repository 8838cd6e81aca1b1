import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { keptFor } from '../../src/catalogue/retention.ts';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { erasePersons } from '../../src/ingest/erase/erase-persons.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { prune } from '../../src/ingest/prune/prune.ts';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import type { Feed } from '../ingest/support/feed.ts';
import { assertAgents, type RandomFile } from './random-loads.ts';
import { assertMadeAnew, loadRows } from './support.ts';

/** What an operator does between two files. */
export type Between =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'rebuild'; readonly set: string }
  | { readonly kind: 'prune'; readonly days: number }
  | { readonly kind: 'erase'; readonly person: string }
  | { readonly kind: 'zone'; readonly zone: string }
  | { readonly kind: 'metadata'; readonly said: string };

export const betweens: fc.Arbitrary<Between> = fc.oneof(
  fc.constant<Between>({ kind: 'nothing' }),
  fc.record({
    kind: fc.constant('rebuild' as const),
    set: fc.constantFrom(
      ...['SparkcentralMessages', 'HootsuiteInboxResolvedConversations', 'TracebuzzResults', 'TracebuzzUsers'],
      ...['SparkcentralAgents', 'TracebuzzResultLabels', 'TracebuzzAgentStatistics'],
    ),
  }),
  fc.record({ kind: fc.constant('prune' as const), days: fc.constantFrom(300, 366, 370) }),
  fc.record({ kind: fc.constant('erase' as const), person: fc.constantFrom('ann@example.com', 'bob@example.com') }),
  fc.record({ kind: fc.constant('zone' as const), zone: fc.constantFrom('Asia/Tokyo', 'America/New_York', 'UTC') }),
  fc.record({ kind: fc.constant('metadata' as const), said: fc.constantFrom("'one'", 'CurrentStatus', 'null') }),
);

/** Rows with a moment are kept for some days. */
function keeping(catalogue: Catalogue, days: number): Catalogue {
  const by = new Map([
    ['tracebuzz/results', 'FoundAt'],
    ['sparkcentral/messages', 'CreatedAt'],
    ['sparkcentral/resolved-conversations', 'CreatedAt'],
  ]);
  const keep = keptFor(`${days} days`);
  assert.ok(keep !== null);
  const exports = catalogue.exports.map((one) => {
    const property = by.get(`${one.source}/${one.name}`);
    return property === undefined ? one : { ...one, retention: { keep, by: property } };
  });
  return { ...catalogue, exports };
}

/** The metadata with another word for what Sparkcentral's reasons are. */
export function saying(catalogue: Catalogue, text: string): Catalogue {
  const set = catalogue.sets.get('Conversations');
  assert.ok(set?.kind === 'stored' && set.derivation?.kind === 'unified');
  const from = set.derivation.from.map((one) =>
    one.set === 'SparkcentralResolvedConversations'
      ? { ...one, columns: new Map(one.columns).set('Reason', { text, place: 'test' }) }
      : one,
  );
  return {
    ...catalogue,
    sets: new Map(catalogue.sets).set('Conversations', { ...set, derivation: { ...set.derivation, from } }),
  };
}

/** Loads the files with something between them; asserts each time that all unified rows are what they are when made at once. */
export async function runBetween(feed: Feed, files: readonly RandomFile[], between: readonly Between[]): Promise<void> {
  let catalogue = feed.catalogue;
  const now = (): Feed => ({
    ...{ ...feed, catalogue },
    load: (name, content, { minute: at, ...options } = {}) =>
      loadFile({ catalogue, database: feed.database }, feed.write(name, content, at), options),
  });
  for (const [place, { name, minute, rows, period }] of files.entries()) {
    await loadRows(now(), name, rows, minute, period);
    const one = between[place] ?? { kind: 'nothing' };
    catalogue = await take(feed, catalogue, one);
    await assertMadeAnew(now());
    await assertAgents(now());
    await assertDates(now());
  }
}

/** Gives the metadata of the gateway that goes on. */
async function take({ database, folder }: Feed, catalogue: Catalogue, one: Between): Promise<Catalogue> {
  switch (one.kind) {
    case 'nothing':
      return catalogue;
    case 'rebuild':
      await rebuildSets({ database, catalogue, sets: [one.set], folders: [folder] });
      return catalogue;
    case 'prune':
      await prune(database, keeping(catalogue, one.days), {
        ...{ folders: [], dryRun: false },
        now: new Date('2027-04-01T12:00:00Z'),
      });
      return catalogue;
    case 'erase':
      await erasePersons(database, catalogue, {
        persons: [one.person],
        source: null,
        folders: [folder],
        dryRun: false,
      });
      return catalogue;
    case 'zone':
    case 'metadata': {
      const next = one.kind === 'zone' ? { ...catalogue, reportingTimeZone: one.zone } : saying(catalogue, one.said);
      await remakeDerived(database, next);
      return next;
    }
  }
}

/** Each day of a fact has its row in the calendar. */
async function assertDates(feed: Feed): Promise<void> {
  for (const set of ['Conversations', 'Messages', 'AgentDays', 'TeamDays', 'TeamIntervals']) {
    const lost = await feed.rows(
      `SELECT f."LocalDate" FROM feed."${set}" f WHERE f."LocalDate" IS NOT NULL AND NOT EXISTS (SELECT FROM feed."Dates" d WHERE d."Date" = f."LocalDate")`,
    );
    assert.deepEqual(lost, [], set);
  }
}
