import type { Model, PersonalData, UpstreamProperty } from '../edm/model.ts';
import type { ArchiveSettings, SourceArchive } from './archive-settings.ts';
import type { DeliverySettings } from './delivery-settings.ts';
import type { PersonalKey, PersonalRules } from './personal-data.ts';
import type { Retention, SourceRetention } from './retention.ts';
import type { SignInSettings } from './sign-in-settings.ts';
import type { CalendarDerivation, UnifiedDerivation } from './unified.ts';

/**
 * What `metadata/` says, checked and resolved: the served model, and for every entity set where its rows live and how
 * they get there. Built once at start; frozen. Ingest, warehouse, sql and upstream read it, nobody writes it.
 */
export interface Catalogue {
  readonly model: Model;
  /** By source name as in its folder, e.g. the folder name below `metadata/`. */
  readonly sources: ReadonlyMap<string, Source>;
  /** By entity set name; one entry for each set of the model. */
  readonly sets: ReadonlyMap<string, SetBinding>;
  /** By name of a set that is documented and not served: why, and what to do about it. */
  readonly withheld?: ReadonlyMap<string, string>;
  /** Every export of every source, in a stable order. */
  readonly exports: readonly Export[];
  /** Of the configuration; absent: there is none, and nothing can be hashed. */
  readonly personalKey?: PersonalKey;
  /** IANA zone in which local dates and hours of unified sets are told, of the configuration; absent: UTC. */
  readonly reportingTimeZone?: string;
  /** The catalogue of the metadata files, where this one has proxied sets otherwise: sets over all sources are made by it. Absent: this one. */
  readonly documents?: Catalogue;
}

/** A vendor. `files`: its exports are loaded; `odata`: its feed is proxied; `builtin`: the gateway's own sets (ledger). */
export interface Source {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: 'files' | 'odata' | 'builtin';
  /** Prefix of its entity set names. */
  readonly prefix: string;
  /** Present on `files`. */
  readonly files?: FileDefaults;
  /** Present on `files`. */
  readonly delivery?: Completion;
  /** Present on `files`. */
  readonly retention?: SourceRetention;
  /** Servers whose files are fetched. Absent: none. */
  readonly deliveries?: readonly DeliverySettings[];
  /** Present on `odata`. */
  readonly upstream?: UpstreamSettings;
  /** Present on `odata`. */
  readonly archive?: SourceArchive;
}

/** How a source writes its files, unless an export says otherwise. */
export interface FileDefaults {
  /** IANA zone of wall-clock values without an offset. */
  readonly timeZone: string;
  /** Cell texts that mean null, besides the empty cell, compared after trimming. */
  readonly nullTokens: readonly string[];
  /** Used where there is no byte order mark and the bytes are not valid UTF-8. */
  readonly fallbackEncoding: 'windows-1252' | 'iso-8859-1';
  /** Tried in this order; the one under which the header is recognised wins. */
  readonly delimiters: readonly string[];
  /** Luxon format patterns tried after ISO 8601 for date-time text, in this order. */
  readonly dateTimePatterns: readonly string[];
  /** What stands before the fraction of a number that could mean two things; absent: nobody says what `1.000` and `1,234` mean. */
  readonly decimalMark?: '.' | ',';
  /** File name endings of uploads that are not finished. */
  readonly temporarySuffixes: readonly string[];
  /**
   * Percentage of rejected rows above which a file of more than 20 rows is refused whole; 0: one reject refuses a file of
   * any size. A file of which all rows are rejected is always refused.
   */
  readonly maxRejectedPercent: number;
  /**
   * What becomes of a row that cannot be taken: it is kept and waits for somebody (`quarantine`), is noted by line and code alone and waits for
   * nobody (`skip`), or refuses its file (`fail`, whatever `maxRejectedPercent` says).
   */
  readonly onRowError: 'quarantine' | 'skip' | 'fail';
}

