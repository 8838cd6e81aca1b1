import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { ArchiveReader } from '../../src/backup/archive-reader.ts';
import { backupName } from '../../src/backup/backup-names.ts';
import { checkBackup } from '../../src/backup/check-backup.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { restoreTables } from '../../src/backup/restore-tables.ts';
import { migrate, migrationsFolder, readMigrations, runMigrations } from '../../src/warehouse/migrate.ts';
import { backupOf, fill, shop, stateOf, usePlaces, useWorld } from './support/shop.ts';

const migrations = readMigrations(migrationsFolder);

describe('A restore takes all or nothing', () => {
  const world = useWorld();
  const place = usePlaces();
  let file: string;
  let manifest: Manifest;
  const written = (bytes: Buffer): string => {
    const other = path.join(world().folder, 'other.zip');
    writeFileSync(other, bytes);
    return other;
  };

  before(async () => {
    await world().begin();
    shop(world());
    await fill(world());
    file = path.join(world().folder, 'a.zip');
    await world().works(`gateway backup ${file}`);
    manifest = await checkBackup(file);
  });

  it('of a backup that is cut off anywhere: nothing', async () => {
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        await assert.rejects(checkBackup(written(bytes.subarray(0, length))), { code: 'BackupInvalid' });
      }),
      { numRuns: 50 },
    );
  });

  it('of a backup with a wrong bit: nothing, or what was written where the bit says nothing', async () => {
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), async (bit) => {
        const damaged = Buffer.from(bytes);
        const at = bit >> 3;
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
        const found = await checkBackup(written(damaged)).catch((error: unknown) => {
          assert.equal((error as { code?: string }).code, 'BackupInvalid', String(error));
          return null;
        });
        assert.deepEqual(found ?? manifest, manifest);
      }),
      { numRuns: 80 },
    );
  });

  it('of another file: nothing', async () => {
    const other = await place();
    for (const [bytes, said] of [
      [Buffer.from('no zip'), /no whole backup/],
      [readFileSync(file).subarray(100), /BackupInvalid/],
    ] as const) {
      const outcome = await other.run(`gateway restore ${written(bytes)}`);
      assert.equal(outcome.code, 1);
      assert.match(outcome.output, /^BackupInvalid: /);
      assert.match(outcome.output, said);
    }
    assert.match(
      (await other.run('gateway restore /nowhere/a.zip')).output,
      /BackupInvalid: \/nowhere\/a\.zip is no whole backup: there is no such file\n/,
    );
    assert.match((await other.run('gateway status')).output, /There is no warehouse/);
  });

  it('of a folder: nothing, and it says which backup in it to take', async () => {
    const other = await place();
    const folder = path.join(world().folder, 'backups');
    mkdirSync(path.join(folder, 'gateway-20991231T000000Z.backup.zip'), { recursive: true });
    const says = async (said: string): Promise<void> => {
      for (const command of ['backup --check', 'restore']) {
        const outcome = await other.run(`gateway ${command} ${folder}`);
        assert.equal(outcome.code, 1);
        assert.equal(
          outcome.output,
          `BackupInvalid: ${folder} is no whole backup: it is a folder, and ${said}\nUse another backup: nothing was changed.\n`,
        );
      }
    };
    await says('no backup lies in it');
    for (const name of ['b.zip', 'a.zip', 'notes.txt']) {
      writeFileSync(path.join(folder, name), '');
    }
    await says('name one of its files (a.zip, b.zip)');
    for (const n of [1, 2, 3, 4]) {
      writeFileSync(path.join(folder, `c${n}.zip`), '');
    }
    await says('name one of its files (a.zip, b.zip, c1.zip, c2.zip, c3.zip and 1 more)');
    const [older, newer] = ['gateway-20261129T031700Z.backup.zip', backupName(new Date(Date.UTC(2026, 10, 30, 3, 17)))];
    for (const name of [newer, older, 'gateway-20271129T031700Z.backup.zip.partial']) {
      writeFileSync(path.join(folder, name), '');
    }
    assert.equal(newer, 'gateway-20261130T031700Z.backup.zip');
    await says(`the newest backup in it is ${path.join(folder, newer)}`);
  });

  it('into a database that holds loads: only with --replace, and a failure on the way leaves them', async () => {
    const other = await place();
    await other.run(`gateway restore ${file}`);
    const orders = path.join(other.folder, 'orders-2.csv');
    writeFileSync(orders, 'Id,Title,Count,At\n50,fifty,5,\n');
    await other.run(`gateway ingest ${orders}`);
    const refused = await other.run(`gateway restore ${file}`);
    assert.match(refused.output, /^RestoreRefused: .*holds loads.*gateway restore --replace/);
    const state = (name: string) =>
      other.within(async (database) => stateOf(await backupOf(database, path.join(other.folder, name))));
    const before = await state('before.zip');
    await other.within(async (database) => {
      const archive = await ArchiveReader.open(file);
      const last = archive.manifest.tables.at(-1);
      const order = { database, archive, migrations, replaces: true };
      const breaking = restoreTables({
        ...order,
        progress: (what) => {
          if (what === `${last?.schema}.${last?.name}`) {
            throw new Error('the cable is out');
          }
        },
      });
      await assert.rejects(breaking, /the cable is out/);
      archive.close();
    });
    assert.deepEqual(await state('after.zip'), before);
    // One made after it, and one that was at work while the backup was written: older than that, and not in it.
    await other.within((database) =>
      database.query(`INSERT INTO gateway.erasure (erased_at) VALUES (now()), ('2026-01-01T00:00:00Z')`),
    );
    const replaced = await other.run(`gateway restore --replace ${file}`);
    assert.equal(replaced.code, 0, replaced.output);
    assert.match(replaced.output, /^2 erasures were made after the backup, .*run gateway erase once more/m);
    assert.deepEqual(await state('replaced.zip'), stateOf(manifest));
  });

  it('where a gateway is connected, or schemas are of somebody else: nothing', async () => {
    const other = await place();
    await other.run(`gateway restore ${file}`);
    await other.within(async (gateway) => {
      await gateway.query('SELECT 1');
      const outcome = await other.run(`gateway restore --replace ${file}`);
      assert.match(outcome.output, /RestoreRefused: .*a gateway is connected to the database: stop it/);
    });
    const foreign = await place();
    await foreign.within((database) => database.query('CREATE SCHEMA feed'));
    assert.match(
      (await foreign.run(`gateway restore --replace ${file}`)).output,
      /RestoreRefused: .*schema feed that the gateway did not make/,
    );
  });

  it('of a newer gateway: nothing; of an older one: all, brought to what this one needs', async () => {
    const old = await place();
    const older = path.join(old.folder, 'older.zip');
    await old.within(async (database) => {
      await database.transaction((transaction) => runMigrations(transaction, migrations.slice(0, 7)));
      await database.query(`CREATE TABLE feed."Kept" (_row bigint GENERATED ALWAYS AS IDENTITY, "A" text COLLATE "C", "_stamp_A" timestamptz);
        INSERT INTO feed."Kept" ("A", "_stamp_A") VALUES ('x', now()), (NULL, now());
        INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, message)
        VALUES ('a', 'b', 'c', 'd', repeat('0', 64), 1, 'refused', 'FileEmpty: nothing in it'),
               ('a', 'b', 'c', 'd', repeat('1', 64), 1, 'loaded', NULL)`);
      await backupOf(database, older);
      await migrate(database);
    });
    const now = await place();
    const outcome = await now.run(`gateway restore ${older}`);
    assert.match(outcome.output, /migrated 008-deletion-marks\.sql\nmigrated 009/);
    const states = [];
    for (const one of [old, now]) {
      const state = await one.within((database) => backupOf(database, path.join(one.folder, 'b.zip')));
      states.push(state.tables.filter(({ name }) => name !== 'migration' && name !== 'set_versions'));
    }
    assert.deepEqual(states[1], states[0]);
    const empty = await place();
    await empty.within(async (database) => {
      const archive = await ArchiveReader.open(file);
      const order = { database, archive, replaces: false, progress: () => {} };
      await assert.rejects(restoreTables({ ...order, migrations: migrations.slice(0, 9) }), {
        code: 'RestoreRefused',
        message: /had run 010-load-outcomes\.sql; this version does not know it\. Restore with version/,
      });
      archive.close();
    });
  });
});

