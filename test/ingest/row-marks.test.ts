import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { type DeletionColumn, type KeptColumn, keptColumns } from '../../src/catalogue/kept-columns.ts';
import { insertedMarks, newMark } from '../../src/ingest/merge/kept-cells.ts';
import { rowMarks } from '../../src/ingest/merge/row-marks.ts';
import { stageRows } from '../../src/ingest/merge/stage-rows.ts';
import { type StoredTable, storedTable } from '../../src/ingest/stored/stored-table.ts';
import { copyFields } from '../../src/sql/copy-line.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { catalogue, useFeed } from './support/feed.ts';

const file = { loadId: '77', fileTime: '2026-02-03T04:05:06.000Z', earlier: [], later: [] };
const place = (BigInt(file.loadId) * 2n ** 31n + 5n).toString();

/** A table of which one column is kept, with these deletion columns and this winner. */
function tableOf(deletions: readonly DeletionColumn[], winner: KeptColumn['winner']): StoredTable {
  const messages = storedTable(catalogue, 'HootsuiteInboxMessages');
  const kept = { column: 'Content', stamp: '_stamp_Content', place: '_place_Content', winner, deletions };
  const more = deletions.map(({ column, sqlType }) => [column, { name: column, sqlType }] as const);
  return { ...messages, kept: [kept], columns: new Map([...messages.columns, ...more]) };
}

async function* noLines(): AsyncGenerator<never> {}

const updated = { column: 'LastUpdatedAt', mark: '_winner_Content', sqlType: 'timestamp with time zone' };

describe('Marks of kept cells that are found while rows are converted', () => {
  const feed = useFeed();

  it('are of the table of the set, where a row says its cell or that it is deleted', () => {
    const table = storedTable(catalogue, 'HootsuiteInboxMessages');
    deepEqual(table.kept, keptColumns(catalogue, 'HootsuiteInboxMessages'));
    const marks = rowMarks(table, file, ['MessageId', 'Content', 'LastUpdatedAt', 'DeletedAt']);
    deepEqual(marks.columns, ['_stamp_Content', '_place_Content', '_winner_Content']);
    const at = '2026-01-01T00:00:00Z';
    equal(marks.textOf(['m', 'x', at, null], 5), `\t${file.fileTime}\t${place}\t${at}`);
    equal(marks.textOf(['m', null, at, null], 5), '\t\\N\t\\N\t\\N');
    equal(marks.textOf(['m', null, null, at], 5), `\t${file.fileTime}\t${place}\t\\N`);
    equal(marks.none, '\t\\N\t\\N\t\\N');
    const without = rowMarks(table, file, ['MessageId', 'LastUpdatedAt']);
    equal(without.textOf(['m', at], 5), '\t\\N\t\\N\t\\N');
  });

  const kinds: readonly (readonly [sqlType: string, texts: readonly string[]])[] = [
    ['boolean', ['t', 'f', 'true', 'false']],
    ['text', ['', 'x', 'f']],
    ['integer', ['0', '1', '-2']],
    ['numeric', ['0', '0.00', '0.5']],
    ['timestamp with time zone', ['2026-01-01T00:00:00Z']],
  ];
  for (const [sqlType, texts] of kinds) {
    for (const winner of [null, updated]) {
      it(`are those that PostgreSQL finds: deleted by ${sqlType}, ${winner === null ? 'no winner' : 'a winner'}`, async () => {
        const table = tableOf([{ column: 'Gone', sqlType }], winner);
        const properties = ['MessageId', 'Content', 'LastUpdatedAt', 'Gone'];
        const row = fc.tuple(
          fc.option(fc.constantFrom('', 'x', 'tab\tin it')),
          fc.option(fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')),
          fc.option(fc.constantFrom(...texts)),
        );
        const rows = fc.sample(row, { numRuns: 60, seed: 1 });
        const marks = rowMarks(table, file, properties);
        const line = ([content, time, gone]: (typeof rows)[number], n: number): string => {
          const values = [`m${n}`, content, time, gone];
          return `${n}\t0\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t${copyFields(values)}${marks.textOf(values, n)}\n`;
        };
        async function* lines(): AsyncGenerator<Uint8Array> {
          yield Buffer.from(rows.map(line).join(''));
        }
        const different = await feed().database.transaction(async (transaction) => {
          const { name } = await stageRows(
            transaction,
            { table, scope: [], straight: null },
            { properties, marks: marks.columns, lines: lines(), direct: () => noLines() },
          );
          const found = table.kept.flatMap((kept) => insertedMarks(kept, { file, fileTime: '$1' }));
          deepEqual(
            found.map(([column]) => column),
            marks.columns,
          );
          const pairs = found.map(([column, value]) => `(${value}) IS DISTINCT FROM s.${newMark(column)}`);
          const { rows: said } = await transaction.query<{ n: number }>(
            `SELECT count(*) FILTER (WHERE ${pairs.join(' OR ')})::int AS n, count(s.${newMark('_stamp_Content')})::int AS marked FROM ${name} s WHERE $1::timestamptz IS NOT NULL AND ${quoteIdentifier('MessageId')} IS NOT NULL`,
            [file.fileTime],
          );
          return said[0];
        });
        equal(different?.n, 0);
      });
    }
  }
});
