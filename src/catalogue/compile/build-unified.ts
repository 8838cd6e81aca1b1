import { primitiveType } from '../../edm/primitive-types.ts';
import { calendarColumns } from '../calendar-columns.ts';
import type {
  AggregateFormula,
  CalendarDerivation,
  Contribution,
  Formula,
  Match,
  UnifiedDerivation,
  UnifiedRule,
} from '../unified.ts';
import { edmType } from './build-properties.ts';
import { type DraftIndex, resolveSetName, type SetDraft, type UnifiedSource } from './draft.ts';
import type { FaultPath } from './fault.ts';
import { originOf, type SaidContribution, saidContributions } from './unify-origins.ts';
import type { AggregateEntry } from './unify-schema.ts';

/** How the rows of a unified set are made, of what all sets say of themselves. */
export function buildUnified(draft: SetDraft, index: DraftIndex): UnifiedDerivation {
  const { unified } = index;
  const prefix = index.prefixes.get(draft.source) ?? '';
  const said = saidContributions(index.sets.values()).filter(({ target }) => prefix + target === draft.setName);
  const stored = said.filter((one) => one.draft.form !== 'upstream');
  return {
    kind: 'unified',
    from: unified === null ? [] : stored.map((one, rank) => contributionOf(one, { index, unified, rank })),
    rules: rulesOf(draft, prefix),
    match: matchOf(draft),
  };
}

/** The days of years: of which dates. */
export function buildCalendar(draft: SetDraft, index: DraftIndex): CalendarDerivation {
  const prefix = index.prefixes.get(draft.source) ?? '';
  const from = (draft.entry.calendar ?? []).map(({ set, property }, number) => {
    const type = index.sets.get(prefix + set)?.entry.properties[property]?.type;
    if (type !== 'Date') {
      const message = `${set} has no property ${property} of type Date.`;
      draft.report(['calendar', number], message, 'Name a unified set and one of its dates.');
    }
    return { set: prefix + set, property };
  });
  for (const [name, { type }] of Object.entries(draft.entry.properties)) {
    if (calendarColumns.get(name)?.type !== type) {
      const known = [...calendarColumns].map(([one, said]) => `${one} (${said.type})`).join(', ');
      draft.report(['properties', name], `A calendar says no ${name} of type ${type}.`, `Use some of: ${known}.`);
    }
  }
  return { kind: 'calendar', from };
}

function matchOf(draft: SetDraft): Match | null {
  const { match, properties } = draft.entry;
  if (match === undefined) {
    return null;
  }
  for (const key of ['as', 'by'] as const) {
    if (properties[match[key]]?.type !== 'String') {
      draft.report(['match', key], `${match[key]} is no text property.`, 'Name properties of type String.');
    }
  }
  return { as: match.as, by: match.by, same: match.same ?? [] };
}

/** Reports what sets say of themselves that no unified set takes. */
export function checkUnify(index: DraftIndex): void {
  const { unified } = index;
  if (unified === null) {
    return;
  }
  const prefix = index.prefixes.get(unified.name) ?? '';
  for (const { draft, target, entry, path } of saidContributions(index.sets.values())) {
    const set = index.sets.get(prefix + target);
    if (set?.form !== 'unified') {
      if (!index.faulty.has(prefix + target)) {
        const known = [...index.sets.values()].filter(({ form }) => form === 'unified').map(({ setName }) => setName);
        draft.report(path, `There is no unified set ${target}.`, `Use one of: ${known.join(', ')}.`);
      }
      continue;
    }
    const rules = rulesOf(set, prefix);
    for (const key of ['columns', 'absent'] as const) {
      for (const name of Object.keys(entry[key] ?? {})) {
        const rule = rules.get(name);
        if (set.entry.properties[name] === undefined) {
          draft.report([...path, key, name], `${target} has no property ${name}.`, 'Name one that its file declares.');
        } else if (rule !== undefined && rule.kind !== 'reference') {
          draft.report([...path, key, name], `${name} is given by the gateway.`, 'Remove it.');
        }
      }
    }
    checkGathered(index, { draft, entry, path });
    for (const [place, name] of entry.id.entries()) {
      if (draft.entry.properties[name] === undefined) {
        draft.report([...path, 'id', place], `There is no property ${name}.`, 'Name properties of this file.');
      }
    }
  }
}

function checkGathered(index: DraftIndex, { draft, entry, path }: Omit<SaidContribution, 'target'>): void {
  for (const [number, { from, join }] of (entry.gather ?? []).entries()) {
    const at = [...path, 'gather', number];
    const set = index.sets.get(resolveSetName(index, draft.source, from) ?? '');
    if (set === undefined || set.form === 'upstream') {
      draft.report(
        [...at, 'from'],
        `There is no stored set "${from}".`,
        'Name a set of this source, or <source>.<set>.',
      );
      continue;
    }
    for (const [ours, theirs] of Object.entries(join)) {
      const [left, right] = [draft.entry.properties[ours]?.type, set.entry.properties[theirs]?.type];
      if (left === undefined || left !== right) {
        const message = `${ours} and ${set.setName}.${theirs} are no two properties of one type.`;
        draft.report([...at, 'join', ours], message, 'Join properties of the same type.');
      }
    }
  }
}

interface Place {
  readonly index: DraftIndex;
  readonly unified: UnifiedSource;
  readonly rank: number;
}

function contributionOf(said: SaidContribution, { index, unified, rank }: Place): Contribution {
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
    space: `${unified.products.get(draft.source) ?? draft.source}:${idPrefix}`,
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
    columns: new Map(Object.entries(columns).map(([name, one]) => [name, value(one, ['columns', name])])),
    origin: new Map(pairs.map(({ property, from }) => [property, from])),
    absent: new Map(Object.entries(absent)),
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

/** What the gateway itself gives the properties of a unified set. */
function rulesOf(draft: SetDraft, prefix: string): ReadonlyMap<string, UnifiedRule> {
  const { key, properties } = draft.entry;
  const rules = new Map<string, UnifiedRule>();
  for (const [name, { type, local, sourceKey, references }] of Object.entries(properties)) {
    if (name === key[0]) {
      rules.set(name, { kind: 'key' });
    } else if (name === 'Source') {
      rules.set(name, { kind: 'source' });
    } else if (name === 'SourceId') {
      rules.set(name, { kind: 'id' });
    } else if (name === draft.entry.match?.as) {
      rules.set(name, { kind: 'match' });
    } else if (local !== undefined) {
      const wanted = local.part === 'date' ? 'Date' : 'Int32';
      if (type !== wanted || properties[local.of]?.type !== 'DateTimeOffset') {
        const message = `The ${local.part} of a point in time is ${wanted}, of a property of type DateTimeOffset.`;
        draft.report(['properties', name, 'local'], message, 'Correct the types or the name.');
      }
      rules.set(name, { kind: 'local', ...local });
    } else if (sourceKey !== undefined) {
      const led = typeof references === 'string' ? references : references?.set;
      const { set = led, property = null } = sourceKey === true ? {} : sourceKey.through;
      rules.set(name, { kind: 'reference', to: set === undefined ? null : prefix + set, through: property });
    }
  }
  for (const [name, rule] of rules) {
    if (rule.kind !== 'local' && primitiveType(edmType(properties[name] ?? { type: 'String' })).postgres !== 'text') {
      draft.report(['properties', name, 'type'], `${name} is a text.`, 'Give it type: String.');
    }
  }
  if (key.length !== 1) {
    draft.report(['key'], 'A unified set has one key property, which is made of source and id.', 'Name one property.');
  }
  return rules;
}
