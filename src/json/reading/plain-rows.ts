import { isUtf8 } from 'node:buffer';
import type { Property } from '../../edm/model.ts';
import { primitiveType } from '../../edm/primitive-types.ts';
import type { Selection } from '../../plan/model/read-plan.ts';
import { ByteOutput } from '../bytes/byte-output.ts';
import type { JsonFormat } from '../json-format.ts';
import { keyText } from '../row-part.ts';
import { broken } from './json-scan.ts';
import { declaredFor, mostNames } from './other-spelling.ts';
import { nullEnd, type PlainValue, plainValue, scalarEnd, spaceEnd, standsAt, stringEnd } from './plain-value.ts';
import { isKeyOf } from './row-text.ts';

/** Rows of JSON with commas between them. */
export interface RowBlock {
  /** Valid until the next block is asked for. */
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** A selected property. */
interface Slot {
  /** `"name"` as the feed writes it. */
  readonly given: Buffer;
  /** `,"name":` as we write it. */
  readonly written: Buffer;
  readonly value: PlainValue;
  readonly collection: boolean;
  /** A number that is served as text. */
  readonly quoted: boolean;
  /** Null would be wrong. */
  readonly key: boolean;
}

const [quote, comma, colon, openBrace, closeBrace, letterN] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d, 0x6e];
/** In the place of a slot: the member is none of the selection; it has to be looked at more closely. */
const [unselected, unclear] = [-1, -2];

/**
 * Rows of a feed that are served as they come, or with no more than members left out, put in order or added as null: copied
 * from the bytes of the reply, without a text or an object for any of them. What needs more is for `rowText`; both write the
 * same. Every byte that is served is looked at here, too: a value of another type, or text that is no JSON, is not passed on.
 */
export class PlainRows {
  readonly #output = new ByteOutput(64 * 1024);
  readonly #slots: readonly Slot[];
  /** Places of those that may not be missing. */
  readonly #keys: readonly number[];
  readonly #byName: ReadonlyMap<string, number>;
  /** Own names of properties that the feed calls otherwise. */
  readonly #ambiguous: ReadonlySet<string>;
  /** What a name may stand for that is spelled otherwise. */
  readonly #declaredFor: (name: string) => readonly string[];
  /** Members that are left out. */
  readonly #passed = new Set<string>();
  /** Whether a row can be copied as a whole, if its members are those of the selection, in their order. */
  readonly #copied: boolean;
  readonly #omitNulls: boolean;
  /** The slot that came after each one last time; at the end, the one that came first. */
  readonly #following: Int32Array;
  /** Where the values of the present row begin and end, by slot; 0: it has none. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Where the name of the present member ends. */
  #nameEnd = 0;
  /** Bytes that an assembled row may have more than the one that came. */
  readonly #mostAdded: number;
  /** Whether the present row stands there as it is to be written. */
  #asIs = true;
  /** Rows behind each other in the same bytes, which are still to be copied. */
  #run: Buffer | null = null;
  #runStart = 0;
  #runEnd = 0;
  #rows = 0;

  /** Rows that are still taken. */
  #left: number;

  /** `most`: rows that are taken; null: all. */
  constructor(selection: Selection, format: JsonFormat, most: number | null = null) {
    this.#left = most ?? Number.POSITIVE_INFINITY;
    const { type, properties } = selection;
    this.#slots = properties.map((property) => slotOf(property, { format, key: isKeyOf(type, property) }));
    this.#keys = this.#slots.flatMap(({ key }, index) => (key ? [index] : []));
    this.#byName = new Map(properties.map((property, slot) => [latin1(givenName(property)), slot]));
    const all = [...type.properties.values()];
    this.#ambiguous = new Set(all.filter(isRenamed).map(({ name }) => latin1(name)));
    this.#declaredFor = declaredFor(type);
    this.#copied = !properties.some(isRenamed) && !this.#slots.some(({ quoted }) => quoted);
    this.#mostAdded = this.#slots.reduce((sum, { written }) => sum + written.length + nullText.length + 2, 2);
    this.#omitNulls = format.omitNulls;
    const { length } = properties;
    this.#following = Int32Array.from({ length: length + 1 }, (_, slot) => (slot + 1) % (length + 1));
    this.#following[length] = 0;
    this.#starts = new Int32Array(length);
    this.#ends = new Int32Array(length);
  }