/** When a file of a source that arrives counts as complete. */
export interface Completion {
  /** Seconds that a file must have been seen unchanged before it is loaded. */
  readonly minimumAgeSeconds: number;
  /** Ending of the file that the sender writes last, beside the export, e.g. `.done`; null: age decides. */
  readonly completeMark: string | null;
}

export interface UpstreamSettings {
  /** Absolute service root after environment expansion; null while the environment gives none. */
  readonly url: string | null;
  /** Name of the environment variable that would give it, for messages. */
  readonly urlVariable: string | null;
  readonly signIn: SignInSettings;
  /** Longest URL the upstream takes, in characters. */
  readonly maxUrlLength: number;
  /** Seconds the feed may keep silent: until the head of its reply, and then between two pieces of the body. */
  readonly timeoutSeconds: number;
  /** Requests that it is asked at once; others wait. */
  readonly maxConcurrentRequests: number;
  /** Cron expression in UTC for reading the upstream's `$metadata` again. */
  readonly metadataSchedule: string;
}

export type SetBinding = StoredSet | UpstreamSet;

/** A set whose rows are in PostgreSQL, in a table or a view with the same columns. */
export interface StoredSet {
  readonly kind: 'stored';
  readonly name: string;
  readonly source: string;
  /** `copy`: rows of a proxied set, in a table that holds them for a while or for good. */
  readonly role: 'export' | 'derived' | 'codeList' | 'ledger' | 'copy';
  readonly relation: Relation;
  /** By property name. */
  readonly columns: ReadonlyMap<string, Column>;
  /** `bigint` column, unique, never changed: load order, default order, tie-breaker of every page. */
  readonly rowId: string;
  /** `bigint` column with the set's data version that last changed the row; null where changes are not tracked. */
  readonly versionColumn: string | null;
  /** The same of a set whose changes are not told to whoever asks: what is remembered of its rows goes by it. */
  readonly withheldVersionColumn?: string | null;
  /** Rows with a value in this column are kept in the table but not served; null: all rows are served. */
  readonly hiddenBy: string | null;
  /** Column groups worth an index beside the key (foreign keys, time columns), as property names. */
  readonly indexes: readonly (readonly string[])[];
  readonly derivation: Derivation | null;
  /**
   * Rows that the metadata gives besides those of the files, e.g. a system account no file lists. Put in when the table
   * is provisioned, `_load_id` null; a load may overwrite them, a snapshot never counts them as missing. Values in the
   * order of the set's properties, as PostgreSQL input text; shorter rows end with nulls.
   */
  readonly seedRows?: readonly (readonly (string | null)[])[];
  /** Where its data version and the keys of removed rows are read, beside rows that lie on another server; absent: in the ledger's tables. */
  readonly history?: SetHistory;
}

/** Tables as `gateway.set_versions` and `gateway.tombstones`. */
export interface SetHistory {
  readonly versions: Relation;
  readonly tombstones: Relation;
}

/** Proxied live. Property names are exactly the upstream's. */
export interface UpstreamSet {
  readonly kind: 'upstream';
  readonly name: string;
  readonly source: string;
  /** Name of the set in the upstream's own service document; null until its `$metadata` was read and the set was found. */
  readonly upstreamName: string | null;
  /** The documented name, from which the real one is guessed (case, spaces and brackets ignored). */
  readonly title: string;
  /** Minutes after midnight UTC at which the feed refreshes its rows, once a day; absent: they change at any time. */
  readonly refreshed?: number;
  /** By property name: what the documents tell beyond the type. Empty for properties only the upstream names. */
  readonly hints?: ReadonlyMap<string, PropertyHint>;
  /** How its rows are kept; absent: they are not. */
  readonly archive?: ArchiveSettings;
}

export interface PropertyHint {
  /** One realistic value, as canonical literal text. */
  readonly example: string;
  /** Entity set that lists the documented values. */
  readonly codeList: string | null;
  /** What the property is called in other generations of the feed. */
  readonly upstreamNames?: readonly UpstreamProperty[];
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
}

export interface Column {
  readonly name: string;
  /** PostgreSQL type as `format_type` prints it, e.g. `timestamp with time zone`, `numeric`, `text`. Text is `COLLATE "C"`. */
  readonly sqlType: string;
}

