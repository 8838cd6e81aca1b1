import type { Export } from '../../catalogue/catalogue.ts';
import { type CellFault, fault, isFault, shownCell } from '../../catalogue/cells/cell.ts';
import { timeReading } from '../../catalogue/cells/cell-converter.ts';
import type { EntityType } from '../../edm/model.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { unguarded } from '../identify/blank-cells.ts';
import { type HeaderMatch, namedWidth } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import type { Treatments } from '../personal/treatments.ts';
import { type ColumnPlan, type ComputedPlan, planColumn, planComputed, propertyOf } from './column-plan.ts';
import { inputsOf, type RowView } from './computed-column.ts';
import { PersonalCells } from './personal-cells.ts';
import { faultOf, type RecordWidth, type RowFault, recordFault } from './row-fault.ts';
import { type UnknownCell, unknownCells } from './unknown-cells.ts';

/** A row as values, or why it is none. */
export interface ConvertedRow {
  /** In the order of `RowConverter.properties`; what could be converted, where there is a fault. */
  readonly values: readonly (string | null)[];
  /** JSON text of the cells whose columns are not known; null: none. */
  readonly extras: string | null;
  readonly fault: RowFault | null;
  /** The key is known although the row is at fault, so the stored row of that key is not a missing one. */
  readonly keyKnown: boolean;
  /** The row is older than what is kept: it is none. */
  readonly expired: boolean;
}

/** What a file adds to its export. */
export interface RowSetting {
  readonly header: HeaderMatch;
  readonly period: Period | null;
  /** Longest text in bytes, by property; see `indexedTexts`. */
  readonly limits: ReadonlyMap<string, number>;
  /** null: all is kept as it stands. */
  readonly treatments: Treatments | null;
  readonly delimiter: string;
  /** Rows older than this are none; null: there is no such time. */
  readonly keptSince: KeptSince | null;
}

/** The time of a row by which it is kept, and the first moment that is. */
export interface KeptSince {
  readonly by: string;
  readonly since: Date;
}

/** Turns records of one file into rows of its set. Made once for each load. */
export class RowConverter implements RowView {
  /** Properties with a value, in the order of `values`: the file's columns, then the computed ones. */
  readonly properties: readonly string[];
  /** First cell seen under each header that is not known. */
  readonly samples = new Map<string, string>();
  readonly #columns: readonly ColumnPlan[];
  readonly #computed: readonly ComputedPlan[];
  /** Headers that are not known, blank ones named by their place. */
  readonly unknownHeaders: readonly string[];
  readonly #unknown: readonly (UnknownCell & { readonly member: string })[];
  readonly #width: RecordWidth;
  readonly #limits: ReadonlyMap<string, number>;
  readonly #nullTokens: ReadonlySet<string>;
  readonly #keyPlaces: readonly number[];
  readonly #places: ReadonlyMap<string, number>;
  #values: (string | null)[] = [];
  #fields: readonly string[] = [];
  readonly #personal: PersonalCells | null;
  readonly #keptSince: KeptSince | null;
  /** Values are made of cells whose text is not kept: rows cannot be read again from what is. */
  readonly #needsText: boolean;
  /** The text of the row at hand is not to be kept. */
  #isHidden = false;

  constructor(target: Export, entityType: EntityType, setting_: RowSetting) {
    const { header, period, limits, treatments, delimiter } = setting_;
    this.#keptSince = setting_.keptSince;
    const reading = timeReading(target.files);
    const textTakers = new Set(target.computed.flatMap((one) => (one.kind === 'text-if-not-integer' ? [one.of] : [])));
    const hashed = new Set(
      [...(treatments?.properties ?? [])].flatMap(([name, { policy }]) => (policy === 'hash' ? [name] : [])),
    );
    const setting = { header, files: target.files, textTakers, hashed, reading, row: this };
    // Moments last: they are joined to a date of the same row.
    this.#columns = [...target.columns]
      .sort((a, b) => Number(a.encoding === 'moment') - Number(b.encoding === 'moment'))
      .map((column) => planColumn(column, propertyOf(entityType, column.property), setting));
    this.#limits = limits;
    const nullTokens = new Set(target.files.nullTokens);
    this.#nullTokens = nullTokens;
    this.#computed = target.computed.map((one) =>
      planComputed(one, propertyOf(entityType, one.property), { reading, period, nullTokens }),
    );
    // A delimiter behind the last name makes no column; rows may have it where the file has the habit.
    this.#width = { least: namedWidth(header.cells), most: header.cells.length };
    const unknown = unknownCells(header.cells);
    this.unknownHeaders = unknown.map((one) => one.header);
    // In one order, so that the text is the same whatever files its members came from.
    this.#unknown = unknown
      .map((one) => ({ ...one, name: Buffer.from(one.header), member: `${JSON.stringify(one.header)}:` }))
      .sort((a, b) => Buffer.compare(a.name, b.name));
    this.properties = [...this.#columns, ...this.#computed].map((one) => one.property.name);
    this.#places = new Map(this.properties.map((name, place) => [name, place]));
    this.#keyPlaces = target.key.map((name) => this.#places.get(name) ?? -1);
    const { properties } = this;
    const needed = [...target.columns.map(({ joinedTo }) => joinedTo), ...target.computed.flatMap(inputsOf)];
    this.#needsText = needed.some((name) => name !== null && treatments?.properties.has(name) === true);
    this.#personal =
      treatments === null
        ? null
        : new PersonalCells({ target, treatments, properties, cells: header.cells, delimiter });
  }

