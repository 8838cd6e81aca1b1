import { entityUrl } from '../edm/key-literal.ts';
import type { ByteOutput } from './bytes/byte-output.ts';
import { type ByteRun, byteRun, putRun } from './bytes/byte-run.ts';
import { cellForm, typeAnnotation } from './cells/cell-form.ts';
import type { CellInput } from './cells/cell-input.ts';
import { cellEnd, isNull } from './cells/cell-text.ts';
import { keyCells } from './cells/key-cell.ts';
import { isBeyondDecimal, isSpecialNumber } from './cells/scalar-cell.ts';
import { type GapListener, gapWriter, hiddenCell, notedCell, type RowPlace } from './gap-part.ts';
import type { JsonFormat } from './json-format.ts';
import { type LinkWriter, linkWriter } from './navigation-links.ts';
import type { ControlShape, FieldShape, RowShape } from './row-shape.ts';

/**
 * One part of a row. `write` reads its columns from `start` on and gives back where the next column starts. Every part
 * begins with a comma; the row that holds it turns the first comma into its opening brace.
 */
interface Part {
  readonly columns: number;
  /** Bytes it may write besides six for each byte it reads. */
  readonly overhead: number;
  /** It holds a nested collection, whose rows make room as they come: of what was free before nothing may be left. */
  readonly grows?: boolean;
  write(input: CellInput, start: number, output: ByteOutput): number;
}

/** Where a row stands: in the COPY row itself, or in the text of a nested collection whose outer separators are `stops`. */
interface Level {
  readonly nested: boolean;
  readonly stops: readonly number[];
  /** Told of each gap as it is passed. */
  readonly onGap: GapListener;
}

const topLevel: Omit<Level, 'onGap'> = { nested: false, stops: [0x09, 0x0a] };
const comma = 0x2c;
const zero = 0x30;

/** Turns the columns of one row into one JSON object. Made once for each plan. */
export interface RowWriter extends Part {
  /** As `write`, with the room made first; `end` is where the row's line feed stands. Throws RangeError where cells are lacking. */
  row(input: CellInput, span: { readonly start: number; readonly end: number }, output: ByteOutput): number;
  /** Most bytes that a row of `length` bytes without nested collections can take. */
  bound(length: number): number;
}

/** Chooses a byte function for each column of the shape, once, so that no row has to look at types. */
export function rowWriter(
  shape: RowShape,
  format: JsonFormat,
  control: ControlShape | null = null,
  onGap: GapListener = () => undefined,
): RowWriter {
  return compileRow({ shape, control }, format, { ...topLevel, onGap });
}

/** A level with the row that is being written on it. */
interface RowLevel extends Level {
  readonly place: RowPlace;
}

interface Row {
  readonly shape: RowShape;
  readonly control: ControlShape | null;
}

function compileRow(row: Row, format: JsonFormat, level: Level): RowWriter {
  const place: RowPlace = { opening: 0, cells: new Map() };
  const parts = compileParts(row, format, { ...level, place });
  const overhead = parts.reduce((sum, part) => sum + part.overhead, 16);
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const rest = parts.map((_, index) => parts.slice(index + 1).reduce((sum, part) => sum + part.overhead, 64));
  const write = (input: CellInput, start: number, output: ByteOutput): number => {
    const opening = output.position;
    place.opening = opening;
    let at = start;
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as Part;
      at = part.write(input, at, output);
      if (part.grows === true) {
        output.ensure((input.rowEnd - at) * 6 + (rest[index] as number));
      }
    }
    if (output.position === opening) {
      output.position++;
    }
    output.bytes[opening] = 0x7b;
    output.bytes[output.position++] = 0x7d;
    return at;
  };
  const bound = (length: number): number => length * 6 + overhead;
  return {
    columns,
    overhead,
    grows: parts.some((part) => part.grows === true),
    write,
    bound,
    row(input, span, output) {
      input.rowEnd = span.end;
      output.ensure(bound(span.end - span.start));
      const next = write(input, span.start, output);
      if (next > span.end + 1) {
        throw new RangeError('a row has fewer cells than columns');
      }
      return next;
    },
  };
}

/**
 * Control information first, then the fields. With `odata.streaming=true` the links of an expanded navigation property
 * stand immediately before it (OData JSON 4.4); those of the others follow the id.
 */
function compileParts({ shape, control }: Row, format: JsonFormat, level: RowLevel): Part[] {
  const keyed = new Set(
    shape.fields.flatMap((field) => (field.kind === 'gap' ? field.key.map(({ name }) => name) : [])),
  );
  const fields = shape.fields.map((field) => {
    const part = compileField(field, format, level);
    const isKey = keyed.has(field.name) && (field.kind === 'value' || field.kind === 'hidden');
    return isKey ? { ...part, write: notedCell(field.name, part.write, level.place) } : part;
  });
  if (control === null) {
    return fields;
  }
  const entity: Identity = { id: '' };
  const names = format.metadata === 'full' ? (control.navigations ?? []) : [];
  const served = new Set(shape.fields.map(({ name }) => name));
  const root = linkRoot(format);
  const unserved = names.filter((name) => !served.has(name)).map((name) => linkWriter(name, root));
  const parts = fields.map((part, index) => {
    const name = shape.fields[index]?.name ?? '';
    return names.includes(name) ? linkedPart(part, linkWriter(name, root), entity) : part;
  });
  return [controlPart(control, format, { level, entity, links: unserved }), ...parts];
}

