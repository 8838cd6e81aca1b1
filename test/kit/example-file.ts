import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Export, ExportColumn } from '../../src/catalogue/catalogue.ts';

/** One row of an export, made of the metadata's examples, in a file of its own. */
export interface ExampleFile {
  readonly path: string;
  readonly directory: string;
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Writes the file below a new folder, in the folders and under the name of the export's first rule with an example. */
export function writeExampleFile(exported: Export, header: (column: ExportColumn) => string): ExampleFile {
  const rule = exported.fileRules.find((candidate) => candidate.example !== undefined);
  const name = (rule?.example ?? `${exported.source}/${exported.name}-{from}-{to}.csv`)
    .replaceAll('{unix}', '1793584800')
    .replaceAll('{from}', '01112026000000')
    .replaceAll('{to}', '02112026000000')
    .replaceAll('{uuid}', 'a0c3fb5e-6a70-4c55-9b2f-000000000001');
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'gateway-kit-')), path.basename(name));
  const lines = [
    exported.columns.map((column) => quoted(header(column))),
    exported.columns.map((column) => quoted(column.example)),
  ];
  writeFileSync(file, `${lines.map((cells) => cells.join(',')).join('\n')}\n`);
  return { path: file, directory: path.dirname(name) };
}
