import { DateTime } from 'luxon';
import { primitiveType } from '../../../edm/primitive-types.ts';
import { isFault } from '../../cells/cell.ts';
import { timeOfName } from '../../name-time.ts';
import type { SetDraft, SetForm } from '../documents/draft.ts';
import type { FaultPath } from '../documents/fault.ts';
import { hostileTexts, type Matches } from '../schema/pattern-cost.ts';
import { edmType } from './build-properties.ts';
import { cellForm, isoFiles, readGiven } from './conversions.ts';

/** Keys that have a meaning only for rows of some origin. */
const fileKeys = ['files', 'fileDefaults', 'expect', 'write', 'deletionMarker', 'period', 'seedRows'] as const;

const formWords: Readonly<Record<SetForm, string>> = {
  export: 'a set of files',
  rows: 'a code list',
  bridge: 'a bridge',
  dimension: 'a dimension',
  unified: 'a unified set',
  calendar: 'a calendar',
  upstream: 'a proxied set',
};

/** What the values of one document must agree on, whatever else is in the catalogue. */
export function checkDocument(draft: SetDraft, matches: Matches): void {
  checkForm(draft);
  checkKey(draft);
  checkNames(draft);
  checkExamples(draft);
  for (const number of (draft.entry.files ?? []).keys()) {
    checkFileRule(draft, number, matches);
  }
  checkPatterns(draft, matches);
  const groups = patternGroups(draft.entry.period?.name ?? null);
  if (draft.entry.period?.name != null && !(groups.includes('from') && groups.includes('to'))) {
    draft.report(
      ['period', 'name'],
      'The pattern has no groups "from" and "to".',
      'Write (?<from>...) and (?<to>...).',
    );
  }
}

function checkForm(draft: SetDraft): void {
  const { entry, form } = draft;
  const origins = (['rows', 'bridge', 'dimension', 'calendar'] as const).filter((key) => entry[key] !== undefined);
  if (origins.length > 1) {
    draft.report([], `The rows cannot come from ${origins.join(' and ')}.`, 'Keep one of them.');
  }
  const foreign = form === 'export' ? [] : fileKeys.filter((key) => entry[key] !== undefined);
  for (const key of foreign) {
    draft.report([key], `"${key}" has no meaning for ${formWords[form]}.`, 'Remove it.');
  }
  for (const key of ['upstreamName', 'refreshed'] as const) {
    if (entry[key] !== undefined && form !== 'upstream') {
      draft.report([key], `"${key}" has no meaning for ${formWords[form]}.`, 'Remove it.');
    }
  }
  if (Object.keys(entry.properties).length === 0) {
    draft.report(['properties'], 'The set has no properties.', 'Describe each column.');
  }
}

function checkKey(draft: SetDraft): void {
  for (const [position, name] of draft.entry.key.entries()) {
    const entry = draft.entry.properties[name];
    if (entry === undefined) {
      draft.report(['key', position], `There is no property ${name}.`, 'Name properties of this file.');
      continue;
    }
    if (entry.nullable === true) {
      const message = `${name} is part of the key and cannot be null.`;
      draft.report(['properties', name, 'nullable'], message, 'Set it to false, or leave it out of the key.');
    }
    if (!primitiveType(edmType(entry)).keyable || entry.collection === true) {
      draft.report(['key', position], `${entry.type} cannot be part of a key.`, 'Use a property of another type.');
    }
    if (draft.entry.key.indexOf(name) !== position) {
      draft.report(['key', position], `${name} stands twice in the key.`, 'Remove one of them.');
    }
  }
}

/** Sets that no file fills show their values in ISO form, in UTC. */
function checkExamples(draft: SetDraft): void {
  if (draft.form === 'export') {
    return;
  }
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    if (entry.collection === true) {
      continue;
    }
    if (!isFault(readGiven(entry.example, cellForm(entry, isoFiles, { identifies: false })))) {
      continue;
    }
    draft.report(
      ['properties', name, 'example'],
      `"${entry.example}" is no ${entry.type}.`,
      'Give a value of the type.',
    );
  }
}

