import { deepEqual, equal } from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'mocha';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { loadEvent } from '../../src/ingest/delivery/ingest-result.ts';
import { exportFigures } from '../../src/ingest/ledger/export-figures.ts';
import { exportSummaries } from '../../src/ingest/ledger/load-summary.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { csv, useFeed } from './support/feed.ts';
import { shopCatalogue } from './support/shop.ts';
import { zipOf } from './support/zips.ts';

const shop = { properties: { Total: { type: 'Int64' } } } as const;

describe('A refused file of no known export', () => {
  const feed = useFeed(shopCatalogue(shop));
  const noted = async () =>
    (
      await feed().rows(
        `SELECT l.path, l.source, l.export, l.outcome_code AS code, a.source AS told FROM gateway.load l LEFT JOIN gateway.alert a ON a.details ->> 'load' = l.load_id::text WHERE l.state IN ('refused', 'unpacked') ORDER BY l.path`,
      )
    ).map((row) => Object.values(row));

  it('has the source whose folder it came to, in the ledger, in alerts, in the log and in metrics', async () => {
    const { write, folder, database, catalogue } = feed();
    write('drop/acme/odd.csv', 'a;b\n1;2\n');
    write('drop/what.csv', 'c;d\n1;2\n');
    write(
      'drop/acme/bad.csv',
      csv([
        ['OrderId', 'Total'],
        ['1', 'x'],
      ]),
    );
    write(
      'drop/acme/good.zip',
      zipOf([
        {
          name: 'orders.csv',
          text: csv([
            ['OrderId', 'Total'],
            ['1', '2'],
          ]),
        },
      ]),
    );
    write('drop/acme/odd.zip', zipOf([{ name: 'odd.csv', text: 'e;f\n1;2\n' }]));
    const { results } = await scanDropFolder({ catalogue, database }, path.join(folder, 'drop'), { settle: 0 });
    deepEqual(await noted(), [
      ['acme/bad.csv', 'acme', 'orders', 'TooManyRejects', 'acme'],
      ['acme/good.zip', 'acme', null, null, null],
      ['acme/odd.csv', 'acme', null, 'FileUnknown', 'acme'],
      ['acme/odd.zip', 'acme', null, 'MembersRefused', 'acme'],
      ['acme/odd.zip/odd.csv', 'acme', null, 'FileUnknown', 'acme'],
      ['what.csv', null, null, 'FileUnknown', null],
    ]);
    const told = results.map(loadEvent).map(({ file, source, export: of }) => [path.basename(file), source, of]);
    deepEqual(told.sort(), [
      ['bad.csv', 'acme', 'orders'],
      ['good.zip', 'acme', null],
      ['odd.csv', 'acme', null],
      ['odd.zip', 'acme', null],
      ['what.csv', null, null],
    ]);
    const figures = (await exportFigures(database)).filter(({ refusedFiles }) => refusedFiles > 0);
    deepEqual(figures.map(({ source, export: of, refusedFiles, late }) => [source, of, refusedFiles, late]).sort(), [
      ['', '', 1, null],
      ['acme', '', 3, null],
    ]);
    const summary = (await exportSummaries(database)).map(({ name, loads, refused }) => [name, loads, refused]);
    deepEqual(summary, [
      ['acme/orders', '1', '1'],
      [null, '0', '3'],
    ]);
  });

  it('has no source that is none', async () => {
    const { write, database, catalogue } = feed();
    const file = write('nobodys.csv', 'g;h\n1;2\n');
    const result = await loadFile({ catalogue, database }, file, { source: 'nobody' });
    equal(result.state, 'refused');
    equal((await noted()).find(([below]) => below === 'nobodys.csv')?.[1], null);
  });
});
