/** What happens while files are taken in. */
export type IngestEvent =
  /** What became of a file. `outcome`: state of the load, or `failed`; `rejected`: rows of it. */
  | {
      readonly event: 'load';
      readonly file: string;
      readonly outcome: string;
      readonly rejected: number;
      readonly message: string;
    }
  /** A step of a load has ended, which took so long; `rows`: those it was about, null: of the whole file. */
  | {
      readonly event: 'load-step';
      readonly file: string;
      readonly step: LoadStep;
      readonly rows: number | null;
      readonly milliseconds: number;
    }
  /** Bytes of a file that were read so far. */
  | {
      readonly event: 'load-progress';
      readonly file: string;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  /** A file was taken in and could not be put away: it comes again, and is known. */
  | { readonly event: 'not-settled'; readonly file: string; readonly reason: string }
  | ({ readonly event: 'drop-folder' } & DropNotice);

/** `staged`: read, converted and copied beside the table; `merged`: decided upon and written. */
export type LoadStep = 'identified' | 'staged' | 'merged' | 'committed';

/** What the operator should know of the drop folder; each is told once. */
export interface DropNotice {
  /** `changed` is an alarm: a file was loaded before it was whole. */
  readonly kind: 'passed-over' | 'not-movable' | 'no-mark' | 'changed';
  /** Path below the drop folder; empty: the folder itself. */
  readonly below: string;
  readonly message: string;
}