  convert(record: TextRecord): ConvertedRow {
    const broken = recordFault(record, this.#width);
    if (broken !== null) {
      // Nobody can tell which of its cells is which.
      this.#isHidden = this.#personal !== null;
      return { values: [], extras: null, fault: broken, keyKnown: false, expired: false };
    }
    this.#fields = record.fields;
    this.#values = new Array<string | null>(this.properties.length).fill(null);
    this.#isHidden = this.#needsText;
    let first: RowFault | null = null;
    for (let place = 0; place < this.#columns.length; place++) {
      const failed = this.#convertColumn(place);
      if (failed !== null && this.#counts(place, failed)) {
        first ??= failed;
      }
    }
    for (let index = 0; index < this.#computed.length; index++) {
      const failed = this.#compute(index);
      if (failed !== null && this.#counts(this.#columns.length + index, failed)) {
        first ??= failed;
      }
    }
    const values = this.#values;
    const expired = this.#isExpired();
    if (this.#personal !== null) {
      this.#personal.treatValues(values);
      first = first === null ? null : this.#personal.shownFault(first);
    }
    const keyKnown = first === null || this.#keyPlaces.every((place) => typeof values[place] === 'string');
    return { values, extras: this.#extras(), fault: first, keyKnown, expired };
  }

  #isExpired(): boolean {
    if (this.#keptSince === null) {
      return false;
    }
    const time = Date.parse(this.value(this.#keptSince.by) ?? '');
    return time < this.#keptSince.since.getTime();
  }

  /** The text to be kept of a record that was just converted and is at fault; null: none, for it is personal. */
  keptText(record: TextRecord): string | null {
    if (this.#personal === null) {
      return record.raw;
    }
    return this.#isHidden ? null : this.#personal.shownRow(record, this.#values);
  }

  /** Whether what is wrong with a value matters. */
  #counts(place: number, failed: RowFault): boolean {
    if (this.#personal === null) {
      return true;
    }
    if (this.#personal.drops(place)) {
      return false;
    }
    this.#isHidden ||= this.#personal.hides(failed);
    return true;
  }

  /**
   * Values of single cells of a row that is stored already, by property, as `convert` would give them, and of what is computed
   * from them. `stored`: the row's other values by property, as PostgreSQL's text.
   */
  convertCells(
    cells: ReadonlyMap<string, string>,
    stored: ReadonlyMap<string, string | null>,
  ): ReadonlyMap<string, string | null | RowFault> {
    this.#values = this.properties.map((name) => stored.get(name) ?? null);
    this.#fields = [];
    const fields: string[] = [];
    const results = new Map<string, string | null | RowFault>();
    for (const [place, plan] of this.#columns.entries()) {
      const text = cells.get(plan.property.name);
      if (text === undefined) {
        continue;
      }
      if (plan.field !== -1) {
        fields[plan.field] = text;
      }
      this.#values[place] = null;
      const failed = this.#convertText(place, text);
      results.set(plan.property.name, this.#treated(place, failed));
    }
    this.#fields = fields;
    for (const [index, { property, of }] of this.#computed.entries()) {
      if (!of.some((name) => cells.has(name)) || this.#keyPlaces.includes(this.#columns.length + index)) {
        continue;
      }
      const failed = this.#compute(index);
      results.set(property.name, this.#treated(this.#columns.length + index, failed));
    }
    return results;
  }

  #treated(place: number, failed: RowFault | null): string | null | RowFault {
    const value = this.#values[place] ?? null;
    if (this.#personal === null) {
      return failed ?? value;
    }
    if (failed !== null && !this.#personal.drops(place)) {
      return this.#personal.shownFault(failed);
    }
    return this.#personal.treatValue(this.properties[place] ?? '', value);
  }

  /** Properties whose values the cells of others are converted or computed with. */
  get companions(): ReadonlySet<string> {
    const joined = this.#columns.flatMap(({ column }) => (column.joinedTo === null ? [] : [column.joinedTo]));
    return new Set([...joined, ...this.#computed.flatMap(({ of }) => of)].filter((name) => this.#places.has(name)));
  }

  /** Computed values that do not depend on the row. */
  constants(): ReadonlyMap<string, string> {
    const values = this.#computed.flatMap(({ property, compute, constant }) => {
      const value = constant ? compute(this) : null;
      return typeof value === 'string' ? [[property.name, value] as const] : [];
    });
    return new Map(values);
  }

  value(property: string): string | null {
    return this.#values[this.#places.get(property) ?? -1] ?? null;
  }

  cell(property: string): string | null {
    const place = this.#places.get(property);
    const plan = place === undefined ? undefined : this.#columns[place];
    const text = plan === undefined ? undefined : this.#fields[plan.field];
    if (plan === undefined || text === undefined) {
      return null;
    }
    return plan.isContent ? text : unguarded(text);
  }

  #convertColumn(place: number): RowFault | null {
    const plan = this.#columns[place];
    if (plan === undefined) {
      return null;
    }
    const text = plan.field === -1 ? '' : (this.#fields[plan.field] ?? '');
    return this.#convertText(place, plan.isContent ? text : unguarded(text));
  }

  #convertText(place: number, text: string): RowFault | null {
    const plan = this.#columns[place];
    if (plan === undefined) {
      return null;
    }
    const cell = this.#meaningOf(text, plan);
    if (cell === null) {
      return this.#missing(plan);
    }
    const value = plan.convert(cell);
    if (isFault(value)) {
      return plan.textTakesFault && value.code === 'INVALID_INTEGER' ? null : faultOf(plan, value);
    }
    const tooLong = this.#tooLong(plan.property.name, value);
    if (tooLong !== null) {
      return faultOf(plan, tooLong);
    }
    this.#values[place] = value;
    return value === null ? this.#missing(plan) : null;
  }

  /** PostgreSQL refuses the whole statement for a text that its index cannot hold. */
  #tooLong(property: string, value: string | null): CellFault | null {
    const limit = this.#personal?.shortens(property) === true ? undefined : this.#limits.get(property);
    return limit !== undefined && value !== null && value.length * 3 > limit && Buffer.byteLength(value) > limit
      ? fault('TOO_LONG', value, `within ${limit} bytes, and the column is indexed`)
      : null;
  }

  /**
   * The cell without its outer blanks (texts that name nothing keep them); null where it says nothing. An empty cell may stand for a text
   * (`emptyAs`); a null word says null, and a column that the file does not have says nothing, wherever null is allowed.
   */
  #meaningOf(text: string, plan: ColumnPlan): string | null {
    const otherwise = plan.column.emptyAs ?? null;
    const trimmed = text === '' ? '' : text.trim();
    if (trimmed === '') {
      return plan.field === -1 && plan.property.nullable ? null : otherwise;
    }
    if (!plan.isContent && this.#nullTokens.has(trimmed)) {
      return plan.property.nullable ? null : otherwise;
    }
    return plan.keepsBlanks ? text : trimmed;
  }

