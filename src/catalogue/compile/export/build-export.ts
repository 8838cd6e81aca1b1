import type {
  ComputedColumn,
  Expectation,
  Export,
  ExportColumn,
  FileDefaults,
  FileRule,
  HeaderName,
  WriteDisposition,
} from '../../catalogue.ts';
import { isFault } from '../../cells/cell.ts';
import { type DraftIndex, resolveSetName, type SetDraft, type SourceDraft } from '../documents/draft.ts';
import { identifyingProperties } from '../personal/identifying-properties.ts';
import type { PersonalPolicies } from '../personal/personal-policies.ts';
import type { FileDefaultsEntry, PropertyEntry } from '../schema/schema.ts';
import { edmType } from '../sets/build-properties.ts';
import { cellForm, encodingTypes, isTimeZone, readGiven, usualEncoding } from '../sets/conversions.ts';
import { parseExpectation } from './expectation.ts';
import { foldHeader } from './fold-header.ts';
import { retentionOf } from './retention-of.ts';

/** What a source of files says when it says nothing. */
const usual: FileDefaults = {
  timeZone: 'UTC',
  nullTokens: [],
  fallbackEncoding: 'windows-1252',
  delimiters: [',', ';', '\t'],
  dateTimePatterns: [],
  temporarySuffixes: ['.part', '.partial', '.tmp', '.filepart', '.crdownload', '.uploading'],
  maxRejectedPercent: 50,
  onRowError: 'quarantine',
};

/** The settings of a source with those of one export over them. */
export function fileDefaults(source: FileDefaultsEntry | undefined, own?: FileDefaultsEntry): FileDefaults {
  const given = Object.fromEntries(Object.entries({ ...source, ...own }).filter(([, value]) => value !== undefined));
  return { ...usual, ...given };
}

/** One kind of file, from a document whose rows come from files. */
export function buildExport(
  source: SourceDraft,
  draft: SetDraft,
  { index, policies }: { readonly index: DraftIndex; readonly policies: PersonalPolicies },
): Export {
  const files = fileDefaults(source.entry.files, draft.entry.fileDefaults);
  const zone = draft.entry.fileDefaults?.timeZone;
  if (zone !== undefined && !isTimeZone(zone)) {
    const message = `There is no time zone "${zone}".`;
    draft.report(['fileDefaults', 'timeZone'], message, 'Use an IANA name, e.g. Europe/Amsterdam.');
  }
  const entries = Object.entries(draft.entry.properties);
  const identifying = identifyingProperties(draft, index);
  const keyed = keyParts(draft);
  const columns = entries
    .filter(([, entry]) => entry.computed === undefined)
    .map(([name, entry]) =>
      exportColumn(draft, name, { entry, files, index, identifies: identifying.has(name), keyed: keyed.has(name) }),
    );
  checkHeaders(draft, columns);
  return {
    name: draft.name,
    source: draft.source,
    set: draft.setName,
    title: draft.entry.title,
    description: draft.entry.description,
    fileRules: (draft.entry.files ?? []).map(fileRule),
    files,
    key: draft.entry.key,
    write: writeDisposition(draft),
    deletionMarker: deletionMarker(draft),
    period: draft.entry.period ?? null,
    expects: expectation(source, draft, files),
    columns,
    computed: entries.flatMap(([name, entry]) => computedColumn(draft, name, entry)),
    personal: policies.rules(draft),
    retention: retentionOf(draft, policies),
  };
}

/** What the export says, else its source; a fault of the source's text is told once for each export, at the source. */
function expectation(source: SourceDraft, draft: SetDraft, { timeZone }: FileDefaults): Expectation | null {
  const own = draft.entry.expect;
  const text = own === undefined ? source.entry.expect : own;
  if (text === undefined || text === null) {
    return null;
  }
  const read = parseExpectation(text, {
    timeZone: isTimeZone(timeZone) ? timeZone : 'UTC',
    before: draft.entry.period !== undefined,
  });
  if ('text' in read) {
    return read;
  }
  const { report } = own === undefined ? source : draft;
  report(['expect'], read.message, read.remedy);
  return null;
}

const fileRule = (rule: {
  directory?: string | undefined;
  name?: string | undefined;
  example?: string | undefined;
}): FileRule => ({
  directory: rule.directory ?? null,
  name: rule.name ?? null,
  ...(rule.example === undefined ? {} : { example: rule.example }),
});

