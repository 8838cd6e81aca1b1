import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { derivedFrom } from '../../src/ingest/derive/derived-sets.ts';
import { unifiedIds, unifiedQuery } from '../../src/ingest/derive/unified-rows.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { wholeCatalogue } from './whole-catalogue.ts';

const derivedOf = (name: string, source: string) => {
  const found = derivedFrom(wholeCatalogue, source).find(({ table }) => table.set.name === name);
  assert.ok(found, `${name} is made of ${source}`);
  return found;
};
const idsOf = (name: string, source: string): readonly string[] =>
  unifiedIds(wholeCatalogue, derivedOf(name, source), storedTable(wholeCatalogue, source), 't._version = 1').split(
    ' UNION ',
  );

/** The sets whose tables a statement reads rows of, of those named. */
const readsOf = (sql: string, sets: readonly string[]): readonly string[] =>
  sets.filter((set) => sql.includes(`FROM "feed"."${set}" AS`));

describe('what loads ask of sets over all sources', () => {
  it('ids of sums are made of each sum that rows belong to, not of each row', () => {
    const selects = idsOf('TeamDays', 'Conversations');
    assert.equal(selects.length, 3);
    for (const [place, day] of ['LocalDate', 'LocalDate', 'LocalEndDate'].entries()) {
      const few = `FROM (SELECT DISTINCT t."TeamKey", t."${day}", t."Source" FROM "feed"."Conversations" t WHERE t._version = 1) t WHERE t."${day}" IS NOT NULL`;
      assert.ok(selects[place]?.includes(few), selects[place]);
    }
  });

  it('ids of which times are parts are made of each row, as those of rows of their own', () => {
    for (const select of [...idsOf('TeamIntervals', 'Conversations'), ...idsOf('Messages', 'HootsuiteInboxMessages')]) {
      assert.ok(!select.includes('(SELECT DISTINCT'), select);
    }
  });

  it('rows are made of the sources alone whose things are affected, and one is picked only where several contend', () => {
    const derived = derivedOf('Conversations', 'TracebuzzCases');
    const sets = ['TracebuzzCases', 'SparkcentralResolvedConversations', 'HootsuiteInboxResolvedConversations'];
    const made = (...spaces: readonly string[]): string =>
      unifiedQuery(wholeCatalogue, { derived, all: false, spaces: new Set(spaces) });
    const ofOne = made('tracebuzz:');
    assert.deepEqual(readsOf(ofOne, sets), ['TracebuzzCases']);
    assert.ok(!ofOne.includes('DISTINCT ON'), ofOne);
    const ofTwo = made('sparkcentral:');
    assert.deepEqual(readsOf(ofTwo, sets), sets.slice(1));
    assert.ok(ofTwo.includes('SELECT DISTINCT ON (n._space, n._id)'), ofTwo);
    assert.deepEqual(readsOf(unifiedQuery(wholeCatalogue, { derived, all: true }), sets), sets);
  });
});
