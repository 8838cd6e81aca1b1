import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { versionsText } from '../../src/source/stored/data-versions.ts';
import { apart, countedRows, fencedApart, metRows } from '../../src/sql/apart.ts';
import { refusedByCitus } from '../../src/warehouse/citus-refusals.ts';
import { groupName, historyOf, sourceGroups } from '../../src/warehouse/placement/source-groups.ts';
import { runInProcess } from '../e2e/remedies/command-line.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { migratedDatabase } from '../support/made-databases.ts';

const catalogue = catalogueOf(metadataFolder);

describe('Groups of sources', () => {
  const groups = sourceGroups(catalogue);

  it('are the sources of files, those of one product together', () => {
    assert.deepEqual(groups.map(groupName).sort(), ['hootsuite-inbox + sparkcentral', 'tracebuzz']);
  });

  it('have each set of these sources once, and none of another', () => {
    const placed = groups.flatMap(({ sets }) => sets.map(({ name }) => name)).sort();
    const wanted = [...catalogue.sets.values()].filter(({ source }) => catalogue.sources.get(source)?.kind === 'files');
    assert.deepEqual(placed, wanted.map(({ name }) => name).sort());
  });

  it('hold all that a derived set of one of them is made of', () => {
    const groupOf = new Map(groups.flatMap((group) => group.sets.map(({ name }) => [name, groupName(group)] as const)));
    for (const { sets } of groups) {
      for (const { name, derivation } of sets) {
        const from =
          derivation?.kind === 'bridge'
            ? [derivation.from]
            : derivation?.kind === 'dimension'
              ? derivation.from.map(({ set }) => set)
              : [];
        for (const set of from) {
          assert.equal(groupOf.get(set), groupOf.get(name), `${name} of ${set}`);
        }
      }
    }
  });

  it('keep the names of their tables when a source is added behind the first', () => {
    const [group] = groups;
    assert.ok(group);
    assert.deepEqual(historyOf({ ...group, sources: [...group.sources, 'zulu'] }), historyOf(group));
  });
});

describe('Statements for distributed tables', () => {
  it('fence tables that are read apart, whatever their names', () => {
    const text = `SELECT 1 FROM ${apart('"affected_A ""b"""')} a, ${apart('gateway.confirmation')} n JOIN "x" y ON true`;
    assert.equal(
      fencedApart(text),
      'SELECT 1 FROM (SELECT * FROM "affected_A ""b""" OFFSET 0) a, (SELECT * FROM gateway.confirmation OFFSET 0) n JOIN "x" y ON true',
    );
  });

  it('fetch the rows that a table of the session names', () => {
    const meeting = { table: 'feed."A"', by: 'staged', on: 't.k = o.k' };
    assert.equal(metRows({ isDistributed: false }, meeting), 'feed."A"');
    assert.equal(
      metRows({ isDistributed: true }, meeting),
      '(SELECT t.* FROM feed."A" t JOIN staged o ON t.k = o.k OFFSET 0)',
    );
    assert.deepEqual(
      [false, true].map((isDistributed) => countedRows({ isDistributed })),
      ['', ' RETURNING 1'],
    );
  });

  it('read versions where the rows lie, each table once', () => {
    const before = versionsText(['TracebuzzCases', 'Conversations'], catalogue);
    assert.match(
      before,
      /^SELECT \S+ .* FROM gateway\.set_versions WHERE entity_set IN \('TracebuzzCases'::text, 'Conversations'::text\) ORDER BY entity_set$/,
    );
    const group = sourceGroups(catalogue).find(({ sources }) => sources.includes('tracebuzz'));
    assert.ok(group);
    const set = catalogue.sets.get('TracebuzzCases');
    assert.ok(set?.kind === 'stored');
    const history = historyOf(group);
    const placed = { ...catalogue, sets: new Map([...catalogue.sets, [set.name, { ...set, history }]]) };
    const text = versionsText(['TracebuzzCases', 'Conversations'], placed);
    assert.match(
      text,
      new RegExp(
        `FROM "gateway_placed"."${history.versions.name}" WHERE entity_set IN \\('TracebuzzCases'::text\\) UNION ALL`,
      ),
    );
    assert.match(
      text,
      /FROM gateway\.set_versions WHERE entity_set IN \('Conversations'::text\)\) AS o\(v\) ORDER BY v$/,
    );
  });
});

describe('What Citus refuses', () => {
  const thrown = (code: string, message: string): Error => Object.assign(new Error(message), { code });
  const kinds: readonly (readonly [Error, string | null])[] = [
    [thrown('0A000', 'complex joins are only supported when all distributed tables are co-located'), 'distributed'],
    [thrown('XX000', 'the query contains a join that requires repartitioning'), 'distributed'],
    [thrown('XX000', 'cache lookup failed for relation 7'), null],
    [thrown('42601', 'syntax error'), null],
    [new GatewayError('ComputationFailed', 'x', { cause: thrown('0A000', 'cannot convert NaN to integer') }), null],
    [new GatewayError('Internal', 'x', { cause: thrown('0A000', 'direct joins') }), 'distributed'],
  ];
  for (const [error, feature] of kinds) {
    it(`${error.message}: ${feature ?? 'stays what it is'}`, () => {
      const refused = refusedByCitus(error, ['A', 'B']);
      assert.equal(refused?.feature ?? null, feature);
      assert.equal(refused?.status ?? 501, 501);
      assert.match(refused?.message ?? 'over A, B', /over A, B/);
    });
  }
});

describe('gateway place without Citus', () => {
  it('says so in a sentence, and changes nothing', async () => {
    const database = await migratedDatabase();
    const environment = { DATABASE_URL: database.connectionString };
    for (const flags of [[], ['--dry-run']]) {
      const { code, output } = await runInProcess(['place', ...flags], environment);
      assert.equal(code, 1);
      assert.match(output, /^There is no Citus in this database[^\n]*docs\/scale\.md[^\n]*\n?$/);
    }
    await database.drop();
  });
});
