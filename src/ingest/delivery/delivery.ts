import type { LoadOptions } from '../load/load-file.ts';
import type { FailedLoad, IngestResult } from './ingest-result.ts';

/**
 * A way in which files come: a folder that is watched, a server that is asked, an upload. It finds files, brings their bytes onto this
 * machine and puts away what was taken in; reading, loading and deciding what an error means are the receiver's alone (receive.ts).
 *
 * For each arrival, one at a time: `fetch`, then the load in one transaction, then `settle`. What may happen in between:
 * - The program ends between the commit and `settle`. The file arrives again, and its bytes are known: it is settled as `accepted`
 *   then, and loaded once. So nothing may be put away before `settle`, and `settle` may be asked for a file that is put away in part.
 * - The file changes between `arrivals` and `settle`. What was loaded is not what lies there now: `settle` must not put it away, and the
 *   file must arrive again. `Arrival.version` is what it was when it was found.
 * - A file that `waits` arrives again in a later round, until something else becomes of it.
 *
 * Errors are GatewayErrors, and decide by `recovery`: `skippable` (this file cannot be taken: it is refused), `retriable` (it waits), `fatal`
 * (a defect: it is noted as failed and put away like a refused one, so that it does not come up for ever). One that `affects`
 * everything ends the round, and all files wait. Any other error is a defect.
 */
export interface Delivery<A extends Arrival = Arrival> {
  /**
   * The files that are complete, those first that speak of earlier times. Asked once a round and read one by one, each after the one before
   * was settled; the reader may stop early. Throws FileUnreadable and what else may pass where nothing can be listed: then no file is lost, since
   * the next round asks again.
   */
  arrivals(): AsyncIterable<A>;

  /**
   * The bytes of a file as a file of this machine, whole: written into the spool, with the modification time of the original, or, where
   * it lies on this machine already, the file itself. Throws FileUnreadable where it cannot be had now, and what the way of delivery throws.
   */
  fetch(arrival: A, spool: Spool): Promise<SpooledFile>;

  /**
   * Puts a file away as its outcome says, after the ledger has it; leaves one that `waits`. Called once for each arrival that a round came
   * to, also where `fetch` threw. What it throws is told, and the file counts as not put away: it arrives again, and is known.
   */
  settle(arrival: A, outcome: Outcome): Promise<void>;
}

/** A file that arrived. */
export interface Arrival {
  /** Tells it from all others of its delivery, the same in each round. */
  readonly id: string;
  /** Name of the file alone: part of what it is recognised by. */
  readonly name: string;
  /** Path below the place of delivery, `/` between folders: what the ledger shows of where it lay. */
  readonly below: string;
  /** Another one when the delivery sees that the file is another one. */
  readonly version: string;
  /** What the place says of it: its source, the folders for file rules; and what somebody said of it before. */
  readonly target: Pick<LoadOptions, 'source' | 'export' | 'period' | 'directory'>;
}

/** Room on this machine for the bytes of one file while it is taken in; removed after. */
export interface Spool {
  /** Path of a file that does not exist yet, in a folder that does. */
  place(): Promise<string>;
}

/** A file of this machine; in the spool, or the delivery's own. */
export interface SpooledFile {
  readonly path: string;
}

/**
 * What became of an arrival: `accepted` (its bytes are in, by this load or an earlier one; of a container, those of all members), `refused` (the ledger says why: a file that cannot be
 * taken, or one on which the program stumbled), `waits` (what was wrong may pass by itself: nothing is noted).
 */
export type Outcome =
  | {
      readonly fate: 'accepted';
      readonly result: Extract<IngestResult, { state: 'loaded' | 'duplicate' | 'unpacked' }>;
    }
  | { readonly fate: 'refused'; readonly result: Extract<IngestResult, { state: 'refused' | 'failed' }> }
  | { readonly fate: 'waits'; readonly result: FailedLoad };
