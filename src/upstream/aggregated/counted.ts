import type { PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { AggregatedRequest } from '../upstream.ts';

/** The request with the number of rows of each group, which tells that the groups are all there, and that they are whole. */
export function counted(request: AggregatedRequest): AggregatedRequest {
  const { set, items, computed } = request;
  if (items.some(({ method }) => method === 'count')) {
    return request;
  }
  const names = [...[...items, ...computed].map(({ result }) => result.name), ...set.entityType.properties.keys()];
  const name = freeName('RowsOfGroup', names);
  return { ...request, items: [...items, { result: resultOf(name, 'Edm.Int64'), method: 'count', property: null }] };
}

/** The name of the number of rows in a reply to such a request. */
export const countName = ({ items }: AggregatedRequest): string =>
  items.find(({ method }) => method === 'count')?.result.name ?? '';

/** A name that is none of these, in whatever case a feed writes them. */
export function freeName(wanted: string, names: Iterable<string>): string {
  const taken = new Set([...names].map((name) => name.toLowerCase()));
  let free = wanted;
  while (taken.has(free.toLowerCase())) {
    free += '1';
  }
  return free;
}

/** A result as a property of the groups. */
export const resultOf = (name: string, type: PrimitiveTypeName, nullable = true): Property => ({
  ...{ kind: 'Property', name, type, collection: false, nullable },
});
