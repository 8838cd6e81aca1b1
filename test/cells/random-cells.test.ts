import assert from 'node:assert/strict';
import fc from 'fast-check';
import { useFeed } from '../ingest/support/feed.ts';
import { assertNumbersKept } from './support/number-oracle.ts';
import { assertAllHeld, forms, oddCell } from './support/random-cells.ts';

describe('random cells', () => {
  const feed = useFeed();

  it('A17 E10 give PostgreSQL nothing that it refuses and readers nothing that they do not hold, in every encoding', async () => {
    const cells = fc.sample(oddCell(), 400);
    let read = 0;
    for (const form of forms) {
      read += await assertAllHeld(feed().database, form, cells);
    }
    assert.ok(read > 1000, `only ${read} values`);
  });

  it('A17 of many characters are read or refused as fast as others, whatever they repeat', async () => {
    const long = ['0', '1', '.', ',', '1,', '1.000', ' ', "1'000", '=', 'A', '[', '1,24E+15', 'e', '-', ':00', 'P1D'];
    const cells = long.flatMap((piece) => {
      const text = piece.repeat(Math.ceil(200_000 / piece.length));
      return [text, `${text}x`, `0.${text}1`, `1${text}`];
    });
    const plain = forms.filter((form) => form.files.decimalMark === undefined);
    for (const form of plain) {
      await assertAllHeld(feed().database, { ...form, maxLength: 100, identifies: true }, cells);
    }
  });

  it('A5 are never another number than the one that was written, in any language', () => assertNumbersKept(1000));
});
