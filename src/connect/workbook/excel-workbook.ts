import type { EntitySet, Property } from '../../edm/model.ts';
import { guid } from '../guid.ts';
import { sheetColumns, sheetQuery } from '../m-text.ts';
import { zipFile } from '../zip-file.ts';
import { type CellType, type LoadedQuery, mashup } from './mashup.ts';
import { columnLetters, sheetName, tableName } from './sheet-names.ts';
import { type WorkbookSheet, workbookParts } from './workbook-parts.ts';

/** What a workbook is made of. */
export interface WorkbookOf {
  /** Service root with its final slash. */
  readonly root: string;
  /** In the order of their sheets; one at least. */
  readonly sets: readonly EntitySet[];
  /** Told as the moment of the last load. */
  readonly at: Date;
}

/**
 * A workbook (`.xlsx`) with a Power Query query of each set, that loads to a table on a sheet of its own when the workbook is
 * opened. It holds no row as yet, and nothing to sign in with: Excel asks for that.
 */
export async function excelWorkbook({ root, sets, at }: WorkbookOf): Promise<Buffer> {
  const sheets = sheetsOf(root, sets);
  return zipFile(workbookParts(sheets, await mashup(sheets, at)));
}

function sheetsOf(root: string, sets: readonly EntitySet[]): readonly (WorkbookSheet & LoadedQuery)[] {
  const sheetNames = new Set<string>();
  const tableNames = new Set<string>();
  return sets.map((set) => {
    const sheet = sheetName(set.name, sheetNames);
    const table = tableName(set.name, tableNames);
    sheetNames.add(sheet.toLowerCase());
    tableNames.add(table.toLowerCase());
    const columns = sheetColumns(set).map(({ property, name }) => ({ name, type: cellType(property) }));
    return {
      name: set.name,
      title: set.title ?? set.name,
      sheet,
      table,
      query: sheetQuery(root, set),
      columns,
      lastColumn: columnLetters(columns.length),
      id: guid(`${root} ${set.name}`),
    };
  });
}

/** What the query makes of a property: see `sheetQuery`. */
function cellType({ type, collection }: Property): CellType {
  if (collection) {
    return 'text';
  }
  switch (type) {
    case 'Edm.Boolean':
      return 'logical';
    case 'Edm.Byte':
    case 'Edm.Int16':
    case 'Edm.Int32':
    case 'Edm.SByte':
      return 'int32';
    case 'Edm.Int64':
      return 'int64';
    case 'Edm.Decimal':
    case 'Edm.Double':
    case 'Edm.Duration':
    case 'Edm.Single':
      return 'number';
    case 'Edm.DateTimeOffset':
      return 'datetime';
    case 'Edm.Date':
      return 'date';
    case 'Edm.TimeOfDay':
      return 'any';
    case 'Edm.Binary':
    case 'Edm.Guid':
    case 'Edm.String':
      return 'text';
  }
}
