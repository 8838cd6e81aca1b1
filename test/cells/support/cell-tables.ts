import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Catalogue, Encoding } from '../../../src/catalogue/catalogue.ts';
import { buildCatalogue } from '../../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../../src/catalogue/compile/documents/fault.ts';
import { encodings } from '../../../src/catalogue/compile/schema/schema.ts';
import { rejectCodes } from '../../../src/ingest/csv/reject-codes.ts';

/** One cell of `test/cells/tables/<encoding>.yaml`: what it becomes, as OData writes it, or the code that refuses it. */
const cellSchema = z
  .strictObject({
    type: z.string(),
    cell: z.string(),
    value: z.string().nullable().optional(),
    refused: z.enum(Object.keys(rejectCodes) as [keyof typeof rejectCodes]).optional(),
    decimalMark: z.enum(['.', ',']).optional(),
    /** The documented example of the column, where it matters. */
    example: z.string().optional(),
    /** The property is the key of its set. */
    key: z.literal(true).optional(),
    /** `moment`: the date beside the cell. */
    joined: z.string().optional(),
    maxLength: z.int().optional(),
    precision: z.int().optional(),
    scale: z.int().optional(),
    note: z.string().optional(),
  })
  .refine((row) => (row.value === undefined) !== (row.refused === undefined), { message: 'value or refused' });
const tableSchema = z.strictObject({
  about: z.string(),
  timeZone: z.string().optional(),
  dateTimePatterns: z.array(z.string()).optional(),
  cells: z.array(cellSchema).min(1),
});

export type TableCell = z.infer<typeof cellSchema>;
export interface CellTable extends z.infer<typeof tableSchema> {
  readonly encoding: Encoding;
}

/** The tables of all encodings, in the order in which the metadata's documents name these. */
export function cellTables(): readonly CellTable[] {
  const folder = new URL('../tables/', import.meta.url);
  const names = readdirSync(folder).map((name) => name.replace('.yaml', ''));
  const strange = names.filter((name) => !encodings.some((one) => one === name));
  if (strange.length > 0) {
    throw new Error(`no encodings: ${strange.join(', ')}`);
  }
  return encodings.map((encoding) => ({
    encoding,
    ...tableSchema.parse(parse(readFileSync(new URL(`${encoding}.yaml`, folder), 'utf8'))),
  }));
}

/** Cells that can stand in one file: one decimal mark, one key. */
export interface CellGroup {
  readonly table: CellTable;
  /** Of the export; its set is `Cells` and this in the catalogue. */
  readonly name: string;
  readonly key: boolean;
  readonly cells: readonly TableCell[];
  /** The property of each cell. */
  readonly properties: readonly string[];
}

const usualExamples: Readonly<Record<string, string>> = {
  Boolean: 'true',
  String: 'x',
  Guid: '0b9f2a6e-4c1d-4e55-9a77-3f2d1c0b8a61',
  Binary: 'AQ',
  Date: '2025-06-16',
  DateTimeOffset: '2025-06-16T07:46:40Z',
  TimeOfDay: '10:15',
};

const usualExample = ({ type, encoding }: { readonly type: string; readonly encoding: Encoding }): string => {
  if (encoding === 'unix-seconds') {
    return '1750060000';
  }
  if (type === 'Duration' && encoding === 'text') {
    return 'PT1H';
  }
  return usualExamples[type] ?? '7';
};

export function cellGroups(table: CellTable): readonly CellGroup[] {
  const groups = new Map<string, TableCell[]>();
  for (const cell of table.cells) {
    const form = `${cell.decimalMark ?? ''} ${cell.key ?? false}`;
    groups.set(form, [...(groups.get(form) ?? []), cell]);
  }
  return [...groups.values()].map((cells, number) => ({
    table,
    name: `${table.encoding}-${number}`,
    key: cells[0]?.key ?? false,
    cells,
    properties: propertiesOf(cells),
  }));
}

/** Cells of one form share a property. */
function propertiesOf(cells: readonly TableCell[]): readonly string[] {
  const forms = cells.map(({ type, example, maxLength, precision, scale, joined, key }) =>
    JSON.stringify([type, example, maxLength, precision, scale, joined !== undefined, key]),
  );
  return forms.map((form) => `P${forms.indexOf(form)}`);
}

const source = { name: 'cells', title: 'Cells', description: 'Cells.', kind: 'files', prefix: 'Cells' };
const named = { personalData: 'none', description: 'A property.' };

/** A metadata file of one group. */
export function groupMetadata({ table, name, key, cells, properties }: CellGroup): string {
  const own = cells.map((cell, at) => [properties[at], propertyEntry(table.encoding, cell, cell.example)] as const);
  return setMetadata(table, {
    name,
    decimalMark: cells[0]?.decimalMark,
    key: key ? [...new Set(properties)] : ['Row'],
    properties: Object.fromEntries([['Row', { type: 'Int64', ...named, example: '1' }], ...own]),
  });
}

/** One property for each cell, which is its example. */
export function exampleMetadata({ table, name, key, cells }: CellGroup): string {
  const own = cells.map((cell, at) => [`P${at}`, propertyEntry(table.encoding, cell, cell.cell)] as const);
  return setMetadata(table, {
    name,
    decimalMark: cells[0]?.decimalMark,
    key: key ? own.map(([property]) => property ?? '') : ['Row'],
    properties: Object.fromEntries([['Row', { type: 'Int64', ...named, example: '1' }], ...own]),
  });
}

interface SetOf {
  readonly name: string;
  readonly decimalMark: string | undefined;
  readonly key: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

function setMetadata(table: CellTable, { name, decimalMark, key, properties }: SetOf): string {
  const { timeZone, dateTimePatterns } = table;
  const set = name.replace(/\W/g, '_');
  const day = { type: 'Date', ...named, example: '2025-06-16' };
  return JSON.stringify({
    source: { ...source, name: `cells-${name}`, prefix: 'Cells' },
    set,
    title: name,
    description: name,
    fileDefaults: { timeZone, dateTimePatterns, decimalMark },
    key,
    write: { mode: 'upsert' },
    properties: { ...properties, Day: day },
  });
}

function propertyEntry(encoding: Encoding, cell: TableCell, example: string | undefined): unknown {
  const { type, maxLength, precision, scale, joined } = cell;
  return {
    type,
    encoding,
    maxLength,
    precision,
    scale,
    joinedTo: joined === undefined ? undefined : 'Day',
    ...named,
    example: example ?? usualExample({ type, encoding }),
  };
}

/** @throws where the metadata has faults. */
export function catalogueOf(groups: readonly CellGroup[]): Catalogue {
  const files = groups.map((group) => ({ file: `${group.name}.yaml`, text: groupMetadata(group) }));
  const { catalogue, faults } = buildCatalogue(files, {});
  if (catalogue === null) {
    throw new Error(faults.map(faultText).join('\n'));
  }
  return catalogue;
}

/** Rows of a file of the group, without its header: one cell in each. */
export function groupRows({ cells, properties }: CellGroup): readonly Readonly<Record<string, string>>[] {
  return cells.map(({ cell, joined }, at) => ({
    Row: String(at + 1),
    Day: joined ?? '',
    [properties[at] ?? '']: cell,
  }));
}
