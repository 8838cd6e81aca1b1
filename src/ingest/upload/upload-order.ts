import type { LoadReport } from '../ledger/load-report.ts';

/** A file, or a part of one, that somebody sends. */
export interface UploadOrder {
  /** Name of the source, as people write it. */
  readonly source: string;
  readonly name: string;
  readonly export: string | null;
  readonly period: string | null;
  /** When the file was changed where it comes from; null: when the upload began. */
  readonly modifiedAt: Date | null;
  /** Hex digest of the whole file; null: not said. */
  readonly sha256: string | null;
  /** Bytes of the whole file; null: as many as come. */
  readonly total: number | null;
  /** Where the bytes that are sent now begin. */
  readonly from: number;
  /** Bytes that are sent now; null: as many as come. */
  readonly length: number | null;
  /** Hex digest of the bytes that are sent now; null: not said. */
  readonly partSha256: string | null;
}

/**
 * What became of it. `incomplete`: so many bytes from the first on are here, and the others are waited for; `misplaced`: the part does not follow
 * what is here, and nothing of it was read; `loaded`, `known`: the file is in, by the load reported, and of a container by those of its members; `refused`: nothing of it is, and why;
 * `waits`: the file is here whole, and is loaded as soon as that is possible.
 */
export type UploadOutcome =
  | { readonly fate: 'incomplete' | 'misplaced'; readonly arrived: number }
  | { readonly fate: 'loaded' | 'known'; readonly report: LoadReport; readonly members?: readonly LoadReport[] }
  | { readonly fate: 'refused' | 'waits'; readonly error: Error };
