import { deepEqual, equal } from 'node:assert/strict';
import { confirmingProperty } from './support/confirming-files.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';

const cases = (ids: readonly number[], externalId: string) =>
  exportFile(
    'tracebuzz/cases',
    ids.map((CaseId) => ({ CaseId, ExternalId: externalId, PersonId: 5 })),
  );

/** Another file of the same rows: blank lines are no rows. */
const again = (text: string, lines: number): string => text + '\n'.repeat(lines);

describe('Files that confirm rows', () => {
  confirmingProperty(useFeed(), 3);
});

describe('A file that says of rows what is stored', () => {
  const feed = useFeed();
  const options = { source: 'tracebuzz', export: 'cases' };
  const rowsOf = () =>
    feed().rows(`SELECT "CaseId", "ExternalId", xmin::text, ctid::text FROM feed."TracebuzzCases" ORDER BY 1`);
  const versions = () =>
    feed().rows(`SELECT entity_set, version::text, changed_at FROM gateway.set_versions ORDER BY 1`);
  const notes = () => feed().rows(`SELECT chunk::text, load_id::text, rows::text FROM gateway.confirmation ORDER BY 1`);
  const ids = [...Array(50).keys()];
  const text = cases(ids, 'a');
  const load = async (name: string, content: string, minute: number) =>
    loaded(await feed().load(name, content, { minute, ...options })).counts;

  it('writes no row of the set and no derived one, and leaves the data version: nothing is new', async () => {
    await load('a.csv', text, 0);
    const [stored, derived, version] = [
      await rowsOf(),
      await feed().rows(`SELECT "PersonId", xmin::text, ctid::text FROM feed."TracebuzzPersons"`),
      await versions(),
    ];
    equal((await load('b.csv', again(text, 1), 10)).unchanged, 50);
    deepEqual(await rowsOf(), stored);
    deepEqual(await feed().rows(`SELECT "PersonId", xmin::text, ctid::text FROM feed."TracebuzzPersons"`), derived);
    deepEqual(await versions(), version);
    equal((await notes()).length, 1);
  });

  it('A, then A again and newer, then B dated between: A stays', async () => {
    equal((await load('between.csv', cases(ids, 'b'), 5)).unchanged, 50);
    deepEqual(new Set((await rowsOf()).map((row) => row['ExternalId'])), new Set(['a']));
    equal((await load('later.csv', cases(ids, 'c'), 15)).updated, 50);
  });

  it('notes no more however many nights it comes, whole or in part, and a change in between costs nothing', async () => {
    for (let night = 1; night <= 12; night++) {
      await load(`night ${night}.csv`, again(cases(ids, 'c'), night), 20 + night);
    }
    equal((await notes()).length, 1);
    await load('part.csv', again(cases(ids.slice(0, 10), 'c'), 30), 60);
    equal((await notes()).length, 2);
    await load('changed.csv', cases(ids, 'd'), 61);
    await load('whole.csv', again(cases(ids, 'd'), 1), 62);
    equal((await notes()).length, 1);
  });

  it('a load that is undone notes nothing', async () => {
    const before = await notes();
    const broken = `${again(cases(ids, 'd'), 2)}${'"x\n'.repeat(200)}`;
    equal((await feed().load('broken.csv', broken, { minute: 70, ...options })).state, 'refused');
    deepEqual(await notes(), before);
  });
});
