import type { ByteOutput } from './bytes/byte-output.ts';
import type { CellInput } from './cells/cell-input.ts';
import type { GapListener } from './gap-part.ts';

/**
 * One part of a row. `write` reads its columns from `start` on and gives back where the next column starts. Every part
 * begins with a comma; the row that holds it turns the first comma into its opening brace.
 */
export interface Part {
  readonly columns: number;
  /** Bytes it may write besides six for each byte it reads. */
  readonly overhead: number;
  /** It holds a nested collection, whose rows make room as they come: of what was free before nothing may be left. */
  readonly grows?: boolean;
  write(input: CellInput, start: number, output: ByteOutput): number;
}

/** Where a row stands: in the COPY row itself, or in the text of a nested collection whose outer separators are `stops`. */
export interface Level {
  readonly nested: boolean;
  readonly stops: readonly number[];
  /** Told of each gap as it is passed. */
  readonly onGap: GapListener;
}

/** A member's name as it begins a part. */
export const keyText = (name: string): string => `,${JSON.stringify(name)}:`;
