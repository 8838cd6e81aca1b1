import assert from 'node:assert/strict';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import type { SampleRow, SampleValue } from '../../../src/sandbox/sample-rows.ts';
import { type FeedFile, type PropertyFile, withProperties } from './feed-file.ts';
import { asDocumented, documented, documentedFeed, runningFeeds, sorted, source } from './round-trip.ts';

const { samples, file } = documentedFeed(30, { navigations: true, settings: { pageSize: 20 } });
const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Changes a property of the calls alone. */
const ofCalls = (change: (property: PropertyFile) => PropertyFile | null): FeedFile =>
  withProperties(file, (property, set) => (set.name === 'Calls' ? change(property) : property));

const textOf = (value: SampleValue): SampleValue => (value === null ? null : String(value));

/** The generation that docs of an earlier product describe: other names, and milliseconds. */
const olderNames: Readonly<Record<string, string>> = {
  id: 'ConversationId',
  startedAt: 'StartTime',
  durationInSeconds: 'Duration',
};
const older = withProperties(
  file,
  (property, set) =>
    set.name === 'Calls' ? { ...property, name: olderNames[property.name] ?? property.name } : property,
  (value, property) => (property.name === 'Duration' && value !== null ? Number(value) * 1000 + 999 : value),
);

/** The documents, with the unit that one of their properties has there. */
function withDivisor(): Catalogue {
  const set = documented.sets.get('BuzzeasyCalls');
  assert.ok(set?.kind === 'upstream');
  const hint = set.hints?.get('durationInSeconds') ?? assert.fail();
  const upstreamNames = [{ name: 'Duration', divisor: 1000 }];
  const hints = new Map([...(set.hints ?? []), ['durationInSeconds', { ...hint, upstreamNames }]]);
  return { ...documented, sets: new Map([...documented.sets, [set.name, { ...set, hints }]]) };
}
const knowing = withDivisor();

describe('generations of the documented feed, from Microsoft.AspNetCore.OData', () => {
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
    ]
      .map(asDocumented)
      .concat([{ file: older, documented: knowing, source: source.name }]),
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

  it('other names and milliseconds that the metadata knows are served as documented, in rows, keys, filters and orders', async () => {
    assert.deepEqual(differences(4), [
      'BuzzeasyCalls: durationInSeconds is called Duration, 1000 to one.',
      'BuzzeasyCalls: id is called ConversationId.',
      'BuzzeasyCalls: startedAt is called StartTime.',
    ]);
    const all = sorted(calls, ['id']);
    assert.deepEqual(sorted(await feed(4).rows('BuzzeasyCalls'), ['id']), all);
    const [first = assert.fail()] = all;
    assert.deepEqual(await feed(4).entity(`BuzzeasyCalls('${String(first['id'])}')`), first);
    const seconds = (row: SampleRow): number | null => row['durationInSeconds'] as number | null;
    const ids = (rows: readonly SampleRow[]) => rows.map((row) => row['id']);
    const filtered = async (filter: string) =>
      ids(await feed(4).rows(`BuzzeasyCalls?$select=id&$orderby=id&$filter=${filter}`));
    const middle = 400;
    for (const [filter, keeps] of [
      [`durationInSeconds gt ${middle}`, (value: number | null) => value !== null && value > middle],
      [`not (durationInSeconds gt ${middle})`, (value: number | null) => value === null || value <= middle],
      [`durationInSeconds eq ${seconds(first)}`, (value: number | null) => value === seconds(first)],
      [`durationInSeconds ne ${seconds(first)}`, (value: number | null) => value !== seconds(first)],
      ['durationInSeconds eq null', (value: number | null) => value === null],
    ] as const) {
      const expected = ids(all.filter((row) => keeps(seconds(row))));
      assert.deepEqual(await filtered(filter), expected, filter);
    }
    const ordered = await feed(4).rows(
      'BuzzeasyCalls?$select=id&$filter=durationInSeconds ne null&$orderby=durationInSeconds desc,id',
    );
    const known = all.filter((row) => seconds(row) !== null).toSorted((a, b) => (seconds(b) ?? 0) - (seconds(a) ?? 0));
    assert.deepEqual(ids(ordered), ids(known));
  });
});
