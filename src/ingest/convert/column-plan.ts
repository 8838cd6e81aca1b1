import type { ComputedColumn, ExportColumn, FileDefaults } from '../../catalogue/catalogue.ts';
import type { CellConverter } from '../../catalogue/cells/cell.ts';
import { type CellForm, cellConverter, keepsBlanks } from '../../catalogue/cells/cell-converter.ts';
import { convertMoment, type TimeReading } from '../../catalogue/cells/time-cells.ts';
import type { EntityType, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { documentedHeader, type HeaderMatch } from '../identify/match-header.ts';
import { type Computation, computation, inputsOf, type RowView } from './computed-column.ts';

/** How the cells of one column are converted. */
export interface ColumnPlan {
  readonly column: ExportColumn;
  readonly property: Property;
  /** Place in the file; -1: the file has no such column. */
  readonly field: number;
  readonly header: string;
  readonly convert: CellConverter;
  /** A person wrote the text, and may have written the word NULL, or a formula. */
  readonly isContent: boolean;
  readonly keepsBlanks: boolean;
  readonly textTakesFault: boolean;
}

/** What the columns of one file have in common. */
export interface ColumnSetting {
  readonly header: HeaderMatch;
  readonly files: FileDefaults;
  /** Integer properties whose texts go to another property. */
  readonly textTakers: ReadonlySet<string>;
  /** Properties of which only a hash is stored: their texts may have any length. */
  readonly hashed: ReadonlySet<string>;
  readonly reading: TimeReading;
  /** The row that is being converted. */
  readonly row: Pick<RowView, 'value'>;
}

/** How one computed property is computed. */
export interface ComputedPlan {
  readonly property: Property;
  readonly compute: Computation;
  /** The same in every row. */
  readonly constant: boolean;
  /** Properties that it looks at. */
  readonly of: readonly string[];
}

/** What has to be known of a column to convert its cells. A moment is joined to a date of the row that is being converted. */
export function planColumn(
  column: ExportColumn,
  property: Property,
  { header, files, textTakers, hashed, reading, row }: ColumnSetting,
): ColumnPlan {
  const cell = header.cells.find((one) => one.column?.property === column.property);
  const { joinedTo } = column;
  return {
    column,
    property,
    field: cell?.index ?? -1,
    header: cell?.text ?? documentedHeader(column),
    convert:
      column.encoding === 'moment' && joinedTo !== null
        ? (text) => convertMoment(text, row.value(joinedTo), reading)
        : cellConverter(formOf(column, hashed.has(property.name) ? unlimited(property) : property, files), reading),
    keepsBlanks: keepsBlanks({ type: property.type, identifies: column.identifies }),
    isContent: column.personalData === 'content',
    textTakesFault: textTakers.has(column.property),
  };
}

/** @param setting how times are read, the period of the file (null: it has none), and words that mean null */
export function planComputed(
  column: ComputedColumn,
  property: Property,
  setting: Parameters<typeof computation>[2],
): ComputedPlan {
  return {
    property,
    constant: column.kind === 'period',
    of: inputsOf(column),
    compute: computation(column, property, setting),
  };
}

function unlimited({ maxLength: _, ...property }: Property): Property {
  return property;
}

function formOf(column: ExportColumn, property: Property, files: FileDefaults): CellForm {
  const { encoding, identifies, example } = column;
  const { type, maxLength, precision, scale } = property;
  return { type, encoding, maxLength, precision, scale, identifies, example, files };
}

/** @throws GatewayError Internal where the type has no such property: the catalogue was not checked */
export function propertyOf(entityType: EntityType, name: string): Property {
  const property = entityType.properties.get(name);
  if (property === undefined) {
    throw new GatewayError('Internal', `${entityType.name} has no property ${name}`);
  }
  return property;
}