/** Rows made by the loads of other sets, in the same transaction; or given by the metadata. */
export type Derivation =
  | {
      /** One row for each member of a list column of one parent set. */
      readonly kind: 'bridge';
      readonly from: string;
      /** Parent key property to bridge property. */
      readonly parent: ReadonlyMap<string, string>;
      /** Further properties of the parent to bridge properties that have their values. */
      readonly carries: ReadonlyMap<string, string>;
      /** The parent's list column and the bridge property that takes a member. */
      readonly list: { readonly property: string; readonly as: string };
      /** A second list paired by position when the counts agree. */
      readonly paired: { readonly property: string; readonly as: string } | null;
      /** Bridge property that takes the 1-based position; null: none. */
      readonly position: string | null;
    }
  | {
      /**
       * Distinct things named by other sets, one row a key; a statement without a complete key is none. Each property
       * takes the newest statement among the sources that map it. Where a source is `follows`, the thing is its own row
       * and a null counts; elsewhere a null says nothing. A source may itself be a derived set.
       */
      readonly kind: 'dimension';
      readonly from: readonly DimensionSource[];
    }
  | UnifiedDerivation
  | CalendarDerivation
  | {
      /** Fixed rows from the metadata file. Values in the order of the set's properties, as PostgreSQL input text. */
      readonly kind: 'rows';
      readonly rows: readonly (readonly (string | null)[])[];
    };

export interface DimensionSource {
  /** Entity set that names the thing. */
  readonly set: string;
  /** Target property to source property; the target's key properties are all present. */
  readonly columns: ReadonlyMap<string, string>;
  /** Source property that says how new the statement is; null: the load time. */
  readonly stamp: string | null;
  /** Where two statements are equally new, the smaller rank wins. */
  readonly rank: number;
  /** true: the row leaves this dimension when it leaves the source set (e.g. a union of two sets); false: once known, kept. */
  readonly follows: boolean;
}

/** One kind of file: the unit of identification, loading and ledger. */
export interface Export {
  readonly name: string;
  readonly source: string;
  /** Entity set its rows become. */
  readonly set: string;
  readonly title: string;
  readonly description: string;
  readonly fileRules: readonly FileRule[];
  readonly files: FileDefaults;
  readonly key: readonly string[];
  readonly write: WriteDisposition;
  /**
   * Property that says of a row that the vendor deleted what it tells of: any value but false, 0 and the empty text. What
   * columns with `keepIfEmpty` hold goes then. null: none does.
   */
  readonly deletionMarker: string | null;
  /** Where the period comes from when the rows do not carry it; null: the export has no such period. */
  readonly period: PeriodRule | null;
  /** How often its files come; null: nobody said. */
  readonly expects: Expectation | null;
  readonly columns: readonly ExportColumn[];
  readonly computed: readonly ComputedColumn[];
  readonly personal: PersonalRules;
  /** null: rows stay until a file removes them. */
  readonly retention: Retention | null;
}

/**
 * How often files of an export come. Time is cut into slots of whole local days (hours: of UTC); a file counts for the slots that it speaks
 * of, whenever it came, and one is due for each.
 */
export interface Expectation {
  /** As the metadata says it. */
  readonly text: string;
  readonly unit: 'hour' | 'day' | 'workday' | 'week' | 'month';
  /** Hours or days of a slot; otherwise 1. */
  readonly every: number;
  /** The day on which a slot begins: 1 (Monday) to 7 of a week, 1 to 28 of a month; null: any. */
  readonly on: number | null;
  /** Minutes after midnight by which the file is due; null: when the day is over. */
  readonly by: number | null;
  /** IANA zone of days and times. */
  readonly timeZone: string;
  /** The file is due on the day after its slot, instead of on the first day of it. */
  readonly before: boolean;
}

