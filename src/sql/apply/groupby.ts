import type { BoundTransformation, GroupingKey, RangeVariable } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { propertyColumn } from '../scope.ts';
import { grouped, inOnePass } from './aggregate.ts';
import { transformed } from './apply.ts';
import { keyColumn } from './key-column.ts';
import type { Companion, Layer, Partition } from './layer.ts';

type GroupBy = Extract<BoundTransformation, { kind: 'groupby' }>;

/**
 * `groupby(...)` of any kind (Data Aggregation 4.0, 3.2.3). What one pass cannot do is done transformation by
 * transformation, for all groups at once: their keys go along as columns.
 */
export function groupedRows(layer: Layer, step: GroupBy): Layer {
  if (inOnePass(step)) {
    return grouped(layer, step);
  }
  const { names, partition } = opened(layer, step.grouping);
  const done = step.transformations.reduce(transformed, { ...layer, partition });
  return closed(done, { grouping: step.grouping, names, outer: layer.partition });
}

/** Gives the keys names that no property has. */
function opened(
  { scope, row, partition }: Layer,
  grouping: readonly GroupingKey[],
): { readonly names: readonly string[]; readonly partition: Partition } {
  const names = grouping.map((key) => {
    const name = scope.aliases.next('$k');
    row.columns.set(name, keyColumn(key, scope));
    return name;
  });
  const all = [...(partition?.names ?? []), ...names];
  const columns = all.map((name, index) => `${row.columns.get(name)} AS k${index}`);
  return { names, partition: { names: all, universe: `SELECT ${columns.join(', ')} ${fromWhere(scope)}` } };
}

interface Closing {
  readonly grouping: readonly GroupingKey[];
  readonly names: readonly string[];
  readonly outer: Partition | null;
}

/** Every row gets the keys of its group; from here on its properties are known by name only. */
function closed(layer: Layer, { grouping, names, outer }: Closing): Layer {
  const { scope, row } = layer;
  const companions = new Map<RangeVariable, Companion>(layer.companions);
  for (const [index, { path, entity }] of grouping.entries()) {
    const name = names[index] ?? '';
    const column = row.columns.get(name) ?? 'NULL';
    row.columns.delete(name);
    if (entity === undefined) {
      row.columns.set(path.join('/'), column);
    } else {
      const found = scope.joinById(entity.variable.set, column);
      scope.bind(entity.variable, found);
      companions.set(entity.variable, { row: found, column: null });
    }
  }
  for (const property of row.stored === null ? [] : (row.entitySet?.entityType.properties.values() ?? [])) {
    if (!row.columns.has(property.name)) {
      row.columns.set(property.name, propertyColumn(row, property));
    }
  }
  return { ...layer, companions, partition: outer };
}
