import { entityUrl } from '../edm/key-literal.ts';
import type { ByteOutput } from '../json/bytes/byte-output.ts';
import type { CellWriter } from '../json/cells/cell-form.ts';
import type { CellInput } from '../json/cells/cell-input.ts';
import { cellEnd, isNull } from '../json/cells/cell-text.ts';
import { keyCells } from '../json/cells/key-cell.ts';
import { isBeyondDecimal } from '../json/cells/scalar-cell.ts';
import { linkRoot } from '../json/control-part.ts';
import type { JsonFormat } from '../json/json-format.ts';
import type { ControlShape, FieldShape, RowShape } from '../json/row-shape.ts';
import type { CopyRowWriter } from '../json/row-writer.ts';
import { csvCell } from './cell.ts';
import { type CsvColumn, columnName } from './columns.ts';
import type { CsvFormat } from './csv-format.ts';
import { rowEnd, textField } from './field.ts';

/** Rows of one statement, and where their values go. */
export interface CopyRows {
  readonly shape: RowShape;
  /** Key columns in front, from which the entity's id is made; null: there are none. */
  readonly control: ControlShape | null;
  readonly columns: readonly CsvColumn[];
  /** What ids and links are made with. */
  readonly links: JsonFormat;
}

/** Reads columns of a COPY row from `at` on; gives back where the next one starts. */
type Read = (input: CellInput, at: number) => number;

/** A value, in the order of the COPY columns. */
interface ValueStep {
  readonly kind: 'value';
  /** Number of the CSV column; null: it is not served. */
  readonly column: number | null;
  readonly write: CellWriter;
  /** Passes the value over. */
  readonly skip: Read;
}

/** A presence column, and how many of the next steps are of the object, with how many COPY columns. */
interface ObjectStep {
  readonly kind: 'object';
  /** A presence of 0 says that the row does not have the object. */
  readonly optional: boolean;
  readonly steps: number;
  readonly columns: number;
}

type Step = ValueStep | ObjectStep;

const zero = 0x30;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * Turns COPY columns of a row into one record, without making an object of it. Values are written as they come where the
 * columns stand in their order; else, as in `$all`, where rows of several sets share columns, each is looked up first.
 */
export function csvCopyRow(rows: CopyRows, format: CsvFormat): CopyRowWriter {
  const steps = stepsOf(rows, format);
  const columns = steps.flatMap((step) => (step.kind === 'value' && step.column !== null ? [step.column] : []));
  const inOrder = columns.every((column, index) => index === 0 || column > (columns[index - 1] as number));
  const last = rows.columns.length - 1;
  const delimiter = format.delimiter.charCodeAt(0);
  const write = inOrder ? straight(steps, delimiter) : sorted(steps, delimiter);
  const bound = rowBound(rows, steps.length);
  return {
    bound,
    row(input, span, output) {
      input.rowEnd = span.end;
      output.ensure(bound(span.end - span.start));
      const { next, column } = write(input, span.start, output);
      if (next > span.end + 1) {
        throw new RangeError('a row has fewer cells than columns');
      }
      putDelimiters(output, last - column, delimiter);
      output.bytes[output.position++] = carriageReturn;
      output.bytes[output.position++] = lineFeed;
      return next;
    },
  };
}

/** Where a row was left, and the column that was written last. */
interface Place {
  next: number;
  column: number;
}

type WriteRow = (input: CellInput, start: number, output: ByteOutput) => Place;

function straight(steps: readonly Step[], delimiter: number): WriteRow {
  const place: Place = { next: 0, column: 0 };
  return (input, start, output) => {
    let at = start;
    let column = 0;
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as Step;
      if (step.kind === 'object') {
        const absent = isNull(input, at, false) || (step.optional && input.bytes[at] === zero);
        at = cellEnd(input, at, false) + 1;
        if (absent) {
          at = passOver(input, at, step.columns);
          index += step.steps;
        }
      } else if (step.column === null) {
        at = step.skip(input, at);
      } else {
        putDelimiters(output, step.column - column, delimiter);
        column = step.column;
        at = step.write(input, at, output) + 1;
      }
    }
    place.next = at;
    place.column = column;
    return place;
  };
}

function sorted(steps: readonly Step[], delimiter: number): WriteRow {
  const values = steps.map((step): ValueStep => {
    if (step.kind === 'object') {
      throw new TypeError('Objects stand in the order of their columns');
    }
    return step;
  });
  const order = [...values.keys()].sort((a, b) => (values[a]?.column ?? 0) - (values[b]?.column ?? 0));
  const starts = new Int32Array(values.length);
  return (input, start, output) => {
    let at = start;
    for (const [index, step] of values.entries()) {
      starts[index] = at;
      at = step.skip(input, at);
    }
    let written = 0;
    for (const index of order) {
      const { column, write } = values[index] as ValueStep;
      if (column !== null) {
        putDelimiters(output, column - written, delimiter);
        written = column;
        write(input, starts[index] as number, output);
      }
    }
    return { next: at, column: written };
  };
}

function putDelimiters(output: ByteOutput, count: number, delimiter: number): void {
  for (let left = count; left > 0; left--) {
    output.bytes[output.position++] = delimiter;
  }
}

function passOver(input: CellInput, start: number, columns: number): number {
  let at = start;
  for (let left = columns; left > 0; left--) {
    at = cellEnd(input, at, false) + 1;
  }
  return at;
}

