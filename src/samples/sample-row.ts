import type { DateTime } from 'luxon';
import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import { busyness, isBadDay, rating, secondAt } from './day-shape.ts';
import { codeListRows, countedText, keyText, type Reference, referencesOf, shiftOf } from './key-pool.ts';
import { ListPairs } from './list-pairs.ts';
import { pick, randomIndex, randomNumber } from './random.ts';
import { masterCount, type SampleFile, type SampleOrder } from './sample-files.ts';
import { firstNames, lastNames } from './sample-texts.ts';
import { textOfRow, variedText } from './text-of-row.ts';

/** Everything about an export that its rows need, looked up once. */
export interface RowMaker {
  readonly capacity: number;
  row(number: number, file: SampleFile): readonly string[];
}

const intervalsPerDay = 96;
const secondsPerDay = 86_400;

/** Makes the rows of one export. A row is a pure function of its number, the edition and the order. */
export function rowMaker(catalogue: Catalogue, exported: Export, order: SampleOrder): RowMaker {
  const references = referencesOf(catalogue, exported);
  const dimensions = dimensionNames(catalogue, exported, references);
  const keyColumns = exported.columns.filter((column) => exported.key.includes(column.property));
  const sizes = keyColumns.map((column) =>
    digitSize({ catalogue, exported, order, column, reference: references.get(column.property) }),
  );
  const finite = sizes.every((size) => Number.isFinite(size));
  const capacity =
    finite && keyColumns.length > 0 ? sizes.reduce((product, size) => product * size, 1) : Number.POSITIVE_INFINITY;
  const list = new ListPairs(catalogue, exported);

  return {
    capacity,
    row(number, file) {
      const digits = keyDigits(number, sizes, keyColumns);
      const context: CellContext = { catalogue, exported, order, file, number, digits, references, dimensions, list };
      return exported.columns.map((column) => cellText(column, context));
    },
  };
}

interface CellContext {
  readonly catalogue: Catalogue;
  readonly exported: Export;
  readonly order: SampleOrder;
  readonly file: SampleFile;
  readonly number: number;
  readonly digits: ReadonlyMap<string, number>;
  readonly references: ReadonlyMap<string, Reference>;
  readonly dimensions: ReadonlyMap<string, DimensionName>;
  readonly list: ListPairs;
}

/** A column that says something about a referenced thing, e.g. an agent's name: it must say the same in every row. */
interface DimensionName {
  readonly keyProperty: string;
  readonly set: string;
  readonly property: string;
}

function dimensionNames(
  catalogue: Catalogue,
  exported: Export,
  references: ReadonlyMap<string, Reference>,
): ReadonlyMap<string, DimensionName> {
  const names = new Map<string, DimensionName>();
  for (const [set, binding] of catalogue.sets) {
    if (binding.kind !== 'stored' || binding.derivation?.kind !== 'dimension') {
      continue;
    }
    for (const source of binding.derivation.from) {
      if (source.set !== exported.set) {
        continue;
      }
      const key = [...source.columns.values()].find((property) => references.get(property)?.set === set);
      if (key === undefined) {
        continue;
      }
      for (const [target, property] of source.columns) {
        if (property !== key) {
          names.set(property, { keyProperty: key, set, property: target });
        }
      }
    }
  }
  return names;
}

interface DigitOf {
  readonly catalogue: Catalogue;
  readonly exported: Export;
  readonly order: SampleOrder;
  readonly column: ExportColumn;
  readonly reference: Reference | undefined;
}

/** How many different values a key column takes; Infinity where it counts on without end. */
function digitSize({ catalogue, exported, order, column, reference }: DigitOf): number {
  if (reference !== undefined) {
    return targetCount(catalogue, reference.set, order);
  }
  if (column.encoding === 'time-of-day') {
    return intervalsPerDay;
  }
  if (column.encoding === 'date') {
    return 1;
  }
  if (column.encoding === 'boolean') {
    return 2;
  }
  if (column.encoding === 'text' && exported.key.length > 1) {
    return 3;
  }
  return Number.POSITIVE_INFINITY;
}

/** How many rows of a set samples refer to. */
function targetCount(catalogue: Catalogue, set: string, order: SampleOrder): number {
  const rows = codeListRows(catalogue, set);
  if (rows !== null) {
    return Math.max(rows.length, 1);
  }
  const target = catalogue.exports.find((exported) => exported.set === set);
  return target !== undefined && target.write.mode === 'upsert' ? order.rows : masterCount(order);
}

function keyDigits(
  number: number,
  sizes: readonly number[],
  columns: readonly ExportColumn[],
): ReadonlyMap<string, number> {
  const digits = new Map<string, number>();
  let rest = number;
  columns.forEach((column, i) => {
    const size = sizes[i] ?? Number.POSITIVE_INFINITY;
    digits.set(column.property, Number.isFinite(size) ? rest % size : rest);
    rest = Number.isFinite(size) ? Math.floor(rest / size) : 0;
  });
  return digits;
}