/** What ids and links begin with. */
const linkRoot = (format: JsonFormat): string => (format.mixed === true ? '' : format.root);

/** The entity whose row is being written, for the links behind its id. */
interface Identity {
  id: string;
}

/** An expanded navigation property with its links before it. */
function linkedPart(part: Part, link: LinkWriter, entity: Identity): Part {
  return {
    columns: part.columns,
    overhead: part.overhead,
    grows: true,
    write(input, start, output) {
      link(entity.id, output);
      output.ensure((input.rowEnd - start) * 6 + part.overhead + 64);
      return part.write(input, start, output);
    },
  };
}

function compileField(field: FieldShape, format: JsonFormat, level: RowLevel): Part {
  switch (field.kind) {
    case 'hidden':
      return { columns: 1, overhead: 0, write: hiddenCell(level.nested) };
    case 'gap':
      return { columns: 0, overhead: 0, write: gapWriter(field, { ...level, listener: level.onGap }) };
    case 'value':
      return valuePart(field, format, level);
    case 'count':
      return countPart(field.name, level);
    case 'object':
      if (format.linksForObjects === true && field.control !== null && field.row.fields.length === 0) {
        return linkPart(field.name, field.control, format, level);
      }
      return objectPart(field, format, level);
    case 'array':
      return arrayPart(field, format, level);
  }
}

const keyText = (name: string): string => `,${JSON.stringify(name)}:`;

function valuePart(field: FieldShape & { kind: 'value' }, format: JsonFormat, { nested }: Level): Part {
  const form = cellForm(field, { nested, ieee754Compatible: format.ieee754Compatible });
  const named = format.metadata === 'full' || (format.metadata === 'minimal' && field.dynamic === true);
  const annotation = named ? typeAnnotation(field.type, field.collection) : null;
  const typed = (name: string): string => `${keyText(`${field.name}@odata.type`)}"${name}"`;
  const key = (annotation === null ? '' : typed(annotation)) + keyText(field.name);
  // A Double is told by being a number; INF, -INF and NaN are strings and say what they are (OData JSON 4.5.3).
  const special = named && field.type === 'Edm.Double' ? byteRun(typed('#Double')) : null;
  const opening = byteRun(form.quoted ? `${key}"` : key);
  const omitted = format.omitNulls || field.optional === true;
  const absent = omitted && !field.collection ? null : byteRun(`${key}${field.collection ? '[]' : 'null'}`);
  const overhead = Math.max(opening.length, absent?.length ?? 0) + (special?.length ?? 0) + 64;
  const { write: writeCell, quoted } = form;
  const unlimited = field.dynamic === true && field.type === 'Edm.Decimal';
  const nullLength = nested ? 1 : 2;
  return {
    columns: 1,
    overhead,
    write(input, start, output) {
      if (isNull(input, start, nested)) {
        if (absent !== null) {
          putRun(absent, output);
        }
        return start + nullLength + 1;
      }
      if (unlimited && isBeyondDecimal(input, start)) {
        if (absent !== null) {
          putRun(absent, output);
        }
        return cellEnd(input, start, nested) + 1;
      }
      if (special !== null && isSpecialNumber(input, start)) {
        putRun(special, output);
      }
      putRun(opening, output);
      const end = writeCell(input, start, output);
      if (quoted) {
        output.bytes[output.position++] = 0x22;
      }
      return end + 1;
    },
  };
}

function countPart(name: string, { nested }: Level): Part {
  const key = byteRun(keyText(`${name}@odata.count`));
  const { write: writeCell } = cellForm({ type: 'Edm.Int32', collection: false }, { nested, ieee754Compatible: false });
  return {
    columns: 1,
    overhead: key.length + 64,
    write(input, start, output) {
      putRun(key, output);
      if (!isNull(input, start, nested)) {
        return writeCell(input, start, output) + 1;
      }
      output.bytes[output.position++] = 0x30;
      return cellEnd(input, start, nested) + 1;
    },
  };
}

