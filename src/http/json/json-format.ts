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
}