function cellText(column: ExportColumn, context: CellContext): string {
  const { catalogue, exported, order, file, number } = context;
  const digit = context.digits.get(column.property);
  const reference = context.references.get(column.property);
  if (reference?.set === exported.set) {
    return number === 0 ? '' : keyText(catalogue, reference, number - 1);
  }
  if (reference !== undefined) {
    if (digit === undefined && !column.required && chance(context, column, 'absent') < 0.08) {
      return '';
    }
    return keyText(catalogue, reference, digit ?? referenceIndex(column.property, reference, context));
  }
  if (digit !== undefined && exported.key.includes(column.property)) {
    return keyCell(column, digit, context);
  }
  const sampled = sampledText(column, context);
  if (sampled !== null) {
    return sampled;
  }
  const dimension = context.dimensions.get(column.property);
  if (dimension !== undefined && !isMoment(column)) {
    return dimensionText(column, dimension, context);
  }
  const listed = context.list.text(column, order.seed, number);
  if (listed !== null) {
    return listed;
  }
  if (!column.required && chance(context, column, 'empty') < emptyShare(column)) {
    return '';
  }
  return valueText(column, context, file.edition);
}

function referenceIndex(
  property: string,
  reference: Reference,
  { catalogue, exported, order, number }: CellContext,
): number {
  const size = targetCount(catalogue, reference.set, order);
  return randomIndex(size, order.seed, exported.source, exported.name, reference.navigation, property, number);
}

function keyCell(column: ExportColumn, digit: number, context: CellContext): string {
  const { file } = context;
  if (column.encoding === 'unix-seconds' || column.encoding === 'date-time' || column.encoding === 'moment') {
    const step = Math.max(1, Math.floor(secondsPerDay / Math.max(1, file.count)));
    return momentText(column, file.date.plus({ seconds: digit * step }));
  }
  if (column.encoding === 'date') {
    return file.date.toFormat('yyyy-MM-dd');
  }
  if (column.encoding === 'time-of-day') {
    // Few rows are spread over the day, and many rows name each quarter of an hour once.
    return file.date
      .startOf('day')
      .plus({ minutes: quarterOf(digit) * 15 })
      .toFormat('HH:mm:ss');
  }
  if (column.encoding === 'boolean') {
    return digit === 0 ? 'true' : 'false';
  }
  return countedText(column.example, digit + shiftOf(context.catalogue, context.exported.source, column.example));
}

const quarterOf = (digit: number): number => (digit * 37 + 36) % intervalsPerDay;

/** The cell that a column's samples have for the row, or for the thing that it is about. */
function sampledText({ property, samples }: ExportColumn, context: CellContext): string | null {
  if (samples === undefined) {
    return null;
  }
  const { order, exported, number, references, digits, file } = context;
  const reference = samples.of === undefined ? undefined : references.get(samples.of);
  if (samples.of === undefined || reference === undefined) {
    return pick(samples.values, order.seed, exported.source, exported.name, property, number, file.edition);
  }
  const thing = digits.get(samples.of) ?? referenceIndex(samples.of, reference, context);
  return pick(samples.values, order.seed, exported.source, property, thing);
}

function dimensionText(column: ExportColumn, dimension: DimensionName, context: CellContext): string {
  const reference = context.references.get(dimension.keyProperty);
  const digit = context.digits.get(dimension.keyProperty);
  if (reference === undefined) {
    return column.example;
  }
  const index = digit ?? referenceIndex(dimension.keyProperty, reference, context);
  const { order } = context;
  if (column.encoding === 'boolean') {
    return booleanText(column, index % 7 !== 0);
  }
  if (column.encoding === 'integer' || column.encoding === 'duration-seconds') {
    return numberOfThing(column, { order, set: dimension.set, index });
  }
  if (column.encoding !== 'text' && column.encoding !== 'list' && column.encoding !== 'label-list') {
    return column.example;
  }
  if (/name/i.test(column.property) && column.personalData !== 'none') {
    return `${pick(firstNames, order.seed, dimension.set, index)} ${pick(lastNames, order.seed, dimension.set, 'last', index)}`;
  }
  const varies = /\d|@/.test(column.example) || /name/i.test(column.property);
  return index === 0 || !varies ? column.example : variedText(column.example, index);
}

/** What all rows say of a thing that is the `index`-th of its set. */
function numberOfThing(
  column: ExportColumn,
  { order, set, index }: { readonly order: SampleOrder; readonly set: string; readonly index: number },
): string {
  const bad = isBadDay({ day: Math.floor(index / order.rows) }, order);
  if (isRating(column)) {
    return String(rating(bad, order.seed, set, column.property, index));
  }
  const random = randomNumber(order.seed, set, column.property, index);
  return column.encoding === 'integer'
    ? String(Math.floor(random * scaleOf(column.example)))
    : String(Math.floor(random ** 2 * 3600 * (bad ? 3 : 1)));
}

