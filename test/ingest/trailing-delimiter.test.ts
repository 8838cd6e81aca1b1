import assert from 'node:assert/strict';
import { exportFile, useFeed } from './support/feed.ts';

describe('a delimiter behind the last header', () => {
  const feed = useFeed();

  for (const [id, where, ending] of [
    [7, 'in the header only', ''],
    [8, 'in every line', ','],
  ] as const) {
    it(`${where} costs no row and makes no column`, async () => {
      const [header = '', row = ''] = exportFile('tracebuzz/labels', [{ LabelId: id, Name: where }]).split('\n');
      const file = `${header},\n${row}${ending}\n`;
      const result = await feed().load(`labels ${where}.csv`, file, { source: 'tracebuzz', export: 'labels' });
      assert.ok(result.state === 'loaded', JSON.stringify(result));
      assert.deepEqual([result.counts.read, result.counts.rejected], [1, 0], JSON.stringify(result.counts));
      const stored = await feed().rows(`SELECT "Name", "Extras" FROM feed."TracebuzzLabels" WHERE "LabelId" = ${id}`);
      assert.deepEqual(stored, [{ Name: where, Extras: null }]);
    });
  }
});
