/** What one gateway has seen of a reader since it last said so; `active`: requests that it is answering now. */
export interface ReaderUse {
  readonly reader: string;
  readonly requests: number;
  readonly rows: number;
  readonly active: number;
}

/** What a reader has at all gateways together: requests that may come at once, rows of the day, and requests that others are answering. */
export interface ReaderTotal {
  readonly reader: string;
  readonly tokens: number;
  readonly rows: number;
  readonly elsewhere: number;
}

/** Limits of readers that hold for several gateways together. */
export interface SharedUse {
  /** Gateways that are there, this one included. */
  readonly gateways: number;
  /** Says what was used here, and learns what it comes to. Throws where the database is away. */
  add(uses: readonly ReaderUse[]): Promise<readonly ReaderTotal[]>;
  /** Refuses a request for so many seconds, unless it came again when told often enough: then true. */
  refuse(
    key: string,
    of: { readonly seconds: number; readonly most: number; readonly mayPass: boolean },
  ): Promise<boolean>;
  /** It was let in. */
  letIn(key: string): Promise<void>;
  /** Has it done again and again while others are there. */
  onBeat(work: () => Promise<void>): void;
}
