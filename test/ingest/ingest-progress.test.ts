import assert from 'node:assert/strict';
import { IngestProgress } from '../../src/commands/support/ingest-progress.ts';
import type { PathFile } from '../../src/ingest/delivery/paths/path-files.ts';
import { useFeed } from './support/feed.ts';
import { shopCatalogue } from './support/shop.ts';

const orders = shopCatalogue({
  key: { type: 'Int64', header: 'Id' },
  properties: { Title: { header: 'Title' } },
});

describe('How far `gateway ingest` has come with many files', () => {
  const feed = useFeed(orders);
  const file = (path: string, size: number): PathFile => ({
    ...{ path, size, modifiedMs: 0, time: 0 },
    place: { below: path, directory: '' },
  });

  it('says files, rows, rate and what remains, one line every half minute, and at the end what became of all', async () => {
    const files = [
      ...['1.csv', '2.csv', '3.csv'].map((name) => file(`${feed().folder}/orders-${name}`, 1000)),
      file('known.csv', 4000),
      file('odd.csv', 500),
      file('gone.csv', 500),
    ];
    let now = 0;
    const progress = new IngestProgress(files, () => now);
    assert.deepEqual([progress.total, progress.due()], [6, null]);
    progress.note({ state: 'known', path: 'known.csv', loadId: '1' });
    now = 10_000;
    assert.equal(
      progress.line(),
      '1 of 6 files, 0 rows, 0 rows/s',
      'a known file tells nothing of how fast loading goes',
    );
    progress.note(await feed().load('orders-1.csv', 'Id,Title,Colour\n1,a,red\n2,b,\n'));
    now = 20_000;
    assert.equal(progress.line(), '2 of 6 files, 2 rows, 0 rows/s, about 1 min left');
    assert.equal(progress.due(), null, 'not yet');
    progress.note(await feed().load('orders-2.csv', 'Id,Title,Colour\n1,c,red\n2,b,\n3,d,\n,e,\n', { minute: 1 }));
    now = 30_000;
    assert.equal(progress.due(), '3 of 6 files, 6 rows, 0 rows/s, about 30 s left');
    assert.equal(progress.due(), null, 'once');
    progress.note(await feed().load('odd.csv', 'a,b\n1,2\n'));
    progress.note(await feed().load('orders-3.csv', 'Id,Title,Colour\n1,c,red\n2,b,\n3,d,\n,e,\n', { minute: 2 }));
    now = 3_700_000;
    progress.note(await feed().load('gone.csv', 'x\n'));
    assert.equal(progress.due(), null, 'the summary says it');
    assert.deepEqual(progress.summary(), [
      'unknown column, kept in Extras: acme/orders: Colour (2 files)',
      '6 files in 1 h 2 min: 2 loaded, 1 known as they lie there, 1 known under another name or place, 2 refused',
      '6 rows: 3 new, 1 changed, 1 the same, 1 rejected, 0 repeated, 0 removed',
    ]);
  });
});