/** Recognises a file by its path: every pattern given must match. Regular expressions, case-insensitive, `/` as separator. */
export interface FileRule {
  readonly directory: string | null;
  readonly name: string | null;
  /**
   * A path that matches, for documentation and generated samples; `{unix}` stands for the file's time in unix seconds,
   * `{from}` and `{to}` for the period in the rule's format, `{uuid}` for a random id.
   */
  readonly example?: string;
}

/** Named groups `from` and `to` of `name` hold the period, in `format` (Luxon), in the source's zone. */
export interface PeriodRule {
  readonly name: string | null;
  readonly format: string;
}

/** dlt's word for how rows meet the table. Every mode upserts by key; they differ in which rows they remove. */
export type WriteDisposition =
  | { readonly mode: 'upsert'; readonly winner: string | null }
  | {
      readonly mode: 'snapshot';
      readonly winner: string | null;
      /** `keep`: a missing row stays in the feed with DeletedAt set; `hide`: it leaves the feed and stays in the table. */
      readonly missing: 'keep' | 'hide';
    }
  | {
      readonly mode: 'restate';
      readonly winner: string | null;
      /** Rows with the same values in these properties are one period and are replaced together. */
      readonly period: readonly string[];
    }
  | {
      readonly mode: 'delete-insert';
      readonly winner: string | null;
      /** Rows with the same values in these properties have one parent and are replaced together. */
      readonly parent: readonly string[];
    };

/** How a cell's text becomes a value; the closed list that `ingest` converts (see docs/metadata.md). */
export type Encoding =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'unix-seconds'
  | 'date-time'
  | 'date'
  | 'time-of-day'
  | 'duration-seconds'
  | 'percentage'
  | 'label-list'
  | 'list'
  | 'moment';

export interface ExportColumn {
  readonly property: string;
  readonly encoding: Encoding;
  /** Main header first, then the other spellings and languages; matched after folding, inside this export only. */
  readonly headers: readonly HeaderName[];
  /** A file without this column is refused. */
  readonly required: boolean;
  /** An empty cell never overwrites a stored value. */
  readonly keepIfEmpty: boolean;
  /** 1-based place that identifies the column when its header is unknown and all others are found; null: never by place. */
  readonly position: number | null;
  /** Text that an empty cell stands for, e.g. `0` in a key; absent: an empty cell is null. */
  readonly emptyAs?: string;
  /** `moment` only: the date property that a bare time of day is joined to. */
  readonly joinedTo: string | null;
  /** The values name something: a row, one it refers to, or one of a set derived from these. */
  readonly identifies: boolean;
  /** Entity set that lists the documented values; open: other values load too. */
  readonly codeList: string | null;
  readonly personalData: PersonalData;
  /** One realistic cell, as it stands in a file. */
  readonly example: string;
  /**
   * Cells of made-up rows; `of`: the property by whose cells they are chosen, else each row is one of its own. `names` are
   * given one each to what `of` names, and there is nothing without a name.
   */
  readonly samples?: {
    readonly values?: readonly string[] | undefined;
    readonly names?: readonly string[] | undefined;
    readonly of?: string | undefined;
    readonly shareOf?: string | undefined;
    /** The least and the greatest part of `shareOf`. */
    readonly percent?: readonly [number, number] | undefined;
  };
}

export interface HeaderName {
  readonly text: string;
  /** BCP 47 language; documented headers of the main document are `en`. */
  readonly language: string;
  /** `documented`: printed in a vendor document; `alias`: accepted besides. */
  readonly basis: 'documented' | 'alias';
}

/** A property that no cell holds. */
export type ComputedColumn =
  | { readonly kind: 'sha256'; readonly property: string; readonly of: readonly string[] }
  | { readonly kind: 'period'; readonly property: string; readonly bound: 'start' | 'end' }
  | { readonly kind: 'match'; readonly property: string; readonly of: string; readonly pattern: string }
  | { readonly kind: 'instant'; readonly property: string; readonly date: string; readonly time: string }
  | { readonly kind: 'ambiguous-time'; readonly property: string; readonly date: string; readonly time: string }
  | { readonly kind: 'text-if-not-integer'; readonly property: string; readonly of: string };
