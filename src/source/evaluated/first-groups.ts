import type { EntitySet, Property } from '../../edm/model.ts';
import { joinedBy } from '../../plan/logic/condition.ts';
import type {
  BoundAggregate,
  BoundExpression,
  BoundTransformation,
  ComputedProperty,
  GroupingKey,
  RowSource,
} from '../../plan/model/read-plan.ts';
import { isRestricted, wholeSet } from '../../plan/model/restricted-set.ts';
import { visitNode } from '../../plan/model/walk.ts';
import { oneOf } from '../../upstream/aggregated/aggregation-text.ts';
import { resultOf } from '../../upstream/aggregated/counted.ts';
import { ownProperty, toldApartBy } from '../../upstream/aggregated/exact-condition.ts';
import { equality, isAveraged, isOrdered, isSummed, isTime } from '../../upstream/aggregated/exact-value.ts';
import { isTimePart } from '../../upstream/aggregated/time-parts.ts';
import type { AggregatedItem, AggregatedRequest, ComputedKey } from '../../upstream/upstream.ts';

/** The beginning of a pipeline that a feed can be asked for, and what follows. */
export interface FirstGroups {
  readonly request: AggregatedRequest;
  readonly grouping: readonly GroupingKey[];
  readonly aggregates: readonly BoundAggregate[];
  readonly rest: readonly BoundTransformation[];
}

/** `filter(...)`, parts of times computed, then groups; null: it begins with something else, or with what services do not agree on. */
export function firstGroups(source: RowSource, transformations: readonly BoundTransformation[]): FirstGroups | null {
  const from = rowsFrom(source);
  const behind = transformations.findIndex(({ kind }) => kind !== 'filter');
  const tail = behind < 0 ? [] : transformations.slice(behind);
  const items = tail[0]?.kind === 'compute' ? tail[0].items : [];
  const [step, ...rest] = tail[0]?.kind === 'compute' ? tail.slice(1) : tail;
  if (from === null || step === undefined || !rest.every(looksAtNoRow)) {
    return null;
  }
  const { set } = from;
  const computed = items.flatMap((item) => partIn(item, set) ?? []);
  const groups = computed.length === items.length ? groupsOf(step, { set, computed }) : null;
  const filters = transformations.slice(0, behind).flatMap((one) => (one.kind === 'filter' ? [one.condition] : []));
  const conditions = [...from.conditions, ...filters];
  const compared = conditions.map((condition) => toldApartBy(condition, set));
  if (groups === null || compared.includes(null)) {
    return null;
  }
  const filter = conditions.length === 0 ? null : joinedBy('and', conditions);
  const { keys: grouping, items: told } = groups;
  const ofItems = told.flatMap(({ property, method }) => (property === null || isAdded.has(method) ? [] : [property]));
  const shown = [...grouping, ...ofItems].filter((property) => equality(property) === 'shown');
  const apart = new Map([...shown, ...compared.flatMap((some) => some ?? [])].map((one) => [one.name, one]));
  const used = computed.filter(({ result }) => grouping.includes(result));
  const asked = { filter, grouping, computed: used, items: told, apart: [...apart.values()] };
  const request = { set: wholeSet(set), ...asked };
  return hasOwnNames(request) ? { request, ...groups, rest } : null;
}

/** Near values make no other result for these than sums do, which are tried by themselves. */
const isAdded: ReadonlySet<AggregatedItem['method']> = new Set<AggregatedItem['method']>(['sum', 'values']);

/** Names of what an average is made of. */
export const partsOfAverage = (alias: string) => ({ sum: `${alias}Sum`, values: `${alias}Values` });

interface RowsFrom {
  readonly set: EntitySet;
  readonly conditions: readonly BoundExpression[];
}

/** All rows of a set that the reader may see, and what a path says of them. */
function rowsFrom(source: RowSource): RowsFrom | null {
  if (source.kind === 'Set') {
    return { set: source.set, conditions: isRestricted(source.set) ? [source.set.rows.condition] : [] };
  }
  const from = source.kind === 'Filtered' ? rowsFrom(source.from) : null;
  return from === null || source.kind !== 'Filtered'
    ? null
    : { ...from, conditions: [...from.conditions, source.condition] };
}

