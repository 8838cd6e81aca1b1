/**
 * The closed list of what OData defines and this feed does not do: every 501 names one of these, in its message and as
 * `@gateway.feature`. `docs/conformance.md` has the same list, which a test compares, and provokes each by a request.
 */
export const unsupportedFeatures = {
  // Resource paths.
  'model-functions': 'functions of the model, in paths, expressions and `$select`',
  media: '`$value` of an entity: there are no media entities',
  segments: '`$each`, and `$query` with GET',
  'unbound-navigation': 'navigation that the model binds to no set',
  // Options.
  temporal: 'the Temporal extension: `$at`, `$from`, `$to`, `$toInclusive`, with and without `$`',
  'ordered-collections': '`$index`',
  'apply-elsewhere': '`$apply` on what is no collection, and on `$crossjoin`',
  'apply-with-levels': '`$apply` and `$levels` in one item of `$expand`',
  'expand-value': '`$expand=$value`',
  'nested-select-options': 'options in parentheses in `$select`, other than `$select`',
  'nested-aliases': 'values of parameter aliases inside parentheses',
  'typeless-options': '`$search`, `$apply` and others on `$all`',
  'crossjoin-expand': '`$expand` in a `$crossjoin` of more than its sets',
  'crossjoin-select': '`$select` in a `$crossjoin` that leaves out a set',
  search: '`$search` in sets whose metadata names no searched text',
  'search-in-derived-rows': '`$search` and `search(...)` in aggregated and joined rows',
  'untracked-changes': 'delta links of proxied sets, and with `$apply`, `$expand`, `$top` or `$skip`',
  // Expressions.
  annotations: 'paths to annotations and from parameter aliases',
  these: '`$these`',
  'aggregate-in-expressions': '`aggregate(...)` in an expression',
  'keys-after-filters': 'a key behind `$filter(...)` inside an expression',
  'root-collections': 'paths from `$root` without a key',
  'collections-of-values': 'collection properties in expressions, and `/$count` of them',
  'navigation-comparison': 'comparison of a navigation property with other than `null`',
  'in-operands': 'a path to a collection after `in`',
  'json-values': 'JSON objects, and JSON arrays elsewhere than after `in`',
  'json-expressions': 'expressions inside JSON values',
  'set-functions': 'functions on collections: `hassubset`, `hassubsequence`',
  geo: 'geography and geometry: literals and functions',
  casts: 'casts and `isof` between types that the text of each row decides, or of moments to dates and times',
  patterns:
    'in `matchesPattern`: lookaround, backreferences, named groups, flags, `\\p{...}`, long repeats, a pattern from a column',
  'leap-seconds': 'the sixtieth second of a minute',
  // $apply.
  'nested-transformations': 'the transformations `expand`, `nest`, `addnested`',
  'custom-transformations': 'custom transformations',
  'custom-aggregates': 'custom aggregates and aggregation methods',
  hierarchies: 'recursive hierarchies: `ancestors`, `descendants`, `traverse`, `rolluprecursive`',
  'rollup-totals-in-groups': '`rollup($all,...)` alone inside of groupby',
  'entities-in-groups': 'groups of entities inside of groupby, concat and join',
  'expand-of-aggregates': '`$expand` of aggregated rows over what they were not grouped by',
  // Batches.
  'change-sets': 'change sets and atomicity groups',
  // Where rows lie.
  distributed: 'on tables that Citus has on workers: what it refuses to run, as docs/scale.md lists it',
  proxied: 'on proxied sets: what their feed says that it cannot do when it is asked for rows of one set',
} as const;

export type UnsupportedFeature = keyof typeof unsupportedFeatures;
