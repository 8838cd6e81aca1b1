import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ArchiveReader } from '../../src/backup/archive-reader.ts';
import { restoreTables } from '../../src/backup/restore-tables.ts';
import { GatewayError } from '../../src/errors.ts';
import { migrate, migrationsFolder, readMigrations, runMigrations } from '../../src/warehouse/migrate.ts';
import { backupOf, shop, stateOf, usePlaces, useWorld } from '../backup/support/shop.ts';

const migrations = readMigrations(migrationsFolder);
/** Those that release 0.3.0 has; they never change. */
const released = migrations.slice(0, 10);

describe('Upgrade and downgrade, by the book', () => {
  const world = useWorld();
  const place = usePlaces();

  it('a database of 0.3.0 is upgraded, then refused by 0.3.0, and its backup restored for 0.3.0', async () => {
    assert.equal(released.at(-1)?.name, '010-load-outcomes.sql');
    await world().begin();
    shop(world());
    const here = await place();
    cpSync(path.join(world().folder, 'metadata'), path.join(here.folder, 'metadata'), { recursive: true });
    const file = path.join(here.folder, 'before.zip');
    const before = await here.within(async (database) => {
      await database.transaction((transaction) => runMigrations(transaction, released));
      await database.query(
        `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, outcome_code, message)
         VALUES ('acme', 'orders', 'a.csv', 'a.csv', repeat('0', 64), 1, 'refused', 'FileEmpty', 'FileEmpty: nothing'),
                ('acme', 'orders', 'b.csv', 'b.csv', repeat('1', 64), 1, 'duplicate', NULL, NULL)`,
      );
      return backupOf(database, file);
    });

    const upgraded = await here.run('gateway migrate');
    assert.equal(upgraded.code, 0, upgraded.output);
    for (const { name } of migrations.slice(released.length)) {
      assert.ok(upgraded.output.includes(`migrated ${name}`), upgraded.output);
    }
    const old = mkdtempSync(path.join(os.tmpdir(), 'gateway-old-'));
    for (const { name } of released) {
      cpSync(path.join(migrationsFolder, name), path.join(old, name));
    }
    await here.within(async (database) => {
      const { rows } = await database.query('SELECT count(*)::int AS n FROM gateway.load');
      assert.deepEqual(rows, [{ n: 2 }]);
      const state = stateOf(await backupOf(database, path.join(here.folder, 'after.zip')));
      await assert.rejects(migrate(database, old), (error) => {
        assert.ok(error instanceof GatewayError && error.code === 'MigrationRefused');
        const next = migrations[released.length]?.name ?? '';
        assert.ok(error.message.includes(`has run ${next}, which this version of the gateway does not know`));
        assert.match(error.remedy, /Run the gateway version this database was made for/);
        return true;
      });
      const unchanged = stateOf(await backupOf(database, path.join(here.folder, 'unchanged.zip')));
      assert.deepEqual(unchanged, state, 'the refusal has changed nothing');
    });
    rmSync(old, { recursive: true });

    const elsewhere = await place();
    await elsewhere.within(async (database) => {
      const archive = await ArchiveReader.open(file);
      const order = { database, archive, migrations: released, replaces: false, progress: () => {} };
      assert.deepEqual(await restoreTables(order), { migrated: [], erasedSince: 0 });
      archive.close();
      assert.deepEqual(stateOf(await backupOf(database, path.join(elsewhere.folder, 'a.zip'))), stateOf(before));
    });
  });
});
