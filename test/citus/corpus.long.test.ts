import assert from 'node:assert/strict';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { quoteRelation } from '../../src/sql/identifier.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { createHistory, createMirrors, moveHistory } from '../../src/warehouse/placement/mirror-history.ts';
import { placedSchema } from '../../src/warehouse/placement/source-groups.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { insertRows } from '../sql/sample-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { runTestFiles } from '../support/mocha-child.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { conformanceFiles, filters, goldens } from '../support/read-corpus.ts';
import { saidBy } from '../support/read-twice.ts';
import { unhurried } from '../support/unhurried.ts';
import { type DatabaseFeed, feedOn, withSmallModel } from '../warehouse/standby/standby-feed.ts';
import { asked, type CitusDatabase, citusDatabase, citusUrl, withoutCitus } from './support/citus-database.ts';

/** Where the sets of the small model lie, and what of the corpus Citus refuses then, as docs/scale.md says. */
const layouts: readonly (readonly [name: string, placed: readonly string[], refused: RegExp | null])[] = [
  ['together on a worker', ['Cases', 'Messages', 'Agents'], null],
  // As the sets over all sources, which lead to one row of a source each.
  ['of which one lies on a worker that others lead to', ['Agents'], /\$expand=Cases\(\$apply=|any\(c:c\/Messages\(1\)/],
];

(citusUrl === null ? describe.skip : describe)(`The read corpus on Citus${withoutCitus}`, function () {
  this.timeout(3_600_000);

  for (const [name, placed, refusable] of layouts) {
    describe(`of the small model, ${name}`, () => {
      let plain: TestDatabase;
      let citus: CitusDatabase;
      const databases: Database[] = [];
      const feeds: DatabaseFeed[] = [];
      before(async () => {
        plain = await testDatabase();
        citus = await citusDatabase();
        for (const { connectionString } of [plain, citus]) {
          await withSmallModel(insertRows())(connectionString);
        }
        await place(citus.connectionString, placed);
        await asked(citus.connectionString, 'ALTER ROLE gateway_reader LOGIN');
        const [epochs = {}] = await asked(
          plain.connectionString,
          `SELECT json_object_agg(entity_set, epoch)::text AS all FROM gateway.set_versions`,
        );
        await asked(citus.connectionString, 'UPDATE gateway.set_versions SET epoch = ($1::json ->> entity_set)::uuid', [
          epochs['all'],
        ]);
        for (const { connectionString } of [plain, citus]) {
          const database = await openDatabase({ ...unhurried, connection: connectionString });
          databases.push(database);
          feeds.push(
            await feedOn(
              database,
              { pageSize: 3 },
              connectionString === plain.connectionString ? catalogue : placedCatalogue(placed),
            ),
          );
        }
      });
      after(async () => {
        await Promise.all(feeds.map((feed) => feed.close()));
        await Promise.all(databases.map((database) => database.close()));
        await citus.drop();
        await plain.drop();
      });

      it('every golden statement and every filter has the same bytes, but for what docs/scale.md says', async () => {
        const [one, other] = feeds as [DatabaseFeed, DatabaseFeed];
        const different: string[] = [];
        const refused: string[] = [];
        for (const url of [...goldens, ...filters]) {
          const [here, there] = await Promise.all([one.get(url), other.get(url)]);
          const [theirs, ours] = [await saidBy(here, one.root), await saidBy(there, other.root)];
          if (
            there.status === 501 &&
            here.status !== 501 &&
            String(ours).includes('"@gateway.feature":"distributed"')
          ) {
            refused.push(url);
          } else if (JSON.stringify(theirs) !== JSON.stringify(ours)) {
            different.push(
              `${url}\n  ${JSON.stringify(theirs).slice(0, 400)}\n  ${JSON.stringify(ours).slice(0, 400)}`,
            );
          }
        }
        assert.deepEqual(different, []);
        assert.deepEqual(
          refused.filter((url) => refusable?.test(url) !== true),
          [],
          'not in docs/scale.md',
        );
        assert.equal(refused.length > 0, refusable !== null);
        assert.ok(goldens.length > 50 && filters.length > 200, `${goldens.length} and ${filters.length}`);
      });
    });
  }

  it('of the product: the conformance tests hold, and all replies are those of plain PostgreSQL', async () => {
    const { code, output } = await runTestFiles(conformanceFiles(), {});
    assert.equal(code, 0, output);
    const [, compared = '0'] = /(\d+) replies compared/.exec(output) ?? [];
    assert.ok(Number(compared) > 1000, output);
    assert.deepEqual(
      [...output.matchAll(/^ *refused: (.*)$/gm)].map(([, url]) => url),
      [],
    );
  });
});

const history = {
  versions: { schema: placedSchema, name: 'versions' },
  tombstones: { schema: placedSchema, name: 'tombstones' },
};

/** As `gateway place` does it with the sets of a group of sources. */
async function place(connection: string, sets: readonly string[]): Promise<void> {
  const database = await openDatabase({ connection });
  await database.transaction(async (transaction) => {
    await createMirrors(transaction);
    await createHistory(transaction, history, () => false);
    const tables = [...Object.values(history).map(quoteRelation), ...sets.map((set) => `feed."${set}"`)];
    for (const [index, table] of tables.entries()) {
      await transaction.query(`SELECT create_distributed_table($1::regclass, NULL, colocate_with => $2)`, [
        table,
        index === 0 ? 'none' : tables[0],
      ]);
    }
    await moveHistory(transaction, sets, history);
  });
  await database.close();
}

/** As it is served then. */
const placedCatalogue = (placed: readonly string[]): Catalogue => ({
  ...catalogue,
  sets: new Map(
    [...catalogue.sets].map(([name, set]) => [
      name,
      placed.includes(name) && set.kind === 'stored' ? { ...set, history } : set,
    ]),
  ),
});
