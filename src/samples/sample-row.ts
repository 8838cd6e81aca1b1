import type { DateTime } from 'luxon';
import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import { busyness, isBadDay, rating, secondAt } from './day-shape.ts';
import { type DimensionName, dimensionNames } from './dimension-names.ts';
import type { Growth } from './growth.ts';
import { countedText, keyText, namedThings, type Reference, referencesOf, shiftOf } from './key-pool.ts';
import { ListPairs } from './list-pairs.ts';
import { pick, randomIndex, randomNumber } from './random.ts';
import { intervalsPerDay, RowKeys, targetCount } from './row-keys.ts';
import { type RowPlace, RowPlaces } from './row-place.ts';
import type { SampleFile } from './sample-files.ts';
import type { SampleOrder } from './sample-order.ts';
import { personName, textOfRow, variedText } from './text-of-row.ts';

/** Everything about an export that its rows need, looked up once. */
export interface RowMaker {
  /** How many rows with keys of their own a file of so many days can have. */
  capacity(days: number): number;
  row(number: number, file: SampleFile): readonly string[];
}

const secondsPerDay = 86_400;

/** Makes the rows of one export. A row is a pure function of its number, the edition and the order. */
export function rowMaker(catalogue: Catalogue, exported: Export, order: SampleOrder, growth: Growth): RowMaker {
  const references = referencesOf(catalogue, exported);
  const dimensions = dimensionNames(catalogue, exported, references);
  const names = namedThings(catalogue);
  const keys = new RowKeys({ catalogue, exported, order, names, growth, references });
  const list = new ListPairs(catalogue, exported, names);
  const places = new RowPlaces(exported, order, growth);
  const dated = keys.columns.find((column) => column.encoding === 'date');
  const all = { catalogue, exported, order, names, growth, references, dimensions, list, places };

  return {
    capacity: (days) => keys.capacity(days),
    row(number, file) {
      const digits = keys.digits(number, file.days);
      const place = places.of(number, file, dated === undefined ? undefined : digits.get(dated.property));
      const context: CellContext = { ...all, file, number, digits, place };
      return exported.columns.map((column) => cellText(column, context));
    },
  };
}

interface CellContext {
  readonly catalogue: Catalogue;
  readonly exported: Export;
  readonly order: SampleOrder;
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly growth: Growth;
  readonly places: RowPlaces;
  readonly file: SampleFile;
  readonly number: number;
  readonly place: RowPlace;
  readonly digits: ReadonlyMap<string, number>;
  readonly references: ReadonlyMap<string, Reference>;
  readonly dimensions: ReadonlyMap<string, DimensionName>;
  readonly list: ListPairs;
}