function checkNames(draft: SetDraft): void {
  const { searchable = [], indexes = [], properties } = draft.entry;
  for (const [position, name] of searchable.entries()) {
    const entry = properties[name];
    if (entry?.type === 'String' && entry.collection !== true) {
      continue;
    }
    draft.report(['searchable', position], `${name} is no text property.`, 'Name properties of type String.');
  }
  for (const [position, names] of indexes.entries()) {
    for (const name of names) {
      if (properties[name] !== undefined) {
        continue;
      }
      draft.report(['indexes', position], `There is no property ${name}.`, 'Name properties of this file.');
    }
  }
}

const patternGroups = (pattern: string | null): readonly string[] =>
  pattern === null ? [] : [...pattern.matchAll(/\(\?<([A-Za-z]\w*)>/g)].map((match) => match[1] ?? '');

/** The example of a file rule must be recognised by the rule, and give a period where there is one. */
function checkFileRule(draft: SetDraft, number: number, matches: Matches): void {
  const rule = draft.entry.files?.[number];
  if (rule?.example === undefined) {
    return;
  }
  const { period } = draft.entry;
  const path = examplePath(rule.example, period?.format ?? 'yyyyMMdd');
  const slash = path.lastIndexOf('/');
  const parts = { directory: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
  for (const key of ['directory', 'name'] as const) {
    const pattern = rule[key];
    // A pattern that does not end is told by checkPatterns.
    if (pattern === undefined || matches(pattern, [parts[key]])?.[0] !== false) {
      continue;
    }
    const message = `The ${key} pattern does not match the example "${path}".`;
    draft.report(['files', number, 'example'], message, 'Correct the pattern or the example.');
  }
  checkStamp(draft, number, parts.name, matches);
  if (period?.name != null && matches(period.name, [parts.name])?.[0] === false) {
    const message = `The pattern of the period does not match the example "${parts.name}".`;
    draft.report(['files', number, 'example'], message, 'Correct the pattern or the example.');
  }
}

/** Files whose group `stamp` is no time would count as new as they were changed, and nobody would know why. */
function checkStamp(draft: SetDraft, number: number, name: string, matches: Matches): void {
  const pattern = draft.entry.files?.[number]?.name;
  if (pattern === undefined || matches(pattern, [name])?.[0] !== true) {
    return;
  }
  const stamp = new RegExp(pattern, 'i').exec(name)?.groups?.['stamp'];
  if (stamp === undefined || timeOfName(stamp, 'UTC') !== null) {
    return;
  }
  draft.report(
    ['files', number, 'name'],
    `The group "stamp" takes "${stamp}" from the example "${name}", which is no time.`,
    'Take a date, a date and a time of day, or unix seconds: see docs/ingest.md, "How rows meet the table".',
  );
}

/** Patterns meet the names of files and, in computed columns, the cells of all rows: none may take for ever. */
function checkPatterns(draft: SetDraft, matches: Matches): void {
  const { files = [], period, properties } = draft.entry;
  const example = files.find((rule) => rule.example !== undefined)?.example ?? '';
  const patterns: (readonly [path: FaultPath, pattern: string | null | undefined])[] = [
    ...files.flatMap((rule, number) => [
      [['files', number, 'directory'], rule.directory] as const,
      [['files', number, 'name'], rule.name] as const,
    ]),
    [['period', 'name'], period?.name],
    ...Object.entries(properties).flatMap(([name, { computed }]) =>
      computed?.kind === 'match' ? [[['properties', name, 'computed', 'pattern'], computed.pattern] as const] : [],
    ),
  ];
  for (const [path, pattern] of patterns) {
    if (pattern == null || matches(pattern, hostileTexts(pattern, example)) !== null) {
      continue;
    }
    const message =
      'This pattern takes more than seconds for some texts: its repetitions can share the same characters.';
    draft.report(path, message, 'Write it so that each character can belong to one repetition only.');
  }
}

/** The example with values for its placeholders. */
function examplePath(example: string, format: string): string {
  const day = DateTime.fromISO('2025-06-10T00:00:00', { zone: 'UTC' });
  return example
    .replaceAll('{unix}', '1749513600')
    .replaceAll('{from}', day.toFormat(format))
    .replaceAll('{to}', day.plus({ days: 1 }).toFormat(format))
    .replaceAll('{uuid}', '0b9f2a6e-4c1d-4e55-9a77-3f2d1c0b8a61');
}