  #missing(plan: ColumnPlan): RowFault | null {
    if (plan.property.nullable) {
      return null;
    }
    const message = `${shownCell(this.#fields[plan.field] ?? '')} is not a value, and one is needed here`;
    return { code: 'MISSING_VALUE', message, property: plan.property.name, header: plan.header };
  }

  #compute(index: number): RowFault | null {
    const plan = this.#computed[index];
    if (plan === undefined) {
      return null;
    }
    const value = plan.compute(this);
    const { name, nullable } = plan.property;
    if (isFault(value)) {
      return { ...value, property: name, header: null };
    }
    const tooLong = this.#tooLong(name, value);
    if (tooLong !== null) {
      return { ...tooLong, property: name, header: null };
    }
    this.#values[this.#columns.length + index] = value;
    if (value !== null || nullable) {
      return null;
    }
    return { code: 'MISSING_VALUE', property: name, header: null, message: `${name} cannot be computed for this row` };
  }

  #extras(): string | null {
    let members = '';
    for (const { field, header, member } of this.#unknown) {
      const text = this.#fields[field] ?? '';
      if (text === '') {
        continue;
      }
      if (this.#personal?.keepsExtras !== false && !this.samples.has(header)) {
        this.samples.set(header, text.slice(0, 200));
      }
      const kept = this.#personal === null ? text : this.#personal.treatExtra(text);
      if (kept !== null) {
        members += `${members === '' ? '' : ','}${member}${JSON.stringify(kept)}`;
      }
    }
    return members === '' ? null : `{${members}}`;
  }
}
