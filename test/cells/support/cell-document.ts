import { rejectCodes } from '../../../src/ingest/csv/reject-codes.ts';
import { type CellTable, cellTables, type TableCell } from './cell-tables.ts';

const preface = `# Cells

What each encoding makes of the cells of a file: the value as OData writes it, or the code with which the row is rejected
(see [errors.md](errors.md)). The same rules read the files that are loaded and inspected, the rejects that are replayed, and the
examples and rows in the metadata. Blanks around a cell are no part of it, except in texts that name nothing; empty cells and the null words of
the source never come here.

This page is written from the tables in \`test/cells/tables\` by \`npx tsx scripts/write-cell-tables.ts\`; the tests try each
cell with \`check\`, \`inspect\` and \`ingest\`.
`;

/** docs/cells.md. */
export function cellDocument(): string {
  return [preface, ...cellTables().map(section)].join('\n');
}

function section({ encoding, about, cells }: CellTable): string {
  const head = `| cell | as | value | rejected |\n|---|---|---|---|`;
  return `## ${encoding}\n\n${about.trim()}\n\n${head}\n${cells.map(line).join('\n')}\n`;
}

function line(row: TableCell): string {
  const value =
    row.refused !== undefined ? '' : row.value === null || row.value === undefined ? 'null' : code(row.value);
  const refused = row.refused === undefined ? '' : `\`${row.refused}\``;
  const cell = row.note === undefined ? code(row.cell) : `${code(row.cell)} (${row.note})`;
  return `| ${cell} | ${[row.type, ...conditions(row)].join(', ')} | ${value} | ${refused} |`;
}

function conditions(row: TableCell): readonly string[] {
  const { decimalMark, example, key, joined, maxLength, precision, scale } = row;
  return [
    ...(key === undefined ? [] : ['in a key or reference']),
    ...(maxLength === undefined ? [] : [`maxLength ${maxLength}`]),
    ...(precision === undefined ? [] : [`precision ${precision}`]),
    ...(scale === undefined ? [] : [`scale ${scale}`]),
    ...(decimalMark === undefined ? [] : [`decimalMark \`${decimalMark}\``]),
    ...(example === undefined ? [] : [`example \`${example}\``]),
    ...(joined === undefined ? [] : [`joined to ${joined}`]),
  ];
}

/** A table cell cannot hold a bar or a line break; code shows no other character otherwise than it is. */
const code = (text: string): string =>
  `\`${text.replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('|', '\\|')}\``;

/** Every code that a single cell can be rejected with is shown by some cell. */
export const codesShown = (): ReadonlySet<string> =>
  new Set(
    cellTables().flatMap(({ cells }) => cells.flatMap(({ refused }) => (refused === undefined ? [] : [refused]))),
  );

export const codesOfCells = Object.keys(rejectCodes).filter((name) =>
  /^(INVALID|AMBIGUOUS|SCIENTIFIC|OUT|TOO_LONG)/.test(name),
);
