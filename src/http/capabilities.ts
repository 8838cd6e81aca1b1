import type { Catalogue } from '../catalogue/catalogue.ts';
import type { FeedCapabilities, SetCapabilities } from '../edm/capabilities.ts';
import type { EntitySet, NavigationProperty } from '../edm/model.ts';
import { functionNames } from '../plan/model/canonical-functions.ts';

/** What is written like a function and has a syntax of its own. */
const syntaxFunctions = ['cast', 'case', 'isof'];

const functions = [...functionNames, ...syntaxFunctions];

const transformations = [
  ...['aggregate', 'groupby', 'filter', 'search', 'compute', 'concat', 'identity', 'orderby', 'top', 'skip'],
  ...['join', 'outerjoin'],
  ...['topcount', 'toppercent', 'topsum', 'bottomcount', 'bottompercent', 'bottomsum'],
];

/** What this feed can do, as `$metadata` says it. */
export function feedCapabilities(catalogue: Catalogue): FeedCapabilities {
  const sets = [...catalogue.model.entitySets.values()];
  return {
    conformance: 'Advanced',
    versions: '4.0 4.01',
    batch: true,
    asynchronous: true,
    crossJoin: true,
    formats: ['application/json', 'text/csv'],
    filterFunctions: functions,
    sets: new Map(sets.map((set) => [set.name, setCapabilities(set, catalogue)])),
  };
}

function setCapabilities(set: EntitySet, catalogue: Catalogue): SetCapabilities {
  const binding = catalogue.sets.get(set.name);
  const stored = binding?.kind === 'stored' ? binding : null;
  const navigations = [...set.entityType.navigationProperties.values()];
  return {
    top: true,
    skip: true,
    count: true,
    filter: true,
    nonFilterable: [],
    sort: true,
    nonSortable: [],
    expand: navigations.length > 0,
    nonExpandable: navigations.filter((one) => !canFollow(one, set, catalogue)).map(({ name }) => name),
    search: set.searchable.length > 0,
    changeTracking: stored !== null && stored.versionColumn !== null,
    filterFunctions: null,
    // What a feed cannot do is done here with its rows.
    apply: transformations,
  };
}

/** What joins no properties can only be followed by the feed that declares it, to rows that are read there. */
function canFollow({ name, join }: NavigationProperty, set: EntitySet, { sets }: Catalogue): boolean {
  const target = sets.get(set.navigationPropertyBindings.get(name) ?? '');
  const own = sets.get(set.name);
  const isOneFeed = own?.kind === 'upstream' && target?.kind === 'upstream' && own.source === target.source;
  return target !== undefined && (join.length > 0 || isOneFeed);
}
