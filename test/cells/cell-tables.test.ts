import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { isPrimitiveTypeName, primitiveType } from '../../src/edm/primitive-types.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { canonicalText } from '../../src/plan/value/canonical-text.ts';
import { literal } from '../../src/sql/literal.ts';
import { exportFile, useFeed } from '../ingest/support/feed.ts';
import { cellDocument, codesOfCells, codesShown } from './support/cell-document.ts';
import {
  type CellGroup,
  catalogueOf,
  cellGroups,
  cellTables,
  exampleMetadata,
  groupRows,
  type TableCell,
} from './support/cell-tables.ts';

const groups = cellTables().flatMap(cellGroups);
const catalogue = catalogueOf(groups);
const told = ({ type, cell, decimalMark, example, key, joined }: TableCell): string =>
  `${type} ${JSON.stringify(cell)} ${JSON.stringify({ decimalMark, example, key, joined })}`;

/** What the table says of each cell: its code, or null where it has a value. */
const expected = (group: CellGroup): readonly (readonly [string, string | null])[] =>
  group.cells.map((cell) => [told(cell), cell.refused ?? null]);

describe('the table of cells of each encoding', () => {
  const feed = useFeed(catalogue);

  for (const group of groups) {
    const source = `cells-${group.name}`;
    // Most of the rows are to be rejected: that many would speak against the file.
    const options = { source, export: group.name, force: true };
    const text = (): string => exportFile(`${source}/${group.name}`, groupRows(group), catalogue);

    it(`B10 ${group.name}: check says of each cell, as an example, what the table says`, () => {
      const { faults } = buildCatalogue([{ file: 'a.yaml', text: exampleMetadata(group) }], {});
      const faulty = new Set(faults.map((fault) => fault.path.join('.')));
      const said = group.cells.map((cell, at) => [told(cell), faulty.has(`properties.P${at}.example`)]);
      // A cell that its column's example makes clear is not clear as an example itself.
      const alone = group.cells.map((cell) => [told(cell), cell.refused !== undefined || cell.example !== undefined]);
      const judged = (rows: readonly unknown[]) => rows.filter((_, at) => group.cells[at]?.example === undefined);
      assert.deepEqual(judged(said), judged(alone));
    });

    it(`A17 ${group.name}: inspect finds the faults that the table says, each with its line and header`, async () => {
      const path = feed().write(`inspected-${group.name}.csv`, text());
      const inspection = await inspectFile(path, catalogue, { ...options, maxFaults: 1000 });
      assert.equal(inspection.refusal?.code ?? 'TooManyRejects', 'TooManyRejects');
      const lines = linesOf(group);
      const found = new Map(inspection.faults.map(({ line, code, header }) => [line, [code, header]]));
      assert.deepEqual(
        group.cells.map((cell, at) => [told(cell), found.get(lines[at] ?? 0) ?? null]),
        group.cells.map((cell, at) => [
          told(cell),
          cell.refused === undefined ? null : [cell.refused, group.properties[at]],
        ]),
      );
    });

    it(`A17 ${group.name}: a load stores the values and rejects the rows that the table says`, async () => {
      const result = await feed().load(`${group.name}.csv`, text(), options);
      assert.equal(result.state, 'loaded', JSON.stringify(result));
      const rejects = await feed().rows<{ line: number; code: string; header: string }>(
        `SELECT line::int, code, header FROM gateway.reject WHERE load_id = (SELECT max(load_id) FROM gateway.load)`,
      );
      const codes = new Map(rejects.map((one) => [one.line, one.code]));
      const lines = linesOf(group);
      assert.deepEqual(
        group.cells.map((cell, at) => [told(cell), codes.get(lines[at] ?? 0) ?? null]),
        expected(group),
      );
      const set = catalogue.exports.find((one) => one.name === group.name)?.set ?? '';
      for (const [at, cell] of group.cells.entries()) {
        if (cell.refused !== undefined) {
          continue;
        }
        const column = `"${group.properties[at]}"`;
        const [row] = await feed().rows<{ same: boolean; stored: string | null }>(
          `SELECT ${column} IS NOT DISTINCT FROM ${constant(cell)} AS same, ${column}::text AS stored FROM feed."${set}" WHERE _line = ${lines[at]}`,
        );
        assert.equal(row?.same, true, `${told(cell)} is stored as ${row?.stored}`);
      }
    });
  }
});

describe('docs/cells.md', () => {
  it('B10 shows the tables that the tests try; if not, run: npx tsx scripts/write-cell-tables.ts', () => {
    assert.equal(readFileSync(new URL('../../docs/cells.md', import.meta.url), 'utf8'), cellDocument());
  });

  it('shows each code that a single cell can be rejected with', () => {
    const shown = codesShown();
    assert.deepEqual(
      codesOfCells.filter((code) => !shown.has(code)),
      ['INVALID_ENCODING'],
    );
  });
});

/** The first line of each cell's row: a cell may hold line breaks. */
function linesOf({ cells }: CellGroup): readonly number[] {
  let line = 2;
  return cells.map(({ cell }) => {
    const at = line;
    line += 1 + (cell.match(/\n/g)?.length ?? 0);
    return at;
  });
}

/** The table's value as the feed compares with it in `$filter`. */
function constant({ type, value }: TableCell): string {
  const name = `Edm.${type}`;
  assert.ok(isPrimitiveTypeName(name));
  if (value === null || value === undefined) {
    return `NULL::${primitiveType(name).postgres}`;
  }
  // The table has the alphabet that all readers take, URLs have their own.
  const text = name === 'Edm.Binary' ? Buffer.from(value, 'base64').toString('base64url') : value;
  const canonical = canonicalText(text, name);
  assert.notEqual(canonical, null, `${value} is no ${type}`);
  return literal({ type: name, value: canonical });
}
