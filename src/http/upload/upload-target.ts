/** A file, or a part of one, as its request says. */
export interface UploadOrder {
  /** As it stands in the address. */
  readonly source: string;
  readonly name: string;
  readonly export: string | null;
  readonly period: string | null;
  /** When the file was changed where it comes from; null: not said. */
  readonly modifiedAt: Date | null;
  /** Hex SHA-256 of the whole file; null: not said. */
  readonly sha256: string | null;
  /** Bytes of the whole file; null: as many as come. */
  readonly total: number | null;
  /** Where the bytes of the body begin in it. */
  readonly from: number;
  /** Bytes of the body; null: as many as come. */
  readonly length: number | null;
  /** Hex SHA-256 of the body; null: not said. */
  readonly partSha256: string | null;
}

/** What became of it: see `UploadOutcome` of ingest, which is handed in by the composition root. */
export type UploadOutcome =
  | { readonly fate: 'incomplete' | 'misplaced'; readonly arrived: number }
  | {
      readonly fate: 'loaded' | 'known';
      readonly report: { readonly sha256: string };
      /** Of a container: those of its members. */
      readonly members?: readonly unknown[];
    }
  | { readonly fate: 'refused' | 'waits'; readonly error: Error };

/** What serving uploads asks of whoever takes files in. */
export interface UploadTarget {
  /** The name of a source of files as the metadata has it; null: there is none. */
  sourceNamed(name: string): string | null;
  /** Throws a GatewayError for what is wrong before a byte was read. */
  check(order: UploadOrder): Promise<void>;
  /** The load of these bytes into the source; null: they are not known. */
  known(order: UploadOrder, sha256: string): Promise<UploadOutcome | null>;
  /** How much of the file is here. */
  ask(order: UploadOrder): Promise<UploadOutcome>;
  /** Takes the body; `bytes` is called once it is certain that they are wanted. Throws what reading them throws, and GatewayErrors. */
  take(order: UploadOrder, bytes: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Promise<UploadOutcome>;
}
