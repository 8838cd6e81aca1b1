import type { ByteOutput } from './bytes/byte-output.ts';
import { byteRun, putRun } from './bytes/byte-run.ts';
import type { CellInput } from './cells/cell-input.ts';
import { cellEnd, isNull } from './cells/cell-text.ts';
import { controlPart, type Identity, linkedPart, linkPart, linkRoot } from './control-part.ts';
import { type GapListener, gapWriter, hiddenCell, notedCell, type RowPlace } from './gap-part.ts';
import type { JsonFormat } from './json-format.ts';
import { linkWriter } from './navigation-links.ts';
import { keyText, type Level, type Part } from './row-part.ts';
import type { ControlShape, FieldShape, RowShape } from './row-shape.ts';
import { countPart, valuePart } from './value-part.ts';

const topLevel: Omit<Level, 'onGap'> = { nested: false, stops: [0x09, 0x0a] };
const comma = 0x2c;
const zero = 0x30;

/** Writes rows of COPY columns, in whatever format. */
export interface CopyRowWriter {
  /**
   * Writes one row and makes the room for it; `end` is where the row's line feed stands. Gives where the columns behind begin.
   * Throws RangeError where cells are lacking.
   */
  row(input: CellInput, span: { readonly start: number; readonly end: number }, output: ByteOutput): number;
  /** Most bytes that a row of `length` bytes without nested collections can take. */
  bound(length: number): number;
}

/** Turns the columns of one row into one JSON object. Made once for each plan. */
export interface RowWriter extends Part, CopyRowWriter {}

/** Chooses a byte function for each column of the shape, once, so that no row has to look at types. */
export function rowWriter(
  shape: RowShape,
  format: JsonFormat,
  control: ControlShape | null = null,
  onGap: GapListener = () => undefined,
): RowWriter {
  return compileRow({ shape, control }, format, { onGap, ...topLevel });
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
  const parts = compileParts(row, format, { place, ...level });
  const overhead = parts.reduce((sum, part) => sum + part.overhead, 16);
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const rest = overheadBehind(parts);
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

/** Of each part, what all parts behind it may write besides. */
function overheadBehind(parts: readonly Part[]): readonly number[] {
  let sum = 64;
  return parts
    .map(({ overhead }) => overhead)
    .reverse()
    .map((overhead) => {
      const behind = sum;
      sum += overhead;
      return behind;
    })
    .reverse();
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
