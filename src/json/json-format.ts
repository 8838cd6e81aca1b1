/** How a reply's JSON is written, as negotiated (OData JSON 4.0, sections 3 and 4). */
export interface JsonFormat {
  readonly metadata: 'none' | 'minimal' | 'full';
  /** Int64 and Decimal as strings. */
  readonly ieee754Compatible: boolean;
  /** `Prefer: omit-values=nulls`. */
  readonly omitNulls: boolean;
  /** Absolute service root with a trailing slash; links are built from it. */
  readonly root: string;
  /** Namespace of the model, for `@odata.type`. */
  readonly namespace: string;
  /** An object of nothing but its key is written as `Name@odata.navigationLink`: the sets of a `$crossjoin`. */
  readonly linksForObjects?: boolean;
  /**
   * Rows of several sets stand in one reply: save with `none`, each names its set and its type, and its id and links are
   * relative to its own context (OData JSON 4.5.1, 4.5.3). Absent: false.
   */
  readonly mixed?: boolean;
}
