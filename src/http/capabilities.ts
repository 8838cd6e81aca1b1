import type { Catalogue } from '../catalogue/catalogue.ts';
import type { FeedCapabilities, SetCapabilities } from '../edm/capabilities.ts';
import type { EntitySet } from '../edm/model.ts';

const functions = [
  ...['contains', 'startswith', 'endswith', 'length', 'indexof', 'substring', 'tolower', 'toupper', 'trim', 'concat'],
  ...['year', 'month', 'day', 'hour', 'minute', 'second', 'fractionalseconds', 'date', 'time'],
  ...['totaloffsetminutes', 'totalseconds', 'now', 'mindatetime', 'maxdatetime', 'round', 'floor', 'ceiling', 'cast'],
];

const transformations = [
  ...['aggregate', 'groupby', 'filter', 'search', 'compute', 'concat', 'identity', 'orderby', 'top', 'skip'],
  ...['topcount', 'toppercent', 'topsum', 'bottomcount', 'bottompercent', 'bottomsum'],
];

/** What this feed can do, as `$metadata` says it. */
export function feedCapabilities(catalogue: Catalogue): FeedCapabilities {
  const sets = [...catalogue.model.entitySets.values()].map(
    (set) => [set.name, setCapabilities(set, catalogue)] as const,
  );
  return {
    conformance: 'Intermediate',
    versions: '4.0 4.01',
    batch: true,
    asynchronous: true,
    crossJoin: true,
    filterFunctions: functions,
    sets: new Map(sets.flatMap(([name, found]) => (found === null ? [] : [[name, found] as const]))),
  };
}

/** null: nothing is said of a proxied set, since only its own feed knows. */
function setCapabilities(set: EntitySet, catalogue: Catalogue): SetCapabilities | null {
  const stored = catalogue.sets.get(set.name);
  if (stored?.kind !== 'stored') return null;
  const proxied = [...set.navigationPropertyBindings].filter(([, to]) => catalogue.sets.get(to)?.kind !== 'stored');
  return {
    top: true,
    skip: true,
    count: true,
    filter: true,
    nonFilterable: [],
    sort: true,
    nonSortable: [],
    expand: set.entityType.navigationProperties.size > proxied.length,
    nonExpandable: proxied.map(([name]) => name),
    search: set.searchable.length > 0,
    changeTracking: stored.versionColumn !== null,
    filterFunctions: null,
    apply: transformations,
  };
}
