import type { Principal } from '../../sign-in/principal.ts';

/** How a proxied feed is. Times are ISO 8601 in UTC. */
export interface FeedState {
  /** Name of its source. */
  readonly source: string;
  readonly title: string;
  /** Names of its sets, served or not: whoever may see one of them is told of the feed. */
  readonly sets: readonly string[];
  /** `sandbox`: it has no address, and made-up rows are in its place; `off`: it has none, and its sets are not served. */
  readonly state: 'live' | 'sandbox' | 'off' | 'failing';
  /** Host of its address; null: it has none. */
  readonly host: string | null;
  /** When its `$metadata` was last read; null: not since the start. */
  readonly metadataReadAt: string | null;
  /** What it declares otherwise than its documents, one sentence each. */
  readonly differences: readonly string[];
  /** What is wrong now, and since when. */
  readonly troubles: readonly { readonly since: string | null; readonly message: string }[];
  /** How the gateway signs in there. */
  readonly signIn: FeedSignIn;
}

export interface FeedSignIn {
  /** Kind of the metadata: `none`, `client-credentials`, `device-code` and so on. */
  readonly kind: string;
  /** A person signed in; null: nobody has to, or nobody has yet. */
  readonly endsOn: string | null;
  /** What somebody has to do; null: nothing. */
  readonly todo: string | null;
}

/** A unified set, column by column. */
export interface ModelSection {
  readonly set: string;
  readonly description: string;
  /** Sets whose rows become rows of it. */
  readonly from: readonly string[];
  /** `said`: for each of `from`, what the column is made of, or why it is null. */
  readonly columns: readonly { readonly name: string; readonly said: readonly string[] }[];
  /** What is gathered from the rows of other sets. */
  readonly gathered: readonly { readonly set: string; readonly text: string }[];
}

/** Which open rejected rows are meant: by their numbers, or by what is wrong with them. */
export interface RejectChoice {
  /** Decimal digits. */
  readonly ids?: readonly string[];
  readonly source?: string;
  readonly export?: string;
  readonly code?: string;
}

/** What became of the rows that were to be replayed. */
export interface ReplayOutcome {
  readonly asked: number;
  /** Those whose text is kept whole. */
  readonly tried: number;
  readonly replayed: number;
  readonly removed: number;
}

/** What the console shows that the feed does not have, and what it does. Handed in by the composition root. */
export interface ConsoleService {
  readonly version: string;
  /** IANA name. */
  readonly reportingTimeZone: string;
  /** The script and the stylesheet; made or read when they are first asked for. */
  files(): Promise<readonly ConsoleFile[]>;
  feeds(): Promise<readonly FeedState[]>;
  model(): readonly ModelSection[];
  /** Whether who asks may replay and dismiss; null: nobody has to sign in. */
  mayOperate(principal: Principal | null): boolean;
  replay(which: RejectChoice): Promise<ReplayOutcome>;
  /** Gives the number of rows. */
  dismiss(which: RejectChoice, word: { readonly by: string; readonly reason: string }): Promise<number>;
}

/** A file for browsers, its name with a hash of its bytes. */
export interface ConsoleFile {
  readonly name: string;
  readonly contents: Uint8Array;
}
