import type { JoinPair } from '../edm/model.ts';

/**
 * Sets over all sources (docs/metadata.md, "Unified sets"): what their rows are made of, as exports declare it. Expressions are OData
 * texts (4.01 URL Conventions 5.1.1) over the properties of the export's own set; `unify/` types them and makes SQL of them.
 */

/** An OData expression, and where it stands. */
export interface Formula {
  readonly text: string;
  /** File and line, for messages. */
  readonly place: string;
}

/** A value made of many rows; rows for which `where` is not true are left out. */
export interface AggregateFormula {
  /** `first` and `last`: the value of the row with the smallest or greatest `by` among those that have a value. */
  readonly method: 'sum' | 'min' | 'max' | 'count' | 'first' | 'last';
  /** null: `count` of rows. */
  readonly of: Formula | null;
  readonly by: Formula | null;
  readonly where: Formula | null;
}

export const isAggregate = (value: Formula | AggregateFormula): value is AggregateFormula => 'method' in value;

/** Values made of rows of another set, by name; a later gathering may use those of earlier ones. */
export interface Gathering {
  readonly set: string;
  /** Properties of the contribution's set, each with theirs that it equals. */
  readonly join: readonly JoinPair[];
  readonly values: ReadonlyMap<string, AggregateFormula>;
}

/** A value that is made of a point in time of the row, in the reporting zone. */
export interface LocalTime {
  readonly kind: 'local';
  /** Own property of type DateTimeOffset. */
  readonly of: string;
  /** `quarter`: where the quarter of an hour begins; `time`: the same as the clock on the wall shows it. */
  readonly part: 'date' | 'hour' | 'quarter' | 'time';
}

/** A value of a span of time that is looked at by local days. */
export interface DayOfSpan {
  readonly kind: 'day' | 'seconds';
  readonly span: DaySpan;
}

/** Own properties: where a span begins, and where it ends or how many seconds it lasts. */
export interface DaySpan {
  readonly from: string;
  readonly to: string | null;
  readonly lasts: string | null;
  /** Only spans that are one local day count; otherwise each is cut at local midnight. */
  readonly whole: boolean;
}

/** The first id of a contribution is the key of another unified set already, which names the source. */
export interface Keyed {
  /** Own property with the name of the source, for rows without such a key. */
  readonly source: string;
  /** By source: what its ids are ids of. Sources that are not here make no rows. */
  readonly spaces: ReadonlyMap<string, string>;
  readonly precedence: ReadonlyMap<string, number>;
}

/** How the rows of one set become rows of a unified one. */
export interface Contribution {
  /** Entity set whose rows these are. */
  readonly set: string;
  readonly source: string;
  /** What its ids are ids of: contributions of one space with the same id speak of one thing, of which one row counts. */
  readonly space: string;
  /** Properties that are the id within the source. */
  readonly id: readonly string[];
  /** Stands before the id where ids of several kinds of things could be equal; otherwise empty. */
  readonly idPrefix: string;
  /** Smaller ones win among rows of one thing; on a tie the newer row, then the smaller `rank`. */
  readonly precedence: number;
  readonly rank: number;
  /** Rows for which it is not true make none. */
  readonly where: Formula | null;
  /** Many rows with the same id make one: columns are aggregates, and expressions over these and the id. */
  readonly grouped: boolean;
  readonly gather: readonly Gathering[];
  /** Values in the reporting zone, under names that ids and expressions may use. */
  readonly times: ReadonlyMap<string, LocalTime | DayOfSpan>;
  /** null: the ids are those of the contribution's source. */
  readonly keyed: Keyed | null;
  /** By property of the unified set. */
  readonly columns: ReadonlyMap<string, Formula | AggregateFormula>;
  /** Properties of the unified set that hold the key of the source's own row, each with the property it is taken from. */
  readonly origin: ReadonlyMap<string, string>;
  /** Why the vendor gives nothing, by property, for the page of the model. */
  readonly absent: ReadonlyMap<string, string>;
}

/** By source, what the ids of a contribution's rows are ids of. */
export const spacesOf = ({ keyed, source, space }: Contribution): ReadonlyMap<string, string> =>
  keyed?.spaces ?? new Map([[source, space]]);

/** The product that a space is of: sources of one product give the same ids to the same things. */
export const productOf = (space: string): string => space.slice(0, space.indexOf(':'));

/** What a property of a unified set is made of besides what exports say. */
export type UnifiedRule =
  /** `source:id` of the row. */
  | { readonly kind: 'key' }
  | { readonly kind: 'source' }
  /** Which of several rows for one thing this is: filled when all are there. */
  | { readonly kind: 'match' }
  /** The id within the source, as text. */
  | { readonly kind: 'id' }
  /** The calendar day or the hour of another property, in the reporting zone. */
  | { readonly kind: 'local'; readonly of: string; readonly part: 'date' | 'hour' }
  /** What is left at the end of each day (`RunningTotal`). */
  | { readonly kind: 'running'; readonly plus: string; readonly minus: string }
  /** A number by the value of another property, as the operator states it. */
  | { readonly kind: 'stated'; readonly of: string; readonly numbers: ReadonlyMap<string, number> }
  /**
   * Exports give the id of a thing in their source; the key is made of it. `to`: the unified set that has these things, of which another source
   * of the product may have the row that counts. `through`: its property that says which thing the row belongs to; null: its key.
   */
  | { readonly kind: 'reference'; readonly to: string | null; readonly through: string | null };

export interface UnifiedDerivation {
  readonly kind: 'unified';
  readonly from: readonly Contribution[];
  /** By property; others are given by the contributions alone. */
  readonly rules: ReadonlyMap<string, UnifiedRule>;
  /** Which rows are one thing; null: each is one of its own. */
  readonly match: Match | null;
  /** Contributions to one thing say different columns of it: each column is that of the smallest `rank` that has a value. Else one row counts. */
  readonly combined: boolean;
  readonly running: RunningTotal | null;
}

/** A property that holds what is left at the end of each day: all that was added up to then, less all that was taken. Keys end in the day. */
export interface RunningTotal {
  readonly as: string;
  readonly plus: string;
  readonly minus: string;
  readonly over: string;
  /** Properties that days on which nothing happened have as the other days of the same thing. */
  readonly same: readonly string[];
}

/** Rows that are one thing get the smallest of their keys in a property. */
export interface Match {
  readonly as: string;
  /** Rows with equal texts in this property, but for the case of letters, are one thing. */
  readonly by: string;
  /** Keys of rows that are one thing, too. */
  readonly same: readonly (readonly string[])[];
}

/** The days of all years in which rows of other sets lie, one row a day. */
export interface CalendarDerivation {
  readonly kind: 'calendar';
  readonly from: readonly { readonly set: string; readonly property: string }[];
}
