import type { PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { AggregatedRequest } from '../upstream.ts';

/** The request with the number of rows of each group, which tells that the groups are all there, and that they are whole. */
export function counted(request: AggregatedRequest): AggregatedRequest {
  const { set, items, computed } = request;
  if (items.some(({ method }) => method === 'count')) {
    return request;
  }
  const names = [...[...items, ...computed].map(({ result }) => result.name), ...set.entityType.properties.keys()];
  const taken = new Set(names.map((name) => name.toLowerCase()));
  let name = 'RowsOfGroup';
  while (taken.has(name.toLowerCase())) {
    name += '1';
  }
  return { ...request, items: [...items, { result: resultOf(name, 'Edm.Int64'), method: 'count', property: null }] };
}

/** The name of the number of rows in a reply to such a request. */
export const countName = ({ items }: AggregatedRequest): string =>
  items.find(({ method }) => method === 'count')?.result.name ?? '';

export const resultOf = (name: string, type: PrimitiveTypeName): Property => ({
  ...{ kind: 'Property', name, type, collection: false, nullable: true },
});
