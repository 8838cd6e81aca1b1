import type { AggregateFormula, Contribution, Formula, Keyed } from '../../unified.ts';
import { type DraftIndex, resolveSetName, type UnifiedSource } from '../documents/draft.ts';
import type { FaultPath } from '../documents/fault.ts';
import { originOf, type SaidContribution } from '../documents/unify-origins.ts';
import type { AggregateEntry } from '../schema/unify-schema.ts';
import { timesOf } from './unify-times.ts';

interface Place {
  readonly index: DraftIndex;
  readonly unified: UnifiedSource;
  readonly rank: number;
  readonly combined: boolean;
  /** Sources that say such rows themselves. */
  readonly alone: ReadonlySet<string>;
}

/** What a set says of itself for a unified set, with the names resolved. */
export function contributionOf(said: SaidContribution, { index, unified, rank, combined, alone }: Place): Contribution {
  const { draft, entry, path } = said;
  const formula = (text: string, at: FaultPath): Formula => ({ text, place: draft.placeOf([...path, ...at]) });
  const value = (given: string | AggregateEntry, at: FaultPath): Formula | AggregateFormula =>
    typeof given === 'string' ? formula(given, at) : aggregateOf(given, (text, key) => formula(text, [...at, key]));
  const origin = originOf(said, index);
  const pairs = origin?.pairs ?? [];
  const { idPrefix = '', where, grouped = false, gather = [], columns, absent = {} } = entry;
  return {
    set: draft.setName,
    source: draft.source,
    space: `${unified.products.get(draft.source) ?? draft.source}:${combined ? '' : idPrefix}`,
    id: entry.id,
    idPrefix,
    precedence: unified.precedence.get(draft.source) ?? 0,
    rank: entry.rank ?? rank,
    where: where === undefined ? null : formula(where, ['where']),
    grouped,
    gather: gather.map(({ from, join, values }, number) => ({
      set: resolveSetName(index, draft.source, from) ?? from,
      join: Object.entries(join).map(([property, referencedProperty]) => ({ property, referencedProperty })),
      values: new Map(
        Object.entries(values).map(([name, one]) => [
          name,
          aggregateOf(one, (text, key) => formula(text, ['gather', number, 'values', name, key])),
        ]),
      ),
    })),
    times: timesOf(entry),
    keyed: draft.source === unified.name ? keyedOf(unified, entry.unless === 'alone' ? alone : new Set()) : null,
    columns: new Map(Object.entries(columns).map(([name, one]) => [name, value(one, ['columns', name])])),
    origin: new Map(pairs.map(({ property, from }) => [property, from])),
    absent: new Map(Object.entries(absent)),
  };
}

/** The first id is a key of a unified set, which begins with its source. */
function keyedOf(unified: UnifiedSource, alone: ReadonlySet<string>): Keyed {
  const others = [...unified.products].filter(([source]) => source !== unified.name && !alone.has(source));
  return {
    source: 'Source',
    spaces: new Map(others.map(([source, product]) => [source, `${product}:`])),
    precedence: unified.precedence,
  };
}

function aggregateOf(entry: AggregateEntry, formula: (text: string, key: string) => Formula): AggregateFormula {
  const where = entry.where === undefined ? null : formula(entry.where, 'where');
  if ('count' in entry) {
    return { method: 'count', of: null, by: null, where };
  }
  if ('first' in entry) {
    return { method: 'first', of: formula(entry.first, 'first'), by: formula(entry.by, 'by'), where };
  }
  if ('last' in entry) {
    return { method: 'last', of: formula(entry.last, 'last'), by: formula(entry.by, 'by'), where };
  }
  if ('sum' in entry) {
    return { method: 'sum', of: formula(entry.sum, 'sum'), by: null, where };
  }
  return 'min' in entry
    ? { method: 'min', of: formula(entry.min, 'min'), by: null, where }
    : { method: 'max', of: formula(entry.max, 'max'), by: null, where };
}