function cellText(column: ExportColumn, context: CellContext): string {
  const { catalogue, exported, order, file, number } = context;
  const digit = context.digits.get(column.property);
  const reference = context.references.get(column.property);
  const sampled = digit === undefined ? sampledText(column, context) : null;
  if (sampled !== null) {
    return sampled;
  }
  if (reference?.set === exported.set) {
    return number === 0 ? '' : keyText(catalogue, reference, number - 1);
  }
  if (reference !== undefined) {
    if (digit === undefined && !column.required && chance(context, column, 'absent') < 0.08) {
      return '';
    }
    return keyText(catalogue, reference, thingOf(column.property, reference, context));
  }
  if (digit !== undefined && exported.key.includes(column.property)) {
    return keyCell(column, digit, context);
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

/** Which thing of its set the row names in a property. */
function thingOf(property: string, reference: Reference, context: CellContext): number {
  const digit = context.digits.get(property);
  return digit === undefined ? referenceIndex(property, reference, context) : ownIndex(digit, reference, context);
}

/** A snapshot of what has no end yet holds what the next delivery brings. */
function ownIndex(digit: number, { set }: Reference, { exported, file, growth, places }: CellContext): number {
  const target = growth.exportOf(set);
  const still = exported.write.mode === 'snapshot' && exported.key.length === 1 && target !== undefined;
  return still ? places.openNumber(target, digit, file) : digit;
}

function referenceIndex(property: string, reference: Reference, context: CellContext): number {
  const { exported, order, number, place, places, growth } = context;
  const parts = [exported.source, exported.name, reference.navigation, property, number] as const;
  const target = growth.exportOf(reference.set);
  return target === undefined
    ? randomIndex(targetCount(context, reference.set), order.seed, ...parts)
    : places.numberOnDay(target, place, ...parts);
}

function keyCell(column: ExportColumn, digit: number, context: CellContext): string {
  const { file, place } = context;
  if (column.encoding === 'unix-seconds' || column.encoding === 'date-time' || column.encoding === 'moment') {
    const step = Math.max(1, Math.floor((secondsPerDay * file.days) / Math.max(1, file.count)));
    return momentText(column, file.date.plus({ seconds: digit * step }));
  }
  if (column.encoding === 'date') {
    return place.date.toFormat('yyyy-MM-dd');
  }
  if (column.encoding === 'time-of-day') {
    // Few rows are spread over the day, and many rows name each quarter of an hour once.
    return place.date
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
function sampledText(column: ExportColumn, context: CellContext): string | null {
  const { property, samples } = column;
  if (samples === undefined) {
    return null;
  }
  if (samples.shareOf !== undefined) {
    return shareText(column, samples.shareOf, context);
  }
  const { order, exported, number, references, digits, file } = context;
  const reference = samples.of === undefined ? undefined : references.get(samples.of);
  const key = samples.of === undefined ? undefined : digits.get(samples.of);
  if (samples.of === undefined || (reference === undefined && key === undefined)) {
    const { values = [''] } = samples;
    return pick(values, order.seed, exported.source, exported.name, property, number, file.edition);
  }
  const thing = reference === undefined ? (key ?? number) : thingOf(samples.of, reference, context);
  return samples.values === undefined
    ? (samples.names?.[thing] ?? '')
    : pick(samples.values, order.seed, exported.source, property, thing);
}

/** A part of the count in another cell of the row; empty where that one is. */
function shareText(column: ExportColumn, whole: string, context: CellContext): string {
  const other = context.exported.columns.find(({ property }) => property === whole);
  const text = other === undefined ? '' : cellText(other, context);
  const [least, most] = column.samples?.percent ?? [0, 100];
  const part = (least + (most - least) * chance(context, column, `share${context.file.edition}`)) / 100;
  return text === '' ? '' : String(Math.round(Number(text) * part));
}

function dimensionText(column: ExportColumn, dimension: DimensionName, context: CellContext): string {
  const reference = context.references.get(dimension.keyProperty);
  if (reference === undefined) {
    return column.example;
  }
  const index = thingOf(dimension.keyProperty, reference, context);
  const { order, growth } = context;
  if (column.encoding === 'boolean') {
    return booleanText(column, index % 7 !== 0);
  }
  if (column.encoding === 'integer' || column.encoding === 'duration-seconds') {
    const grown = growth.exportOf(dimension.set);
    const day = grown === undefined ? null : Math.floor(index / growth.rowsPerDay(grown));
    return numberOfThing(column, { order, set: dimension.set, index, day });
  }
  if (column.encoding !== 'text' && column.encoding !== 'list' && column.encoding !== 'label-list') {
    return column.example;
  }
  if (/name/i.test(column.property) && column.personalData !== 'none') {
    return personName(column, order.seed, index);
  }
  const varies = /\d|@/.test(column.example) || /name/i.test(column.property);
  return index === 0 || !varies ? column.example : variedText(column.example, index);
}

/** What all rows say of a thing that is the `index`-th of its set. */
function numberOfThing(
  column: ExportColumn,
  {
    order,
    set,
    index,
    day,
  }: { readonly order: SampleOrder; readonly set: string; readonly index: number; readonly day: number | null },
): string {
  const bad = day !== null && isBadDay(day, order);
  if (isRating(column)) {
    return String(rating(bad, order.seed, set, column.property, index));
  }
  const random = randomNumber(order.seed, set, column.property, index);
  return column.encoding === 'integer'
    ? String(Math.floor(random * scaleOf(column.example)))
    : String(Math.floor(random ** 2 * 3600 * (bad ? 3 : 1)));
}

/** Whom a row is about: whom its key names, else it is somebody's of its own. */
const personOf = ({ references, digits, number }: CellContext): number =>
  [...references.keys()].map((property) => digits.get(property)).find((digit) => digit !== undefined) ?? number;

const isRating = ({ property }: ExportColumn): boolean => /^csat.*score$/i.test(property);

function valueText(column: ExportColumn, context: CellContext, edition: number): string {
  const { order, exported, number, place } = context;
  const random = (what: string): number => chance(context, column, `${what}${edition}`);
  const bad = isBadDay(place.day, order);
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
      return place.date.toFormat('yyyy-MM-dd');
    case 'time-of-day':
      return place.date
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
      return textOfRow(column, {
        seed: order.seed,
        name: `${exported.source}/${exported.name}`,
        number,
        person: personOf(context),
        edition,
      });
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
function timeOfRow(
  column: ExportColumn,
  { exported, order, place: { date }, number }: CellContext,
  edition: number,
): string {
  const times = exported.columns.filter(isMoment);
  const place = times.indexOf(column);
  const start = Math.min(
    secondAt(randomNumber(order.seed, exported.source, exported.name, 'start', number)),
    secondsPerDay - 7200,
  );
  const after = place * 300 + randomIndex(300, order.seed, exported.name, column.property, number, edition);
  // What is stated again was changed since; it began when it began.
  const changed = place === 0 && times.length > 1 ? 0 : edition * 3600;
  return momentText(column, date.startOf('day').plus({ seconds: start + after + changed }));
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

function chance({ order, exported, number, place }: CellContext, column: ExportColumn, what: string): number {
  return randomNumber(order.seed, exported.source, exported.name, column.property, what, number, place.day);
}