interface ColumnContext {
  readonly entry: PropertyEntry;
  readonly files: FileDefaults;
  readonly index: DraftIndex;
  /** The property is part of a key or a reference. */
  readonly identifies: boolean;
  /** The property is part of the key, or the key is computed from it. */
  readonly keyed: boolean;
}

/** A row without one of these would have another key, and come again as another row. */
function keyParts({ entry: { key, properties } }: SetDraft): ReadonlySet<string> {
  const sources = key.flatMap((name) => {
    const computed = properties[name]?.computed;
    return computed !== undefined && 'of' in computed ? [computed.of].flat() : [];
  });
  return new Set([...key, ...sources]);
}

function exportColumn(draft: SetDraft, name: string, context: ColumnContext): ExportColumn {
  const { entry, index, identifies, keyed } = context;
  const encoding = entry.encoding ?? usualEncoding(edmType(entry));
  const nullable = entry.nullable ?? !draft.entry.key.includes(name);
  checkColumn(draft, name, context);
  return {
    property: name,
    encoding,
    headers: headerNames(name, entry),
    required: entry.required ?? ((!nullable || keyed) && entry.emptyAs === undefined),
    keepIfEmpty: entry.keepIfEmpty ?? false,
    position: entry.position ?? null,
    ...(entry.emptyAs === undefined ? {} : { emptyAs: entry.emptyAs }),
    joinedTo: entry.joinedTo ?? null,
    identifies,
    codeList: entry.codeList === undefined ? null : resolveSetName(index, draft.source, entry.codeList),
    personalData: entry.personalData,
    example: entry.example,
    ...(entry.samples === undefined ? {} : { samples: entry.samples }),
  };
}

function headerNames(name: string, entry: PropertyEntry): readonly HeaderName[] {
  const main: HeaderName = {
    text: entry.header ?? name,
    language: 'en',
    basis: entry.assumed === true ? 'alias' : 'documented',
  };
  const documented = Object.entries(entry.documented ?? {}).flatMap(([language, texts]) =>
    [texts].flat().map((text): HeaderName => ({ text, language, basis: 'documented' })),
  );
  const aliases = (entry.aliases ?? []).map(
    (alias): HeaderName =>
      typeof alias === 'string' ? { text: alias, language: 'en', basis: 'alias' } : { ...alias, basis: 'alias' },
  );
  return [main, ...documented, ...aliases];
}

function checkColumn(draft: SetDraft, name: string, { entry, files, identifies }: ColumnContext): void {
  const type = edmType(entry);
  const encoding = entry.encoding ?? usualEncoding(type);
  const at = ['properties', name] as const;
  if (!encodingTypes[encoding].includes(type)) {
    const fitting = encodingTypes[encoding].map((legal) => legal.slice(4)).join(', ');
    draft.report([...at, 'encoding'], `The encoding ${encoding} gives no ${entry.type}.`, `Use it with ${fitting}.`);
    return;
  }
  const mode = draft.entry.write?.mode;
  if (entry.keepIfEmpty === true && (mode === 'restate' || mode === 'delete-insert')) {
    const message = `Rows that ${mode} replaces are gone, so nothing of them can be kept.`;
    draft.report([...at, 'keepIfEmpty'], message, 'Leave it out, or use the mode upsert or snapshot.');
  }
  const form = cellForm(entry, files, { encoding, identifies });
  for (const [key, text] of [
    ['example', entry.example],
    ['emptyAs', entry.emptyAs],
  ] as const) {
    if (text === undefined || (key === 'emptyAs' && text === '' && encoding === 'text')) {
      continue;
    }
    const read = readGiven(text, form, entry.joinedTo !== undefined);
    if (!isFault(read)) {
      continue;
    }
    if (read.code === 'AMBIGUOUS_DECIMAL' || read.code === 'SCIENTIFIC_NOTATION') {
      draft.report([...at, key], `${read.message}.`, 'Write another value, or say the decimalMark of the files.');
      continue;
    }
    const message = `"${text}" is no ${entry.type} in the encoding ${encoding}.`;
    draft.report([...at, key], message, 'Write it as it stands in a file.');
  }
  const joined = entry.joinedTo === undefined ? undefined : draft.entry.properties[entry.joinedTo];
  if (entry.joinedTo !== undefined && (encoding !== 'moment' || joined?.type !== 'Date')) {
    const message = `A value cannot be joined to ${entry.joinedTo}.`;
    draft.report([...at, 'joinedTo'], message, 'Name a property of type Date, and use the encoding moment.');
  }
}