  /** Whether no further row is taken. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** false: each row of the selection needs more than copying. */
  static suits(selection: Selection, format: JsonFormat): boolean {
    const { type, properties, expands } = selection;
    const controlled = format.metadata === 'full' || (format.mixed === true && format.metadata === 'minimal');
    const all = [...type.properties.values()];
    const isConverted =
      all.some(({ upstream }) => (upstream?.divisor ?? null) !== null) ||
      properties.some(({ shown }) => shown !== undefined);
    // One property is called by the feed as another one is called here.
    const isCrossed = all.some((property) => isRenamed(property) && type.properties.has(givenName(property)));
    return !(controlled || isConverted || isCrossed || expands.length > 0 || properties.length === 0);
  }

  /** Takes the row that begins at `start` and gives its end. -1: it does not end in these bytes, or needs more than copying. */
  take(bytes: Buffer, start: number): number {
    if (this.isFull) {
      return -1;
    }
    this.#starts.fill(0);
    this.#asIs = this.#copied;
    let found = 0;
    let previous = this.#slots.length;
    for (let at = start; ; ) {
      // Behind the brace or the comma.
      const name = this.#skipped(bytes, at + 1);
      const slot = this.#slotAt(bytes, name, previous);
      const mark = this.#skipped(bytes, this.#nameEnd);
      if (slot === unclear || bytes[mark] !== colon) {
        return -1;
      }
      const value = this.#skipped(bytes, mark + 1);
      const end = slot < 0 ? scalarEnd(bytes, value) : this.#valueEnd(bytes, value, slot);
      if (end < 0) {
        return -1;
      }
      if (slot < 0) {
        this.#asIs = false;
      } else {
        this.#asIs &&= slot === found;
        this.#starts[slot] = value;
        this.#ends[slot] = end;
        previous = slot;
        found += 1;
      }
      at = this.#skipped(bytes, end);
      if (bytes[at] === closeBrace) {
        return found === 0 || this.#lacksKey()
          ? -1
          : this.#add(bytes, { start, end: at + 1, whole: found === this.#slots.length });
      }
      if (bytes[at] !== comma) {
        return -1;
      }
    }
  }