function objectPart(field: FieldShape & { kind: 'object' }, format: JsonFormat, level: Level): Part {
  const key = byteRun(keyText(field.name));
  const absent = format.omitNulls ? null : byteRun(`${keyText(field.name)}null`);
  const row = compileRow({ shape: field.row, control: field.control }, format, level);
  const optional = field.optional === true;
  return {
    columns: row.columns + 1,
    overhead: row.overhead + key.length + 64,
    grows: row.grows === true,
    write(input, start, output) {
      const first = cellEnd(input, start, level.nested) + 1;
      if (isNull(input, start, level.nested)) {
        if (absent !== null) {
          putRun(absent, output);
        }
        return skipColumns(input, first, { count: row.columns, nested: level.nested });
      }
      if (optional && input.bytes[start] === zero) {
        return skipColumns(input, first, { count: row.columns, nested: level.nested });
      }
      putRun(key, output);
      return row.write(input, first, output);
    },
  };
}

/** `Name@odata.navigationLink` from a presence column and the key columns. */
function linkPart(name: string, control: ControlShape, format: JsonFormat, { nested }: Level): Part {
  const key = byteRun(`${keyText(`${name}@odata.navigationLink`)}"${format.root}`);
  return {
    columns: control.key.length + 1,
    overhead: key.length + control.set.length + 512,
    write(input, start, output) {
      const { values, next } = keyCells(input, cellEnd(input, start, nested) + 1, { key: control.key, nested });
      putRun(key, output);
      output.position += output.bytes.write(
        `${entityUrl(control.set, control.key, values)}"`,
        output.position,
        'latin1',
      );
      return next;
    },
  };
}

function skipColumns(input: CellInput, start: number, columns: { count: number; nested: boolean }): number {
  let at = start;
  for (let index = 0; index < columns.count; index++) {
    at = cellEnd(input, at, columns.nested) + 1;
  }
  return at;
}

function arrayPart(field: FieldShape & { kind: 'array' }, format: JsonFormat, level: Level): Part {
  const count = field.withCount ? countPart(field.name, level) : null;
  const key = byteRun(`${keyText(field.name)}[`);
  const inner: Level = { ...level, nested: true, stops: [field.columnEnd, field.rowEnd] };
  const row = compileRow({ shape: field.row, control: field.control }, format, inner);
  const rows = { row, stops: level.stops };
  return {
    columns: count === null ? 1 : 2,
    overhead: key.length + 64 + (count?.overhead ?? 0),
    grows: true,
    write(input, start, output) {
      const first = count === null ? start : count.write(input, start, output);
      putRun(key, output);
      const end = isNoCollection(input, first, level)
        ? cellEnd(input, first, level.nested)
        : writeRows(rows, input, { at: first, output });
      output.bytes[output.position++] = 0x5d;
      return end + 1;
    },
  };
}

/** Inside of a nested row null is one byte, with which the first row of a collection may begin, too: its first cell is null then. */
const isNoCollection = (input: CellInput, at: number, { nested, stops }: Level): boolean =>
  isNull(input, at, nested) && (!nested || stops.includes(input.bytes[at + 1] as number));

/** The rows of one nested collection; gives back where the outer separator stands. */
function writeRows(
  rows: { readonly row: RowWriter; readonly stops: readonly number[] },
  input: CellInput,
  place: { at: number; readonly output: ByteOutput },
): number {
  const { output } = place;
  let at = place.at;
  let first = true;
  while (!rows.stops.includes(input.bytes[at] as number)) {
    // Text that is no nested collection must end the reply, not the gateway.
    if (at >= input.rowEnd) {
      throw new RangeError('a nested collection has no end within its row');
    }
    output.ensure(rows.row.bound(input.rowEnd - at) + 64);
    if (!first) {
      output.bytes[output.position++] = comma;
    }
    first = false;
    at = rows.row.write(input, at, output);
    if (rows.row.columns === 0) {
      at += 1; // a row without columns is its end alone
    }
  }
  return at;
}

function controlPart(
  control: ControlShape,
  format: JsonFormat,
  place: { readonly level: Level; readonly entity: Identity; readonly links: readonly LinkWriter[] },
): Part {
  const { entity, links } = place;
  const { nested } = place.level;
  const type = `,"@odata.type":"#${format.namespace}.${control.type}"`;
  const context = format.mixed === true ? `,"@odata.context":"${format.root}$metadata#${control.set}/$entity"` : '';
  const before = byteRun(format.metadata === 'full' || format.mixed === true ? context + type : '');
  return {
    columns: control.key.length,
    overhead: 512 + format.root.length + before.length + control.set.length,
    grows: links.length > 0,
    write(input, start, output) {
      const { values, next } = keyCells(input, start, { key: control.key, nested });
      entity.id = entityUrl(control.set, control.key, values);
      writeControl(output, format, { before, id: entity.id });
      for (const link of links) {
        link(entity.id, output);
      }
      return next;
    },
  };
}

/** `metadata=none` leaves control information out, except the id of a reference, which is all that a reference is. */
function writeControl(output: ByteOutput, format: JsonFormat, control: { before: ByteRun; id: string }): void {
  putRun(control.before, output);
  output.position += output.bytes.write(`,"@odata.id":"${linkRoot(format)}${control.id}"`, output.position, 'latin1');
}