/** Two headers that fold to the same text inside one export cannot be told apart. */
function checkHeaders(draft: SetDraft, columns: readonly ExportColumn[]): void {
  const taken = new Map<string, string>();
  for (const column of columns) {
    for (const header of column.headers) {
      const folded = foldHeader(header.text);
      const earlier = taken.get(folded);
      if (earlier !== undefined && earlier !== column.property) {
        const message = `The header "${header.text}" cannot be told from one of ${earlier}.`;
        draft.report(['properties', column.property], message, 'Give it to one of the two properties only.');
      }
      taken.set(folded, column.property);
    }
  }
}

function writeDisposition(draft: SetDraft): WriteDisposition {
  const write = draft.entry.write;
  if (write === undefined) {
    const remedy = 'Add write: { mode: upsert }, or another mode of docs/metadata.md.';
    draft.report(['write'], 'How rows meet the table is not said.', remedy);
    return { mode: 'upsert', winner: null };
  }
  for (const [key, names] of writeProperties(write)) {
    for (const name of names) {
      checkWriteProperty(draft, key, name);
    }
  }
  return { ...write, winner: write.winner ?? null };
}

function deletionMarker(draft: SetDraft): string | null {
  const marker = draft.entry.deletionMarker;
  if (marker === undefined) {
    return null;
  }
  if (draft.entry.properties[marker] === undefined) {
    draft.report(['deletionMarker'], `There is no property ${marker}.`, 'Name a property of this file.');
  } else if (draft.entry.key.includes(marker)) {
    const message = `${marker} is part of the key, which no row lacks.`;
    draft.report(['deletionMarker'], message, 'Name a property that is null in rows that are not deleted.');
  }
  return marker;
}

function writeProperties(
  write: NonNullable<SetDraft['entry']['write']>,
): readonly (readonly [string, readonly string[]])[] {
  const winner = typeof write.winner === 'string' ? [write.winner] : [];
  if (write.mode === 'restate') {
    return [
      ['winner', winner],
      ['period', write.period],
    ];
  }
  if (write.mode === 'delete-insert') {
    return [
      ['winner', winner],
      ['parent', write.parent],
    ];
  }
  return [['winner', winner]];
}

function checkWriteProperty(draft: SetDraft, key: string, name: string): void {
  if (draft.entry.properties[name] === undefined) {
    draft.report(['write', key], `There is no property ${name}.`, 'Name a property of this file.');
  } else if (key !== 'winner' && !draft.entry.key.includes(name)) {
    const message = `${name} is not part of the key, so rows could not be replaced by it safely.`;
    draft.report(['write', key], message, 'Add it to the key, or leave it out here.');
  }
}

function computedColumn(draft: SetDraft, name: string, entry: PropertyEntry): readonly ComputedColumn[] {
  const rule = entry.computed;
  if (rule === undefined) {
    return [];
  }
  const at = ['properties', name, 'computed'] as const;
  for (const used of usedBy(rule)) {
    const source = draft.entry.properties[used];
    if (source === undefined || source.computed !== undefined) {
      draft.report(at, `${used} is not a property with a column.`, 'Name properties that cells fill.');
    }
  }
  if (rule.kind === 'period' && draft.entry.period === undefined) {
    const message = 'This file does not say where the period comes from.';
    draft.report(at, message, 'Add period: with the pattern of the file name and its format.');
  }
  const legal = computedTypes[rule.kind];
  if (!legal.includes(entry.type)) {
    draft.report(
      [...at, 'kind'],
      `A value of kind ${rule.kind} is no ${entry.type}.`,
      `Use type ${legal.join(' or ')}.`,
    );
  }
  return [{ ...rule, property: name }];
}

const computedTypes = {
  sha256: ['String'],
  period: ['DateTimeOffset'],
  match: ['String', 'Int64', 'Int32'],
  instant: ['DateTimeOffset'],
  'ambiguous-time': ['Boolean'],
  'text-if-not-integer': ['String'],
} as const satisfies Record<ComputedColumn['kind'], readonly string[]> as Readonly<
  Record<ComputedColumn['kind'], readonly string[]>
>;

function usedBy(rule: NonNullable<PropertyEntry['computed']>): readonly string[] {
  switch (rule.kind) {
    case 'sha256':
      return rule.of;
    case 'period':
      return [];
    case 'match':
    case 'text-if-not-integer':
      return [rule.of];
    case 'instant':
    case 'ambiguous-time':
      return [rule.date, rule.time];
  }
}