/**
 * Most bytes of a row of so many COPY bytes: a quote may be doubled, a byte of a key become `%XX`, and beside them stand rare
 * values, delimiters and what ids begin with; text is written by whole words.
 */
function rowBound({ columns, links, shape, control }: CopyRows, steps: number): (length: number) => number {
  const linked = control !== null || shape.fields.some((field) => field.kind === 'object' && field.control !== null);
  const ids = linked ? (links.root.length + 512) * (shape.fields.length + 1) : 0;
  const overhead = steps * 64 + columns.length + rowEnd.length + ids + 64;
  const factor = linked ? 6 : 2;
  return (length) => length * factor + overhead;
}

function stepsOf({ shape, control, columns, links }: CopyRows, format: CsvFormat): readonly Step[] {
  const numbers = new Map(columns.map((column, index) => [columnName(column), index]));
  const numberOf = (path: CsvColumn): number | null => numbers.get(columnName(path)) ?? null;
  const found = new Set<number>();
  const note = (steps: readonly Step[]): readonly Step[] => {
    for (const step of steps) {
      if (step.kind === 'value' && step.column !== null) {
        found.add(step.column);
      }
    }
    return steps;
  };
  const place = { format, links, numberOf };
  const steps = note([
    ...(control === null ? [] : controlSteps(control, [], place)),
    ...shape.fields.flatMap((field) => fieldSteps(field, [], place)),
  ]);
  const missing = columns.find((_, index) => !found.has(index));
  if (missing !== undefined && links.mixed !== true) {
    throw new TypeError(`No column of the statement is ${columnName(missing)}`);
  }
  return steps;
}

interface StepPlace {
  readonly format: CsvFormat;
  readonly links: JsonFormat;
  numberOf(path: CsvColumn): number | null;
}

function fieldSteps(field: FieldShape, prefix: CsvColumn, place: StepPlace): readonly Step[] {
  const path = [...prefix, field.name];
  switch (field.kind) {
    case 'value':
      return [{ kind: 'value', column: place.numberOf(path), write: valueWriter(field, place.format), skip: skipCell }];
    case 'hidden':
      return [{ kind: 'value', column: null, write: cellEndOf, skip: skipCell }];
    case 'object': {
      const inner = [
        ...(field.control === null ? [] : objectControl(field, { control: field.control, path }, place)),
        ...field.row.fields.flatMap((one) => fieldSteps(one, path, place)),
      ];
      const columns = copyColumns(field) - 1;
      return [{ kind: 'object', optional: field.optional === true, steps: inner.length, columns }, ...inner];
    }
    default:
      throw new TypeError(`A ${field.kind} has no form in CSV`);
  }
}

const skipCell: Read = (input, at) => cellEnd(input, at, false) + 1;
const cellEndOf: CellWriter = (input, at) => cellEnd(input, at, false);

/** Null is nothing, save of a collection, which JSON serves as an empty one. */
function valueWriter(field: FieldShape & { kind: 'value' }, format: CsvFormat): CellWriter {
  const write = csvCell(field, format);
  const none = field.collection ? textField('[]', format) : '';
  const unlimited = field.dynamic === true && field.type === 'Edm.Decimal';
  return (input, start, output) => {
    if (isNull(input, start, false)) {
      if (none !== '') {
        output.position += output.bytes.write(none, output.position, 'latin1');
      }
      return start + 2;
    }
    // As in JSON, whose readers it would cost the page.
    return unlimited && isBeyondDecimal(input, start) ? cellEnd(input, start, false) : write(input, start, output);
  };
}

/** The type and the id of an entity, from the columns of its key. */
function controlSteps(control: ControlShape, prefix: CsvColumn, place: StepPlace): readonly Step[] {
  const { links, numberOf } = place;
  const typeName = `#${links.namespace}.${control.type}`;
  const column = numberOf([...prefix, '@odata.type']);
  const type: ValueStep = { kind: 'value', column, write: constant(typeName), skip: (_, at) => at };
  const idColumn = numberOf([...prefix, '@odata.id']);
  return [...(column === null ? [] : [type]), keyStep(control, idColumn, place)];
}

/** Of an object of nothing but its key (`$crossjoin`) the link is served, of a reference its id. */
function objectControl(
  field: FieldShape & { kind: 'object' },
  { control, path }: { readonly control: ControlShape; readonly path: CsvColumn },
  place: StepPlace,
): readonly Step[] {
  const link = place.numberOf([...path.slice(0, -1), `${field.name}@odata.navigationLink`]);
  return [keyStep(control, link ?? place.numberOf([...path, '@odata.id']), place)];
}

function keyStep(control: ControlShape, column: number | null, { links, format }: StepPlace): ValueStep {
  const root = linkRoot(links);
  const { set, key } = control;
  return {
    kind: 'value',
    column,
    write(input, start, output) {
      const { values, next } = keyCells(input, start, { key, nested: false });
      output.appendText(textField(`${root}${entityUrl(set, key, values)}`, format));
      return next - 1;
    },
    skip: (input, at) => passOver(input, at, key.length),
  };
}

/** It has no COPY column: where a step ends, its separator is passed over. */
const constant =
  (text: string): CellWriter =>
  (_, at, output) => {
    output.position += output.bytes.write(text, output.position, 'latin1');
    return at - 1;
  };

/** COPY columns of a field. */
function copyColumns(field: FieldShape): number {
  if (field.kind !== 'object') {
    return 1;
  }
  const inner = field.row.fields.reduce((sum, one) => sum + copyColumns(one), 0);
  return 1 + (field.control?.key.length ?? 0) + inner;
}
