import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeSamples } from '../../src/samples/write-samples.ts';
import { exportFile } from '../ingest/support/feed.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { testDatabase } from '../support/postgres.ts';
import { asked, citusDatabase, citusUrl, withoutCitus } from './support/citus-database.ts';
import { type TwoWarehouses, twoWarehouses } from './support/two-warehouses.ts';

const key = { PERSONAL_DATA_KEY: '0123456789abcdef0123456789abcdef' };

(citusUrl === null ? describe.skip : describe)(`Work on a placed warehouse${withoutCitus}`, function () {
  this.timeout(1_800_000);
  let warehouses: TwoWarehouses;
  const onCitus = (): string => warehouses.citus.connectionString;
  before(async () => {
    warehouses = await twoWarehouses(key);
    // Both have looked at their tables as often: rows that the metadata gives take a number each time.
    await warehouses.command(onCitus(), 'place');
    await warehouses.command(warehouses.plain, 'migrate');
    for (const source of readdirSync(path.join(warehouses.folder, 'samples'))) {
      await warehouses.ingest(`samples/${source}`);
    }
  });
  after(() => warehouses.close());

  it('has the rows of periods that are stated again', async () => {
    const restated = path.join(warehouses.folder, 'restated');
    const order = { rows: 90, days: 3, daysPerFile: 1, broken: 0, only: [] };
    for (const seed of [21, 22]) {
      const folder = path.join(restated, String(seed));
      await writeSamples(catalogueOf(metadataFolder), folder, { ...order, seed });
      for (const source of readdirSync(folder)) {
        await warehouses.ingest(`restated/${seed}/${source}`);
      }
      await warehouses.sameTables();
    }
    const [deleted] = await asked(onCitus(), 'SELECT count(*)::int AS n FROM gateway.tombstones');
    assert.ok(Number(deleted?.['n']) > 0, 'some rows went');
  });

  it('takes a person out of rows, wherever they lie', async () => {
    const attribute = { AttributeId: 'a-1', AttributeName: 'tier', AttributeValue: 'gold' };
    const folder = path.join(warehouses.folder, 'persons', 'sparkcentral');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'contact-attributes.csv'),
      exportFile('sparkcentral/contact-attributes', [
        { ...attribute, ContactProfileId: 'c-1001', ContactPrimaryIdentifier: 'Jan Jansen' },
        { ...attribute, ContactProfileId: 'c-1002', ContactPrimaryIdentifier: 'Pia Peters' },
      ]),
    );
    await warehouses.ingest('persons/sparkcentral');
    await warehouses.sameTables();
    assert.match(
      await warehouses.both('erase', '--person', 'jan jansen'),
      /^SparkcentralContactAttributes: 1 rows to remove/m,
    );
    await warehouses.both('erase', '--person', 'jan jansen', '--yes');
    assert.match(await warehouses.both('erase', '--person', 'jan jansen'), /^Nothing of the person was found\.$/m);
    await warehouses.sameTables();
  });

  it('makes sets anew from their files, and from those of others', async () => {
    await warehouses.both('rebuild', 'SparkcentralContactAttributes', 'TracebuzzCases', '--from', warehouses.folder);
    await warehouses.sameTables();
  });

  it('has nothing to prune that plain PostgreSQL would keep, and is told by the same words', async () => {
    await warehouses.both('prune');
    await warehouses.both('rejects');
    await warehouses.sameTables();
  });

  it('is backed up, and restored into plain PostgreSQL and into Citus, where it is placed again', async () => {
    const file = path.join(warehouses.folder, 'warehouse.backup');
    await warehouses.command(onCitus(), 'backup', file);
    await warehouses.command(onCitus(), 'backup', '--check', file);
    const [plain, citus] = [await testDatabase(), await citusDatabase()];
    try {
      await warehouses.command(plain.connectionString, 'restore', file);
      await warehouses.sameTables(plain.connectionString);
      await warehouses.command(citus.connectionString, 'restore', file);
      await warehouses.command(citus.connectionString, 'place');
      await warehouses.sameTables(citus.connectionString);
      await warehouses.command(citus.connectionString, 'migrate');
      await warehouses.sameTables(citus.connectionString);
    } finally {
      await citus.drop();
      await plain.drop();
    }
  });
});
