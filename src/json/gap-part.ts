import type { ByteOutput } from './bytes/byte-output.ts';
import type { CellInput } from './cells/cell-input.ts';
import { cellEnd, isNull } from './cells/cell-text.ts';
import { keyCell } from './cells/key-cell.ts';
import type { GapShape } from './row-shape.ts';

/** Where in the bytes written members are to be put, with a comma before each, and what they belong to. */
export interface Gap {
  readonly shape: GapShape;
  /** Texts of the key's values, as the JSON of the row has them; null for null. */
  readonly key: readonly (string | null)[];
  readonly position: number;
  /** Where the row begins, if nothing of it stands before the gap: then the first comma is one too many. null: something does. */
  readonly opening: number | null;
}

export type GapListener = (gap: Gap) => void;

/** The row of one level while it is written: its start in the output, and its cells that a gap's key is read from. */
export interface RowPlace {
  opening: number;
  readonly cells: Map<string, number>;
}

type Write = (input: CellInput, start: number, output: ByteOutput) => number;

/** Passes a column over. */
export const hiddenCell =
  (nested: boolean): Write =>
  (input, start) =>
    cellEnd(input, start, nested) + 1;

/** Notes where the cell of a key begins. */
export function notedCell(name: string, write: Write, { cells }: RowPlace): Write {
  return (input, start, output) => {
    cells.set(name, start);
    return write(input, start, output);
  };
}

/** Tells the listener of the gap; writes nothing. */
export function gapWriter(
  shape: GapShape,
  { place, nested, listener }: { readonly place: RowPlace; readonly nested: boolean; readonly listener: GapListener },
): Write {
  const textOf = (input: CellInput, { name, type }: GapShape['key'][number]): string | null => {
    const at = place.cells.get(name);
    if (at === undefined) {
      throw new RangeError(`the row has no cell ${name} before the gap ${shape.name}`);
    }
    return isNull(input, at, nested) ? null : keyCell(input, at, { type, nested });
  };
  return (input, start, output) => {
    const key = shape.key.map((value) => textOf(input, value));
    const opens = output.position === place.opening;
    // The opening brace takes the place of the first comma; where no member was written, there was none.
    const position = opens ? output.position + 1 : output.position;
    listener({ shape, key, position, opening: opens ? place.opening : null });
    return start;
  };
}