describe('A backup carries whatever stands in the schemas of the gateway', () => {
  const place = usePlaces();

  it('tables that no migration and no metadata made, with keys, checks, computed columns, counters and rights', async () => {
    const [from, to] = [await place(), await place()];
    const file = path.join(from.folder, 'a.zip');
    const before = await from.within(async (database) => {
      await migrate(database);
      await database.query(`
        CREATE TABLE gateway."Z-parent" (a int PRIMARY KEY, b text COLLATE "C" CHECK (b <> ''), c int GENERATED ALWAYS AS (a * 2) STORED);
        CREATE TABLE gateway.a_child (id bigint GENERATED BY DEFAULT AS IDENTITY (START 5), p int REFERENCES gateway."Z-parent", EXCLUDE (p WITH =));
        CREATE TABLE feed."Odd ""name/.." (v numeric(9, 2) DEFAULT 1.5, w timestamptz[] , x jsonb, y bytea, z double precision);
        CREATE INDEX odd ON feed."Odd ""name/.." (lower(x::text)) WHERE v > 0;
        CREATE SEQUENCE gateway.alone; SELECT nextval('gateway.alone');
        INSERT INTO gateway."Z-parent" VALUES (1, E'x\\n\\\\.\\n');
        INSERT INTO gateway.a_child (p) VALUES (1);
        INSERT INTO feed."Odd ""name/.." VALUES (2, '{2026-01-01 00:00:00.000001+00,NULL}', '{"a": "\\u00e9"}', '\\x00ff', 0.1), (NULL, NULL, NULL, NULL, 'NaN');
        GRANT SELECT ON feed."Odd ""name/.." TO gateway_reader`);
      return backupOf(database, file);
    });
    const outcome = await to.run(`gateway restore ${file}`);
    assert.equal(outcome.code, 0, outcome.output);
    const after = await to.within((database) => backupOf(database, path.join(to.folder, 'b.zip')));
    assert.deepEqual(stateOf(after), stateOf(before));
    await to.within(async (database) => {
      const { rows } = await database.query(`INSERT INTO gateway.a_child DEFAULT VALUES RETURNING id`);
      assert.deepEqual(rows, [{ id: '6' }]);
    });
  });

  it('and is refused where it would leave something out', async () => {
    const one = await place();
    await one.within(async (database) => {
      await migrate(database);
      await database.query('CREATE MATERIALIZED VIEW gateway.frozen AS SELECT 1 AS a');
      await assert.rejects(backupOf(database, path.join(one.folder, 'a.zip')), {
        code: 'Internal',
        message: /does not know how to carry gateway\.frozen \(kind m\)/,
      });
    });
  });
});