function partIn({ name, type, nullable, expression }: ComputedProperty, set: EntitySet): ComputedKey | null {
  const argument = expression.kind === 'Function' && isTimePart(expression.name) ? expression.args[0] : undefined;
  const of = argument === undefined ? null : plainProperty(argument, set);
  if (of === null || expression.kind !== 'Function' || !isTimePart(expression.name)) {
    return null;
  }
  const isKnown = of.type === 'Edm.Date' ? equality(of) !== null : of.type === 'Edm.DateTimeOffset' && isTime(of);
  return isKnown ? { result: resultOf(name, type, nullable), part: expression.name, of } : null;
}

interface Rows {
  readonly set: EntitySet;
  readonly computed: readonly ComputedKey[];
}

interface Groups {
  readonly grouping: readonly GroupingKey[];
  readonly keys: readonly Property[];
  readonly aggregates: readonly BoundAggregate[];
  readonly items: readonly AggregatedItem[];
}

/** `groupby` by properties of the row with an `aggregate` in it or nothing, or `aggregate` alone. */
function groupsOf(step: BoundTransformation, rows: Rows): Groups | null {
  const grouping = step.kind === 'groupby' ? step.grouping : [];
  const [inner, ...more] = step.kind === 'groupby' ? step.transformations : [step];
  if (more.length > 0 || (inner === undefined ? step.kind !== 'groupby' : inner.kind !== 'aggregate')) {
    return null;
  }
  const aggregates = inner?.kind === 'aggregate' ? inner.items : [];
  const keys = grouping.flatMap((key) => keyProperty(key, rows) ?? []);
  const items = aggregates.map((aggregate) => itemsOf(aggregate, rows.set));
  const isWhole = keys.length === grouping.length && !items.includes(null);
  return isWhole ? { grouping, keys, aggregates, items: items.flatMap((some) => some ?? []) } : null;
}

function keyProperty({ expression, rollup, entity }: GroupingKey, { set, computed }: Rows): Property | null {
  if (rollup !== null || entity !== undefined) {
    return null;
  }
  if (expression.kind === 'ComputedValue') {
    return computed.find(({ result }) => result.name === expression.name)?.result ?? null;
  }
  const property = plainProperty(expression, set);
  return property !== null && equality(property) !== null ? property : null;
}

/** null: it is not asked of a feed. */
function itemsOf(aggregate: BoundAggregate, set: EntitySet): readonly AggregatedItem[] | null {
  const { alias, type, nullable, method, expression, from, over } = aggregate;
  const property = expression === null ? null : plainProperty(expression, set);
  if (from.length > 0 || over !== undefined || (expression !== null && property === null)) {
    return null;
  }
  if (method === 'average') {
    return property !== null && isAveraged(property) ? averageOf(alias, property) : null;
  }
  const isRight =
    property === null
      ? method === 'count'
      : method === 'sum'
        ? isSummed(property)
        : equality(property) !== null && (method === 'countdistinct' || isOrdered(property));
  return isRight ? [{ result: resultOf(alias, type, nullable), method, property }] : null;
}

/** Services have other digits of a third: what it is made of is asked for, and divided here. */
function averageOf(alias: string, property: Property): readonly AggregatedItem[] {
  const { sum, values } = partsOfAverage(alias);
  const count = property.nullable
    ? ({ result: resultOf(values, 'Edm.Int64', true), method: 'values', property } as const)
    : ({ result: resultOf(values, 'Edm.Int64', false), method: 'count', property: null } as const);
  return [{ result: resultOf(sum, 'Edm.Decimal', true), method: 'sum', property }, count];
}

/** As it is, in no wider type. */
const plainProperty = (expression: BoundExpression, set: EntitySet): Property | null =>
  expression.kind === 'PropertyValue' ? ownProperty(expression, set) : null;

/** Whether a transformation of groups needs nothing but these. */
function looksAtNoRow(step: BoundTransformation): boolean {
  let looks = false;
  const found = (): void => {
    looks = true;
  };
  visitNode('transformation', step, { set: found, row: found });
  return !looks;
}

/** Whether each result has a name that means nothing else, in whatever case the feed writes it. */
function hasOwnNames({ set, computed, items }: AggregatedRequest): boolean {
  const names = [
    ...[...computed, ...items].map(({ result }) => result.name),
    ...items.flatMap(({ method, result }) => (method === 'values' ? [oneOf(result)] : [])),
  ].map((name) => name.toLowerCase());
  const taken = new Set([...set.entityType.properties.keys()].map((name) => name.toLowerCase()));
  return new Set(names).size === names.length && names.every((name) => !taken.has(name));
}
