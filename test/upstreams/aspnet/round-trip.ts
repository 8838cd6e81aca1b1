import assert from 'node:assert/strict';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { type SampleRow, sampleRows } from '../../../src/sandbox/sample-rows.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { type FeedFile, feedOf } from './feed-file.ts';
import { type ReadFeed, readFeed } from './read-feed.ts';
import { lackOfService, type RunningFeeds, startFeeds } from './service.ts';

export const documented = catalogueOf(metadataFolder);
export const [source = assert.fail('no feed is documented')] = [...documented.sources.values()].filter(
  ({ kind }) => kind === 'odata',
);

export type Samples = ReadonlyMap<string, readonly SampleRow[]>;

/** Rows of all documented sets, and the feed that has them. */
export function documentedFeed(rows: number, shape: Omit<Parameters<typeof feedOf>[2], 'prefix'>) {
  const samples = sampleRows(documented, source.name, { rows, seed: 1 });
  return { samples, file: feedOf(documented.model, samples, { prefix: source.prefix, ...shape }) };
}

/** A feed, and the source of a catalogue as which it is read. */
export interface Read {
  readonly file: FeedFile;
  readonly documented: Catalogue;
  readonly source: string;
}

export const asDocumented = (file: FeedFile): Read => ({ file, documented, source: source.name });

/** Runs the feeds for a `describe`; skips where the service is not restored. */
export function runningFeeds(reads: () => readonly Read[]): (at: number) => ReadFeed {
  let running: RunningFeeds | null = null;
  const feeds: ReadFeed[] = [];
  before(async function () {
    const lack = lackOfService();
    if (lack !== null) {
      console.log(`      skipped: Microsoft.AspNetCore.OData is ${lack}`);
      this.skip();
    }
    const all = reads();
    running = await startFeeds(all.map(({ file }) => file));
    for (const [at, { documented: known, source: name }] of all.entries()) {
      feeds.push(await readFeed({ documented: known, source: name, url: running.roots[at] ?? '' }));
    }
  });
  after(async () => {
    await Promise.all(feeds.map((feed) => feed.close()));
    await running?.close();
  });
  return (at) => feeds[at] ?? assert.fail(`there is no feed ${at}`);
}

/** In one order, whichever a feed takes: without `$orderby` it may be any. */
export function sorted<R extends Readonly<Record<string, unknown>>>(
  rows: readonly R[],
  key: readonly string[],
): readonly R[] {
  const textOf = (row: R): string => key.map((name) => String(row[name])).join(' ');
  return rows.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

/** Every row of every set, over all pages, and one by its key. */
export async function roundTrip(feed: ReadFeed, samples: Samples): Promise<void> {
  for (const [name, rows] of samples) {
    const { key } = documented.model.entitySets.get(name)?.entityType ?? assert.fail(name);
    assert.deepEqual(sorted(await feed.rows(name), key), sorted(rows, key), name);
    const row = rows.at(-2) ?? assert.fail();
    const pairs = keyLiterals(name, row).map(([property, literal]) => `${property}=${literal}`);
    assert.deepEqual(await feed.entity(`${name}(${pairs.join(',')})`), row, name);
  }
}

/** One row of every set found by a filter, and all counted. */
export async function filtered(feed: ReadFeed, samples: Samples): Promise<void> {
  for (const [name, rows] of samples) {
    const row = rows.at(-3) ?? assert.fail();
    const filter = keyLiterals(name, row)
      .map(([property, literal]) => `${property} eq ${literal}`)
      .join(' and ');
    assert.deepEqual(await feed.rows(`${name}?$filter=${filter}`), [row], name);
    assert.equal(await feed.count(`${name}/$count`), rows.length, name);
  }
}

function keyLiterals(name: string, row: SampleRow): readonly (readonly [property: string, literal: string])[] {
  const { key, properties } = documented.model.entitySets.get(name)?.entityType ?? assert.fail(name);
  return key.map((property) => {
    const text = String(row[property]);
    return [property, properties.get(property)?.type === 'Edm.String' ? `'${text}'` : text];
  });
}

/** Every navigation inside of the feed of some sets, out of all. */
export async function expandAll(feed: ReadFeed, samples: Samples, all: Samples = samples): Promise<number> {
  let joined = 0;
  // The feed's own document says of no navigation which properties it joins.
  const { model, sets } = documented;
  const keyOf = (name: string) => model.entitySets.get(name)?.entityType.key ?? assert.fail(name);
  const inOrder = <R extends Readonly<Record<string, unknown>>>(rows: readonly R[], name: string) =>
    sorted(rows, keyOf(name));
  for (const [name, rows] of samples) {
    const set = model.entitySets.get(name) ?? assert.fail(name);
    for (const navigation of set.entityType.navigationProperties.values()) {
      const target = sets.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
      if (target?.kind !== 'upstream') {
        continue;
      }
      const theirs = inOrder(all.get(target.name) ?? [], target.name);
      const expected = rows.map((row) => {
        const found = theirs.filter((other) =>
          navigation.join.every(
            (pair) => row[pair.property] !== null && row[pair.property] === other[pair.referencedProperty],
          ),
        );
        joined += found.length;
        return { ...row, [navigation.name]: navigation.collection ? found : (found[0] ?? null) };
      });
      // Not in an order of the feed's: where hardly a row leads to two, it cannot show that it reads one, and is not asked.
      const read = (await feed.rows(`${name}?$expand=${navigation.name}`)).map((row) => {
        const led = row[navigation.name];
        return { ...row, [navigation.name]: Array.isArray(led) ? inOrder(led, target.name) : led };
      });
      assert.deepEqual(inOrder(read, name), inOrder(expected, name), `${name}/${navigation.name}`);
    }
  }
  return joined;
}