  #lacksKey(): boolean {
    for (const index of this.#keys) {
      if (this.#starts[index] === 0) {
        return true;
      }
    }
    return false;
  }

  /** A row that `rowText` has written. */
  append(row: string): void {
    this.#separate();
    this.#output.appendText(row);
    this.#rows += 1;
    this.#left -= 1;
  }

  /** All rows since the last block; null: there are none. */
  block(): RowBlock | null {
    this.#copyRun();
    const { position, bytes } = this.#output;
    const rows = this.#rows;
    this.#output.position = 0;
    this.#rows = 0;
    return rows === 0 ? null : { bytes: bytes.subarray(0, position), rows };
  }

  /** Where no space stands any more. */
  #skipped(bytes: Buffer, start: number): number {
    const end = spaceEnd(bytes, start);
    this.#asIs &&= end === start;
    return end;
  }

  /** The slot of the member whose name begins at `at`. Feeds write the members of all rows in one order. */
  #slotAt(bytes: Buffer, at: number, previous: number): number {
    const expected = this.#following[previous] as number;
    const given = this.#slots[expected]?.given;
    if (given !== undefined && standsAt(bytes, at, given)) {
      this.#nameEnd = at + given.length;
      return this.#starts[expected] === 0 ? expected : unclear;
    }
    const end = stringEnd(bytes, at);
    const name = end < 0 ? '\\' : bytes.toString('latin1', at + 1, end - 1);
    if (name.includes('\\') || this.#ambiguous.has(name)) {
      return unclear;
    }
    this.#nameEnd = end;
    const slot = this.#byName.get(name);
    if (slot === undefined) {
      return this.#isOtherwise(name) ? unclear : unselected;
    }
    this.#following[previous] = slot;
    return this.#starts[slot] === 0 ? slot : unclear;
  }

  /** Whether a member that is not selected may be one that is, spelled in other case than it is declared. */
  #isOtherwise(name: string): boolean {
    if (this.#passed.has(name)) {
      return false;
    }
    const otherwise = this.#declaredFor(Buffer.from(name, 'latin1').toString('utf8')).length > 0;
    if (!otherwise && this.#passed.size < mostNames) {
      this.#passed.add(name);
    }
    return otherwise;
  }

  #valueEnd(bytes: Buffer, at: number, index: number): number {
    const slot = this.#slots[index] as Slot;
    if (bytes[at] === letterN && !slot.collection && !slot.key) {
      this.#asIs &&= !this.#omitNulls;
      return nullEnd(bytes, at);
    }
    return slot.value(bytes, at);
  }

  #add(bytes: Buffer, row: { readonly start: number; readonly end: number; readonly whole: boolean }): number {
    const { start, end } = row;
    if (!this.#asIs || !row.whole) {
      if (!isUtf8(bytes.subarray(start, end))) {
        return -1;
      }
      this.#separate();
      this.#assemble(bytes, end - start);
    } else if (this.#run === bytes && this.#runEnd + 1 === start && bytes[this.#runEnd] === comma) {
      this.#runEnd = end;
    } else {
      this.#copyRun();
      this.#run = bytes;
      this.#runStart = start;
      this.#runEnd = end;
    }
    this.#rows += 1;
    this.#left -= 1;
    return end;
  }

  /** Rows come behind each other: before one is written, those still to be copied are, and a comma behind them. */
  #separate(): void {
    this.#copyRun();
    this.#comma();
  }

  #comma(): void {
    if (this.#output.position > 0) {
      this.#output.ensure(1);
      this.#output.bytes[this.#output.position++] = comma;
    }
  }

  #copyRun(): void {
    const run = this.#run?.subarray(this.#runStart, this.#runEnd);
    if (run === undefined) {
      return;
    }
    this.#run = null;
    if (!isUtf8(run)) {
      throw broken('its bytes are not UTF-8');
    }
    this.#comma();
    this.#output.append(run);
  }

  /** Writes the present row out of its values. `length`: of the row as it came. */
  #assemble(bytes: Buffer, length: number): void {
    const output = this.#output;
    output.ensure(length + this.#mostAdded);
    const begin = output.position;
    for (let index = 0; index < this.#slots.length; index++) {
      const { written, collection, quoted } = this.#slots[index] as Slot;
      const [start, end] = [this.#starts[index] as number, this.#ends[index] as number];
      const isNull = !collection && (start === 0 || bytes[start] === letterN);
      if (isNull && this.#omitNulls) {
        continue;
      }
      output.appendPart(written, 0, written.length);
      if (start === 0) {
        const absent = collection ? noItems : nullText;
        output.append(absent);
      } else if (quoted && !isNull) {
        output.bytes[output.position++] = quote;
        output.appendPart(bytes, start, end);
        output.bytes[output.position++] = quote;
      } else {
        output.appendPart(bytes, start, end);
      }
    }
    // The first member's comma is the brace.
    output.position = Math.max(output.position, begin + 1);
    output.bytes[begin] = openBrace;
    output.bytes[output.position++] = closeBrace;
  }
}

const nullText = Buffer.from('null');
const noItems = Buffer.from('[]');

const givenName = ({ name, upstream }: Property): string => upstream?.name ?? name;
const isRenamed = (property: Property): boolean => givenName(property) !== property.name;
/** UTF-8 as a text of one character for each byte, which is made faster. */
const latin1 = (name: string): string => Buffer.from(name, 'utf8').toString('latin1');

function slotOf(property: Property, { format, key }: { readonly format: JsonFormat; readonly key: boolean }): Slot {
  const { name, type, collection } = property;
  return {
    given: Buffer.from(JSON.stringify(givenName(property))),
    written: Buffer.from(keyText(name)),
    value: plainValue(property),
    collection,
    quoted: format.ieee754Compatible && primitiveType(type).json === 'long-number',
    key,
  };
}