const isRating = ({ property }: ExportColumn): boolean => /^csat.*score$/i.test(property);

function valueText(column: ExportColumn, context: CellContext, edition: number): string {
  const { order, exported, number, file } = context;
  const random = (what: string): number => chance(context, column, `${what}${edition}`);
  const bad = isBadDay(file, order);
  switch (column.encoding) {
    case 'integer':
      if (isRating(column)) {
        return String(rating(bad, order.seed, exported.source, exported.name, column.property, number, edition));
      }
      return column.codeList === null
        ? String(Math.floor(random('n') * scaleOf(column.example) * busynessOf(context)))
        : column.example;
    case 'duration-seconds':
      return String(Math.floor(random('n') ** 2 * 3600 * (bad ? 3 : 1)));
    case 'decimal':
      return (random('n') * scaleOf(column.example)).toFixed(2).replace('.', exported.files.decimalMark ?? '.');
    case 'percentage':
      return String(Math.round(random('n') * 100));
    case 'boolean':
      return booleanText(column, random('n') < 0.5);
    case 'unix-seconds':
    case 'date-time':
    case 'moment':
      return timeOfRow(column, context, edition);
    case 'date':
      return file.date.toFormat('yyyy-MM-dd');
    case 'time-of-day':
      return file.date
        .startOf('day')
        .plus({ minutes: Math.floor(random('n') * intervalsPerDay) * 15 })
        .toFormat('HH:mm:ss');
    case 'label-list':
    case 'list':
      return column.example;
    case 'text':
      if (typeOf(column, context) === 'Edm.Binary') {
        return bytesText(random('bytes'));
      }
      return textOfRow(column, { seed: order.seed, name: `${exported.source}/${exported.name}`, number, edition });
  }
}

/** Of rows about a quarter of an hour; all others are as busy as the day. */
function busynessOf({ exported, digits }: CellContext): number {
  const column = exported.columns.find(
    ({ property, encoding }) => encoding === 'time-of-day' && exported.key.includes(property),
  );
  const digit = column === undefined ? undefined : digits.get(column.property);
  return digit === undefined ? 1 : busyness(quarterOf(digit));
}

function typeOf(column: ExportColumn, { catalogue, exported }: CellContext): string | undefined {
  return catalogue.model.entitySets.get(exported.set)?.entityType.properties.get(column.property)?.type;
}

/** Six bytes in base64: digits of an example counted on would be none. */
const bytesText = (random: number): string => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(Math.floor(random * 2 ** 48), 0, 6);
  return bytes.toString('base64');
};

/** What rarely happens, such as a deletion, is seldom stated. */
const emptyShare = (column: ExportColumn): number => (/delet|removed|expire/i.test(column.property) ? 0.95 : 0.1);

/** Times of a row lie in its day and never run backwards from column to column; half of them fall on the same minute. */
function timeOfRow(column: ExportColumn, { exported, order, file, number }: CellContext, edition: number): string {
  const times = exported.columns.filter(isMoment);
  const place = times.indexOf(column);
  const start = Math.min(
    secondAt(randomNumber(order.seed, exported.source, exported.name, 'start', number)),
    secondsPerDay - 7200,
  );
  const after = place * 300 + randomIndex(300, order.seed, exported.name, column.property, number, edition);
  return momentText(column, file.date.startOf('day').plus({ seconds: start + after + edition * 3600 }));
}

function isMoment(column: ExportColumn): boolean {
  return column.encoding === 'unix-seconds' || column.encoding === 'date-time' || column.encoding === 'moment';
}

/** In the form of the example: unix seconds, ISO 8601 with an offset, or wall-clock text in the source's zone. */
function momentText(column: ExportColumn, moment: DateTime): string {
  if (column.encoding === 'unix-seconds' || /^\d{9,}$/.test(column.example)) {
    return String(Math.floor(moment.toSeconds()));
  }
  if (/T.*(Z|[+-]\d\d:?\d\d)$/.test(column.example)) {
    return moment.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss'Z'");
  }
  return moment.toFormat('yyyy-MM-dd HH:mm:ss');
}

function booleanText(column: ExportColumn, value: boolean): string {
  const words: Record<string, readonly [string, string]> = {
    '0': ['0', '1'],
    '1': ['0', '1'],
    yes: ['no', 'yes'],
    no: ['no', 'yes'],
  };
  const [no, yes] = words[column.example.toLowerCase()] ?? ['false', 'true'];
  return value ? yes : no;
}

function scaleOf(example: string): number {
  const number = Math.abs(Number(example.replace(/[^\d.]/g, '')));
  return Number.isFinite(number) && number > 0 ? Math.min(number * 2 + 1, 100_000) : 10;
}

function chance({ order, exported, number }: CellContext, column: ExportColumn, what: string): number {
  return randomNumber(order.seed, exported.source, exported.name, column.property, what, number);
}
