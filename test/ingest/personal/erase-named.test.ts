import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { erasePersons } from '../../../src/ingest/erase/erase-persons.ts';
import { personalKey } from '../../../src/ingest/personal/personal-key.ts';
import { exportFile, catalogue as known, useFeed } from '../support/feed.ts';

const catalogue: Catalogue = { ...known, personalKey: personalKey('0123456789abcdef0123456789abcdef') };

describe('A person whom several sets name', () => {
  const feed = useFeed(catalogue);
  const persons = async () =>
    (
      await feed().rows(
        `SELECT "PersonId"::int AS id FROM feed."TracebuzzPersons" WHERE _load_id IS NOT NULL ORDER BY 1`,
      )
    ).map(({ id }) => id);

  it('is erased from the one that keeps whom they once named, too', async () => {
    const { load, database } = feed();
    const loaded = [
      await load(
        'raw-cases-1750000000.csv',
        exportFile('tracebuzz/cases', [
          { CaseId: 1, PersonId: 88001 },
          { CaseId: 2, PersonId: 88002 },
        ]),
      ),
      await load(
        'raw-persons-1750000000.csv',
        exportFile('tracebuzz/person-properties', [
          { PersonPropertyId: 1, PersonId: 88001, Key: 'name', Value: 'Jan Jansen' },
          { PersonPropertyId: 2, PersonId: 88002, Key: 'name', Value: 'Pia' },
        ]),
      ),
    ];
    deepEqual(
      loaded.map(({ state }) => state),
      ['loaded', 'loaded'],
    );
    deepEqual(await persons(), [88001, 88002]);
    const erase = (dryRun: boolean) =>
      erasePersons(database, catalogue, { persons: ['88001', 'Jan Jansen'], source: null, folders: [], dryRun });
    const { sets } = await erase(false);
    deepEqual(Object.fromEntries(sets), {
      TracebuzzPersons: { removed: 1, emptied: 0 },
      TracebuzzCases: { removed: 0, emptied: 1 },
      TracebuzzPersonProperties: { removed: 0, emptied: 1 },
    });
    deepEqual(await persons(), [88002]);
    equal((await erase(true)).sets.size, 0);
  });
});
