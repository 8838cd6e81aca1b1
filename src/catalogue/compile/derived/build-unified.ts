import { primitiveType } from '../../../edm/primitive-types.ts';
import { calendarColumns } from '../../calendar-columns.ts';
import type { CalendarDerivation, Match, RunningTotal, UnifiedDerivation, UnifiedRule } from '../../unified.ts';
import { type DraftIndex, resolveSetName, type SetDraft } from '../documents/draft.ts';
import { type SaidContribution, saidContributions } from '../documents/unify-origins.ts';
import { edmType } from '../sets/build-properties.ts';
import { contributionOf } from './build-contribution.ts';
import { checkTimes, timeNames } from './unify-times.ts';

/** How the rows of a unified set are made, of what all sets say of themselves. */
export function buildUnified(draft: SetDraft, index: DraftIndex): UnifiedDerivation {
  const { unified } = index;
  const prefix = index.prefixes.get(draft.source) ?? '';
  const said = saidContributions(index.sets.values()).filter(({ target }) => prefix + target === draft.setName);
  const combined = draft.entry.combine === true;
  const alone = new Set(said.filter(({ entry }) => entry.alone === true).map((one) => one.draft.source));
  return {
    kind: 'unified',
    from:
      unified === null ? [] : said.map((one, rank) => contributionOf(one, { index, unified, rank, combined, alone })),
    rules: rulesOf(draft, prefix),
    match: matchOf(draft),
    combined,
    running: runningOf(draft),
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

function runningOf(draft: SetDraft): RunningTotal | null {
  const { properties } = draft.entry;
  const found = Object.entries(properties).flatMap(([as, { running }]) =>
    running === undefined ? [] : [{ as, ...running }],
  );
  const [first, ...more] = found;
  for (const { as } of more) {
    draft.report(['properties', as, 'running'], 'A set has one running total.', 'Remove the others.');
  }
  if (first === undefined) {
    return null;
  }
  const at = ['properties', first.as, 'running'] as const;
  for (const name of [first.as, first.plus, first.minus]) {
    if (properties[name]?.type !== 'Int32') {
      draft.report([...at], `${name} is no property of type Int32.`, 'Name properties that hold counts.');
    }
  }
  if (properties[first.over]?.type !== 'Date' || draft.entry.combine !== true) {
    draft.report(
      [...at, 'over'],
      `${first.over} is no date of a set with "combine: true".`,
      'Name the day that keys end in.',
    );
  }
  for (const [place, name] of first.same.entries()) {
    if (properties[name] === undefined) {
      draft.report([...at, 'same', place], `There is no property ${name}.`, 'Name properties of this file.');
    }
  }
  return first;
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
    checkTimes({ draft, entry, path }, set.entry.combine === true);
    for (const [place, name] of entry.id.entries()) {
      if (draft.entry.properties[name] === undefined && !timeNames(entry).includes(name)) {
        draft.report([...path, 'id', place], `There is no property ${name}.`, 'Name properties of this file.');
      }
    }
  }
}

function checkGathered(index: DraftIndex, { draft, entry, path }: Omit<SaidContribution, 'target'>): void {
  for (const [number, { from, join }] of (entry.gather ?? []).entries()) {
    const at = [...path, 'gather', number];
    const set = index.sets.get(resolveSetName(index, draft.source, from) ?? '');
    if (set === undefined) {
      draft.report([...at, 'from'], `There is no set "${from}".`, 'Name a set of this source, or <source>.<set>.');
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

/** What the gateway itself gives the properties of a unified set. */
function rulesOf(draft: SetDraft, prefix: string): ReadonlyMap<string, UnifiedRule> {
  const { key, properties } = draft.entry;
  const rules = new Map<string, UnifiedRule>();
  for (const [name, { type, local, sourceKey, references, serviceLevelSeconds: stated, running }] of Object.entries(
    properties,
  )) {
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
    } else if (running !== undefined) {
      rules.set(name, { kind: 'running', plus: running.plus, minus: running.minus });
    } else if (stated !== undefined) {
      if (properties[stated.of]?.type !== 'String' || !['Int32', 'Int64', 'Decimal'].includes(type)) {
        const message = 'Seconds are a number, by the value of a property of type String.';
        draft.report(['properties', name, 'serviceLevelSeconds'], message, 'Correct the types or the name.');
      }
      rules.set(name, { kind: 'stated', of: stated.of, numbers: new Map(Object.entries(stated.seconds)) });
    } else if (sourceKey !== undefined) {
      const led = typeof references === 'string' ? references : references?.set;
      const { set = led, property = null } = sourceKey === true ? {} : sourceKey.through;
      rules.set(name, { kind: 'reference', to: set === undefined ? null : prefix + set, through: property });
    }
  }
  for (const [name, rule] of rules) {
    if (
      !['local', 'stated', 'running'].includes(rule.kind) &&
      primitiveType(edmType(properties[name] ?? { type: 'String' })).postgres !== 'text'
    ) {
      draft.report(['properties', name, 'type'], `${name} is a text.`, 'Give it type: String.');
    }
  }
  if (key.length !== 1) {
    draft.report(['key'], 'A unified set has one key property, which is made of source and id.', 'Name one property.');
  }
  return rules;
}
