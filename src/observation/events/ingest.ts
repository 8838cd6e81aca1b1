/** What happens while files are taken in. */
export type IngestEvent =
  /** What became of a file. `outcome`: state of the load, or `failed`; `rejected`: rows of it. */
  | {
      readonly event: 'load';
      readonly file: string;
      readonly outcome: string;
      /** Names of the metadata; null: nobody could tell. */
      readonly source: string | null;
      readonly export: string | null;
      /** Rows of a loaded file; null: it was not loaded. */
      readonly counts: Readonly<
        Record<'read' | 'inserted' | 'updated' | 'unchanged' | 'rejected' | 'duplicate' | 'removed', number>
      > | null;
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
  | ({ readonly event: 'drop-folder' } & DropNotice)
  /** A server was asked for files. `fetched`: brought here in this round; `waiting`: not complete yet; `busy`: another gateway asks it. */
  | {
      readonly event: 'delivery-round';
      readonly delivery: string;
      readonly outcome: 'done' | 'busy';
      readonly found: number;
      readonly fetched: number;
      readonly waiting: number;
    }
  /** A round ended early. `first`: the one before was all right. */
  | {
      readonly event: 'delivery-failed';
      readonly delivery: string;
      readonly code: string;
      readonly reason: string;
      readonly remedy: string;
      readonly first: boolean;
    }
  /** A transfer, or the connection, failed and is tried again after so many milliseconds. */
  | {
      readonly event: 'delivery-retry';
      readonly delivery: string;
      readonly file: string | null;
      readonly attempt: number;
      readonly milliseconds: number;
      readonly reason: string;
    }
  | ({ readonly event: 'delivery-notice' } & DeliveryNotice)
  /** The part of a file that somebody began to upload was forgotten. `totalBytes` null: its length was not said. */
  | {
      readonly event: 'upload-expired';
      readonly file: string;
      readonly bytes: number;
      readonly totalBytes: number | null;
    };

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

/** What the operator should know of files on a server; each is told once. */
export interface DeliveryNotice {
  /** `<source>/<name>` of the metadata. */
  readonly delivery: string;
  /** `passed-over`: never taken as it is; `stuck-upload`: not complete for too long; `refused-there`: the server let us not do something with it. */
  readonly kind: 'passed-over' | 'stuck-upload' | 'refused-there';
  /** Path below the directory of the delivery. */
  readonly below: string;
  readonly message: string;
}
