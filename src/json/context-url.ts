import { entityUrl } from '../edm/key-literal.ts';
import { isPresence } from '../plan/model/presence-path.ts';
import type {
  ApplyPlan,
  CollectionPlan,
  EntityPlan,
  ExpandPlan,
  PropertyPlan,
  RowSource,
  Selection,
} from '../plan/model/read-plan.ts';

/**
 * `@odata.context` (OData Protocol 10), absolute, in the 4.0 spelling: no empty `()`, which the readers in Power BI and
 * Excel refuse. `root` ends with a slash.
 */
export function collectionContext(root: string, plan: CollectionPlan): string {
  const set = plan.selection.set.name;
  if (plan.references) {
    return `${root}$metadata#Collection($ref)`;
  }
  if (plan.since !== null) {
    return `${root}$metadata#${set}${projection(plan.selection)}/$delta`;
  }
  return `${root}$metadata#${set}${served(plan)}`;
}

/** `$crossjoin` has rows of no declared type (OData Protocol 10.12). */
export const crossjoinContext = (root: string): string => `${root}$metadata#Collection(Edm.ComplexType)`;

/** `$all` has entities of no common type; references are references. */
export const allContext = (root: string, references: boolean): string =>
  `${root}$metadata#Collection(${references ? '$ref' : 'Edm.EntityType'})`;

/** `#Set/$entity`, with the projection in front of the slash. */
export function entityContext(root: string, plan: EntityPlan): string {
  if (plan.references) {
    return `${root}$metadata#$ref`;
  }
  return `${root}$metadata#${plan.selection.set.name}${projection(plan.selection)}/$entity`;
}

/** `#Set(key)/Property`, or the type alone where the entity was reached over navigation. */
export function propertyContext(root: string, plan: PropertyPlan): string {
  const entity = canonicalEntity(plan.source);
  if (entity !== null) {
    return `${root}$metadata#${entity}/${plan.property.name}`;
  }
  const { type, collection } = plan.property;
  return `${root}$metadata#${collection ? `Collection(${type})` : type}`;
}

function canonicalEntity(source: RowSource): string | null {
  if (source.kind !== 'Keyed' || source.from.kind !== 'Set') {
    return null;
  }
  const key = source.key.map(({ property, value }) => ({
    name: property.name,
    type: property.type,
    text: value.value,
  }));
  return entityUrl(
    source.from.set.name,
    key,
    key.map(({ text }) => text ?? ''),
  );
}

interface ServedRows {
  readonly selection: Selection;
  readonly apply?: ApplyPlan | null;
}

function served({ selection, apply = null }: ServedRows): string {
  if (apply === null) {
    return projection(selection);
  }
  return apply.keepsEntities ? kept(selection, apply) : applied(selection, apply);
}

/** Entities still: what `$select` left of them, or all with what was computed. */
function kept({ properties, selected, expands }: Selection, { output }: ApplyPlan): string {
  const declared = new Set(properties.map(({ name }) => name));
  const names = output.map(({ path }) => path.join('/'));
  const added = names.filter((name) => !declared.has(name));
  const listed = selected ? names : added.length === 0 ? [] : ['*', ...added];
  const items = [...listed, ...expands.flatMap((one) => expanded(one, listed.length > 0) ?? [])];
  return items.length === 0 ? '' : `(${items.join(',')})`;
}

/** The select list in parentheses; empty where every declared property is served and nothing nested was chosen. */
function projection(selection: Selection): string {
  const names: string[] = [];
  if (selection.selected) {
    names.push(...selection.properties.map(({ name }) => name), ...selection.selectedNavigations);
  } else if (selection.computed.length > 0) {
    names.push('*');
  }
  names.push(...selection.computed.map(({ name }) => name));
  for (const expand of selection.expands) {
    const item = expanded(expand, selection.selected);
    if (item !== null && !names.includes(item)) {
      names.push(item);
    }
  }
  return names.length === 0 ? '' : `(${names.join(',')})`;
}

/** An expanded navigation is named where a list stands anyway, or where it has a list of its own. */
function expanded(expand: ExpandPlan, listed: boolean): string | null {
  if (expand.form !== 'entities') {
    return listed ? expand.navigation.name : null;
  }
  const nested = served(expand);
  return nested !== '' || listed ? `${expand.navigation.name}${nested}` : null;
}

/** Names of an aggregated result; paths over navigation become `Nav(Property,...)`, entities stand with what is served of them. */
function applied({ expands }: Selection, { output, entities = [] }: ApplyPlan): string {
  const names = nestedNames(output.map(({ path }) => path).filter((path) => !isPresence(path)));
  const beside = entities.map(({ path, form, selection }) => within(path, form === 'ref' ? '' : projection(selection)));
  const items = [...(names === '' ? [] : [names]), ...beside, ...expands.flatMap((one) => expanded(one, true) ?? [])];
  return `(${items.join(',')})`;
}

const within = ([head = '', ...rest]: readonly string[], inner: string): string =>
  rest.length === 0 ? `${head}${inner}` : `${head}(${within(rest, inner)})`;

function nestedNames(paths: readonly (readonly string[])[]): string {
  const byHead = new Map<string, (readonly string[])[]>();
  for (const [head = '', ...rest] of paths) {
    const rests = byHead.get(head) ?? [];
    if (rest.length > 0) {
      rests.push(rest);
    }
    byHead.set(head, rests);
  }
  return [...byHead].map(([head, rests]) => (rests.length === 0 ? head : `${head}(${nestedNames(rests)})`)).join(',');
}
