import { archiveView, viewedSets } from '../catalogue/archive-view.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { emptyProperties } from '../warehouse/tables/archive-views.ts';
import type { ArchivedSet } from './archived-set.ts';

/**
 * What documents say of an archived set and its feed does not give: properties that are null in the sets over all sources, and the point in time
 * by which rows would be copied. In words; null: nothing. `documents`: the catalogue of the metadata files.
 */
export function lackingOf(documents: Catalogue, { name, source, live, settings, table }: ArchivedSet): string | null {
  const binding = documents.sets.get(name);
  const documented = documents.model.entitySets.get(name);
  if (binding?.kind !== 'upstream' || documented === undefined) {
    return null;
  }
  const properties = new Map(
    [...table.columns].map(([property, column]) => [column.name, live.entityType.properties.get(property)]),
  );
  const told = (property: string, column: string | null): string => {
    const found = column === null ? undefined : properties.get(column);
    const type = documented.entityType.properties.get(property)?.type;
    return found === undefined
      ? `${property} is not in the feed`
      : `${property} is ${found.type}, which is no ${String(type)}`;
  };
  const isViewed = viewedSets(documents).some((set) => set.name === name);
  const columns = new Map([...table.columns.values()].map(({ name: column, sqlType }) => [column, sqlType]));
  const empty = isViewed ? emptyProperties(archiveView(documented, source), binding, columns) : new Map();
  const { by = null } = binding.archive ?? {};
  return (
    [
      ...[...empty].map(([property, column]) => told(property, column)),
      ...(by === null || settings.by !== null ? [] : [`rows cannot be copied by ${by}, so all are compared`]),
    ].join('; ') || null
  );
}
