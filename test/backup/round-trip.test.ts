import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { checkBackup } from '../../src/backup/check-backup.ts';
import { writeBackup } from '../../src/backup/write-backup.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { backupOf, fill, type Place, shop, stateOf, usePlaces, useWorld, within } from './support/shop.ts';

describe('A backup that is restored', () => {
  const world = useWorld();
  const place = usePlaces();
  let file: string;
  let restored: Place;

  before(async () => {
    await world().begin();
    shop(world());
    await fill(world());
    await world().works(`gateway backup ${world().folder}/backups/`);
    const [name = ''] = readdirSync(path.join(world().folder, 'backups'));
    file = path.join(world().folder, 'backups', name);
    restored = await place();
    const outcome = await restored.run(`gateway restore ${file}`);
    assert.equal(outcome.code, 0, outcome.output);
  });

  it('is one file that its owner alone may read, and that says what it holds', async () => {
    assert.match(path.basename(file), /^gateway-\d{8}T\d{6}Z\.backup\.zip$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const told = await world().works(`gateway backup --check ${file}`);
    assert.match(told, /is whole: as of 20\S+, \d+ rows of \d+ tables, 5 kept files, 3 metadata files \(gateway /);
  });

  it('lies in the folder that was named, also where that is not there yet and has no slash at its end', async () => {
    const nightly = path.join(world().folder, 'kept', 'nightly');
    await world().works(`gateway backup --no-files ${nightly}`);
    await world().works(`gateway backup --no-files ${world().folder}/kept/one.backup`);
    assert.match(readdirSync(nightly).join(), /^gateway-\d{8}T\d{6}Z\.backup\.zip$/);
    assert.ok(statSync(path.join(world().folder, 'kept', 'one.backup')).isFile());
  });

  it('has the same rows, marks, tombstones, counters and structure', async () => {
    const manifest = await checkBackup(file);
    const again = await restored.within((database) => backupOf(database, path.join(restored.folder, 'again.zip')));
    assert.deepEqual(stateOf(again), stateOf(manifest));
    const rows = Object.fromEntries(again.tables.map((table) => [`${table.schema}.${table.name}`, table.rows]));
    assert.deepEqual(
      [
        rows['feed.AcmeOrders'],
        rows['feed.AcmeStock'],
        rows['gateway.load'],
        rows['gateway.reject'],
        rows['gateway.tombstones'],
      ],
      [2, 3, 3, 1, 1],
    );
  });

  it('holds no secret of sessions, and nothing of who runs now', async () => {
    await restored.within(async (database) => {
      await database.query(`INSERT INTO gateway.session_key (secret) VALUES ('sealed with this')`);
      await database.query(`INSERT INTO gateway.instance (instance_id, version) VALUES ('one', '0.0.0')`);
      const manifest = await backupOf(database, path.join(restored.folder, 'passing.zip'));
      const rows = new Map(manifest.tables.map((table) => [`${table.schema}.${table.name}`, table.rows]));
      assert.deepEqual([rows.get('gateway.session_key'), rows.get('gateway.instance')], [0, 0]);
      await database.query('DELETE FROM gateway.session_key');
      await database.query('DELETE FROM gateway.instance');
    });
  });

  it('has the kept files with their names and times, and the metadata', () => {
    for (const name of [
      'drop/loaded/orders.csv',
      'drop/loaded/stock-1.csv',
      'drop/refused/sub/bad%\\name.csv',
      'uploads/loaded/up.csv',
    ]) {
      const [from, to] = [world().folder, restored.folder].map((folder) => path.join(folder, 'data', name));
      assert.deepEqual(readFileSync(String(to)), readFileSync(String(from)));
      assert.deepEqual(statSync(String(to)).mtime, statSync(String(from)).mtime);
    }
    assert.deepEqual(
      readdirSync(path.join(restored.folder, 'metadata/acme')),
      readdirSync(path.join(world().folder, 'metadata/acme')),
    );
  });

  it('goes on as the original would: known files, new files, rejected rows, sets made anew from kept files', async () => {
    const drop = path.join(restored.folder, 'data/drop/loaded');
    const known = await restored.run(`gateway ingest ${drop}`);
    assert.equal(known.output.match(/not loaded again/g)?.length, 3, known.output);
    const more = world().file('orders-more.csv', 'Id,Title,Count,At\n1,newer,2,\n3,c,3,\n', 9);
    assert.match((await restored.run(`gateway ingest ${more}`)).output, /1 new, 1 changed/);
    const replay = await restored.run('gateway replay');
    assert.match(replay.output, /load 1 \(orders\.csv\): 0 of 1 rows taken in/, replay.output);
    const rebuilt = await restored.run('gateway rebuild AcmeStock');
    assert.match(rebuilt.output, /AcmeStock: made anew from 2 files: 5 rows, 0 rejected/, rebuilt.output);
    await restored.within(async (database) => {
      const { rows } = await database.query(`SELECT "OrderId", "Title", _row FROM feed."AcmeOrders" ORDER BY 1`);
      assert.deepEqual(
        rows.map((row) => [row['OrderId'], row['Title'], Number(row['_row']) > 2]),
        [
          ['1', 'newer', false],
          ['2', null, false],
          ['3', 'c', true],
        ],
      );
    });
  });

  it('keeps metadata that somebody has edited since, and puts that of the backup beside it', async () => {
    const other = await place();
    world().file('elsewhere/source.yaml', 'title: edited\n');
    mkdirSync(path.join(other.folder, 'metadata'));
    const outcome = await other.run(`gateway restore --no-files ${file}`);
    assert.match(
      outcome.output,
      /metadata differs from the backup, whose metadata is in (\S+metadata-of-backup-\S+): /,
    );
    assert.deepEqual(readdirSync(path.join(other.folder, 'metadata')), []);
    const [beside = ''] = readdirSync(path.join(other.folder, 'data'));
    assert.deepEqual(readdirSync(path.join(other.folder, 'data', beside, 'acme')).sort(), [
      'orders.yaml',
      'source.yaml',
      'stock.yaml',
    ]);
  });

  it('is of one moment, and no load waits for it', async () => {
    const target = path.join(world().folder, 'during.zip');
    const catalogue = requireCatalogue(path.join(world().folder, 'metadata'), {});
    await restored.within(async (database) => {
      const before = await backupOf(database, path.join(restored.folder, 'before.zip'));
      const load = world().file('during.csv', 'Id,Title,Count,At\n1,while,2,\n77,d,3,\n', 99);
      let loaded = 0;
      const slow: Pick<Database, 'query' | 'snapshot'> = {
        query: (text, values) => database.query(text, values),
        snapshot: (work) =>
          database.snapshot((snapshot) =>
            work({
              query: (text, values) => snapshot.query(text, values),
              async *copyOut(select) {
                if (loaded === 0) {
                  const result = await loadFile({ catalogue, database }, load, {});
                  loaded = result.state === 'loaded' ? result.counts.read : 0;
                }
                yield* snapshot.copyOut(select);
              },
            }),
          ),
      };
      const during = await backupOf(slow, target);
      assert.equal(loaded, 2, 'the load has ended before the first table was read');
      assert.deepEqual(during.tables, before.tables);
      const after = await backupOf(database, path.join(restored.folder, 'after.zip'));
      assert.notDeepEqual(after.tables, before.tables);
    });
  });

  it('leaves nothing behind where it cannot be written, and holds nothing up', async () => {
    const folder = path.join(restored.folder, 'failing');
    mkdirSync(folder);
    await within(restored.connectionString, async (database) => {
      await database.query(
        'CREATE TABLE feed.large AS SELECT g, repeat(md5(g::text), 20) AS t FROM generate_series(1, 20000) AS g',
      );
      let tables = 0;
      const gone = writeBackup({
        ...{ database, file: path.join(folder, 'a.zip'), program: '1', keptFiles: null, metadataDir: folder },
        progress: () => {
          tables += 1;
          if (tables === 3) {
            throw new Error('no more');
          }
        },
      });
      await assert.rejects(gone, /no more/);
      await assert.rejects(backupOf(database, path.join(folder, 'missing', 'a.zip')), { code: 'BackupUnwritable' });
      assert.deepEqual(readdirSync(folder), []);
      await database.query('DROP TABLE feed.large');
    });
    rmSync(folder, { recursive: true });
  });
});
