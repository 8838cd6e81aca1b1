import { deepEqual, equal } from 'node:assert/strict';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

/** Cells that a converter might let through and PostgreSQL refuse, which would cost the whole file. */
const cells: readonly string[] = [
  '1e999',
  '-1e-999',
  '1e308',
  '999999999999999999999999999999',
  '9999-12-31T23:59:59-10:00',
  '9999-12-31 23:59:59.999999',
  '0100-01-01T00:00:00+14:00',
  '0000-01-01',
  '2024-02-30',
  '24:00:00',
  '99999:59:59',
  '(12345678-1234-1234-1234-123456789012)',
  '{12345678-1234-1234-1234-123456789012)',
  '253402300799999',
  '9999999999999',
  'infinity',
  'NaN',
  'now',
  '\\.',
  '\\N',
  'a\\',
  '\ud800',
  '[1][[2]][99999999999999999999]',
  '1,,2;|3',
  `${'x'.repeat(9000)}`,
  Array.from({ length: 9000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join(''),
];

describe('Hostile cells', () => {
  const feed = useFeed();

  for (const target of catalogue.exports) {
    it(`cost no file: ${target.source}/${target.name}`, async () => {
      const examples = target.columns.map((column) => [column.property, column.example] as const);
      const types = catalogue.model.entitySets.get(target.set)?.entityType.properties;
      const rows = target.columns.flatMap((column, at) =>
        cells.map((cell, which) => {
          // A key of its own for each row, so that each of them meets the table.
          const number = String(at * cells.length + which + 1);
          const key = target.key.flatMap((name) => {
            const type = types?.get(name)?.type ?? '';
            return type === 'Edm.String' || /^Edm.Int(32|64)$/.test(type) ? [[name, number] as const] : [];
          });
          return { ...Object.fromEntries([...examples, ...key]), [column.property]: cell };
        }),
      );
      const text = exportFile(`${target.source}/${target.name}`, rows);
      const result = await feed().load(`${target.name}.csv`, text, {
        source: target.source,
        export: target.name,
        period: '2026-01-01..2026-01-02',
        force: true,
      });
      equal(result.state, 'loaded', JSON.stringify(result));
      if (result.state !== 'loaded') {
        return;
      }
      equal(result.counts.read, rows.length);
      deepEqual(await feed().rows(`SELECT 1 FROM gateway.load WHERE state = 'failed'`), []);
    });
  }
});
