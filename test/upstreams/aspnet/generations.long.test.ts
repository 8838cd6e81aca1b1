import assert from 'node:assert/strict';
import type { SampleRow, SampleValue } from '../../../src/sandbox/sample-rows.ts';
import { type FeedFile, type PropertyFile, withProperties } from './feed-file.ts';
import { asDocumented, documented, documentedFeed, runningFeeds, sorted } from './round-trip.ts';

const { samples, file } = documentedFeed(30, { navigations: true, settings: { pageSize: 20 } });
const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Changes a property of the calls alone. */
const ofCalls = (change: (property: PropertyFile) => PropertyFile | null): FeedFile =>
  withProperties(file, (property, set) => (set.name === 'Calls' ? change(property) : property));

const textOf = (value: SampleValue): SampleValue => (value === null ? null : String(value));

describe('generations of the documented feed, from Microsoft.AspNetCore.OData', function () {
  this.timeout(300_000);
  const more = ofCalls((property) => property);
  const feed = runningFeeds(() =>
    [
      withProperties(file, (property) => ({ ...property, name: pascal(property.name) })),
      {
        ...more,
        sets: more.sets.map((set) => {
          const properties = [...set.properties, { name: 'sentiment', type: 'Edm.Int32', nullable: true }];
          return set.name === 'Calls'
            ? { ...set, properties, rows: set.rows.map((row) => ({ ...row, sentiment: 3 })) }
            : set;
        }),
      },
      ofCalls((property) => (property.name === 'holdCount' ? null : property)),
      withProperties(
        file,
        (property, set) =>
          set.name === 'Calls' && property.name === 'durationInSeconds'
            ? { ...property, type: 'Edm.String' }
            : property,
        (value, property) =>
          property.name === 'durationInSeconds' && property.type === 'Edm.String' ? textOf(value) : value,
      ),
    ].map(asDocumented),
  );

  const keyOf = (name: string) => documented.model.entitySets.get(name)?.entityType.key ?? assert.fail(name);
  const calls = samples.get('BuzzeasyCalls') ?? [];
  const callsAs = (change: (row: SampleRow) => SampleRow) => sorted(calls.map(change), ['id']);
  const differences = (at: number) => feed(at).upstream.state().differences;

  it('PascalCase: served as the feed spells it, with the words of the documents, every row of every set', async () => {
    for (const [name, rows] of samples) {
      const renamed = rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([property, value]) => [pascal(property), value])),
      );
      const key = keyOf(name).map(pascal);
      assert.deepEqual(sorted(await feed(0).rows(name), key), sorted(renamed, key), name);
    }
    assert.ok(
      differences(0).every((one) => /is called/.test(one)),
      differences(0).join('\n'),
    );
    const { properties } = feed(0).served().model.entitySets.get('BuzzeasyCalls')?.entityType ?? assert.fail();
    assert.equal(properties.get('HoldCount')?.description, 'Times on hold.');
    assert.equal(properties.get('CustomerPhoneNumber')?.personalData, 'direct');
    const held = await feed(0).rows(
      'BuzzeasyCalls?$select=Id&$filter=HoldCount gt 200 and not (IsConsult eq true)&$orderby=Id',
    );
    assert.deepEqual(
      held.map((row) => row['Id']),
      sorted(calls, ['id'])
        .filter((row) => Number(row['holdCount']) > 200 && row['isConsult'] !== true)
        .map((row) => row['id']),
    );
    assert.ok(held.length > 0);
  });

  it('a column more is served, and of class content until somebody says what it is', async () => {
    assert.deepEqual(
      sorted(await feed(1).rows('BuzzeasyCalls'), ['id']),
      callsAs((row) => ({ ...row, sentiment: 3 })),
    );
    assert.deepEqual(differences(1), ['BuzzeasyCalls: sentiment is in the feed only.']);
    const { properties } = feed(1).served().model.entitySets.get('BuzzeasyCalls')?.entityType ?? assert.fail();
    assert.equal(properties.get('sentiment')?.personalData, 'content');
  });

  it('a column less is not there', async () => {
    assert.deepEqual(
      sorted(await feed(2).rows('BuzzeasyCalls'), ['id']),
      callsAs(({ holdCount, ...row }) => row),
    );
    assert.deepEqual(differences(2), ['BuzzeasyCalls: holdCount is not in the feed.']);
  });

  it('a column of another type has the type of the feed', async () => {
    assert.deepEqual(
      sorted(await feed(3).rows('BuzzeasyCalls'), ['id']),
      callsAs((row) => ({ ...row, durationInSeconds: textOf(row['durationInSeconds'] ?? null) })),
    );
    assert.deepEqual(differences(3), ['BuzzeasyCalls: durationInSeconds is Edm.String, documented as Edm.Int64.']);
    const [row] = calls.filter((one) => one['durationInSeconds'] !== null);
    const filter = `durationInSeconds eq '${String(row?.['durationInSeconds'])}'`;
    assert.ok((await feed(3).rows(`BuzzeasyCalls?$filter=${filter}`)).length > 0);
  });
});
