import { boundedMatches } from '../../catalogue/bounded-matches.ts';
import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { buildCatalogue } from '../../catalogue/compile/build-catalogue.ts';
import type { Environment } from '../../catalogue/compile/documents/expand-environment.ts';
import { faultText } from '../../catalogue/compile/documents/fault.ts';
import type { MetadataFile } from '../../catalogue/compile/documents/parse-document.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import { timeOfName } from '../../catalogue/name-time.ts';
import { GatewayError } from '../../errors.ts';
import { examineFile } from '../csv/file-facts.ts';
import { chooseKey } from './choose-key.ts';
import { type ExportDraft, exportText, hashName, type NewSource, nameText, quoted, sourceText } from './draft-text.ts';
import { knownKeys, settleEvidence } from './file-evidence.ts';
import { fileRules, moving } from './file-rules.ts';
import { nameOf, propertyNames, singular, wordsOf } from './names.ts';
import { asText, type ColumnProposal, count, proposeColumn } from './propose-column.ts';
import { columnsOf, type FilesRead, readFiles, type TextFiles } from './read-files.ts';
import { type ScannedHeader, scanHeader } from './scan-header.ts';
import { type TrialResult, tryDraft } from './try-draft.ts';
import { withUnpacked } from './unpack.ts';

export interface DraftOrder {
  readonly paths: readonly string[];
  /** Name of the source; one that the metadata does not know comes with its own description. */
  readonly source: string;
  /** Name of the entity set without prefix; null: made from the first file's name. */
  readonly name: string | null;
  /** The metadata that is there. */
  readonly metadata: readonly MetadataFile[];
  readonly environment: Environment;
  /** Whether a new source stands in the export's file instead of in one of its own. */
  readonly inline: boolean;
}

/** Files to be put into the metadata folder, which pass `gateway check` beside what is there. */
export interface Draft {
  readonly documents: readonly MetadataFile[];
  /** What somebody should know besides, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Proposes the metadata of a new export from its files: all rows are read, what is proposed is built with the metadata that is there
 * and tried on the very files as a load would read them, and what a cell contradicts becomes text. Throws DraftRefused, MetadataInvalid,
 * and what a load refuses a file for (FileEmpty, FileNotCsv, HeaderDuplicate ...).
 */
export async function draftExport(order: DraftOrder): Promise<Draft> {
  const there = builtOf(order.metadata, order.environment);
  return withUnpacked(order.paths, there, (paths) => draftFrom({ ...order, paths }, there));
}

async function draftFrom(order: DraftOrder, there: Catalogue): Promise<Draft> {
  const source = sourceOf(order, there);
  const set = setName(order, source, there);
  const files = await scanFiles(order, source.blank);
  const text = textFiles(order, { source, set, files });
  const read = await readFiles(text);
  const evidence = settleEvidence(read.profiles);
  const known = knownKeys(there, order.source);
  let columns: readonly ColumnProposal[] = read.profiles.map((profile) =>
    proposeColumn(profile, evidence, known.get(foldHeader(profile.header)) ?? null),
  );
  /** Columns of which some cell cannot stand in a key. */
  const unfit = new Set<string>();
  let notes = notesOf(read, files, null);
  for (;;) {
    const key = await chooseKey(read, columns, { files: text, unfit });
    const draft = exportDraft({ order, source, set, files, read, columns, key, notes });
    const documents = documentsOf(draft, order, source.added);
    const trial = await tryDraft([...order.metadata, ...documents], {
      ...{ environment: order.environment, source: order.source, name: fileBase(set), files },
      file: documents.at(-1)?.file ?? '',
    });
    const { wrong } = trial;
    const next = columns.map((column) => demoted(column, wrong.get(column.profile.property)));
    const keyed = [...key.key, ...(key.hashed ?? [])].filter(
      (property) =>
        wrong.has(property) && next.some((one, place) => one === columns[place] && one.profile.property === property),
    );
    keyed.forEach((property) => void unfit.add(property));
    const told = notesOf(read, files, trial);
    if (
      keyed.length === 0 &&
      next.every((column, place) => column === columns[place]) &&
      told.join('\n') === notes.join('\n')
    ) {
      return { documents, notes };
    }
    columns = next;
    notes = told;
  }
}

/** A reference goes first, then the type. */
function demoted(column: ColumnProposal, why: string | undefined): ColumnProposal {
  if (why === undefined || (column.type === 'String' && column.references === null)) {
    return column;
  }
  return asText(column, why);
}

interface DraftSource {
  readonly blank: Export;
  readonly prefix: string;
  /** null: the metadata has it. */
  readonly added: NewSource | null;
}

function builtOf(metadata: readonly MetadataFile[], environment: Environment): Catalogue {
  const { catalogue, faults } = buildCatalogue(metadata, environment, boundedMatches);
  if (catalogue === null) {
    const list = faults.map((fault) => `  ${faultText(fault)}`).join('\n');
    throw new GatewayError('MetadataInvalid', `The metadata that is there has faults:\n${list}`);
  }
  return catalogue;
}

function sourceOf(order: DraftOrder, there: Catalogue): DraftSource {
  const { source } = order;
  const known = there.sources.get(source);
  if (known === undefined) {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(source)) {
      throw refused(`"${source}" cannot name a source: use lower-case letters, digits and hyphens`);
    }
    const added = { name: source, prefix: (nameOf(source) ?? 'Source').slice(0, 30) };
    return { added, prefix: added.prefix, blank: blankExport(order, added) };
  }
  if (known.kind !== 'files') {
    throw refused(`${source} is a proxied feed, whose sets come from its own $metadata`);
  }
  if (!order.metadata.some(({ file }) => new RegExp(`^${source}/source\\.ya?ml$`).test(file))) {
    throw refused(`the source ${source} is stated inside another file: put it into ${source}/source.yaml first`);
  }
  return { added: null, prefix: known.prefix, blank: blankExport(order, null) };
}

const blankName = 'zz-draft';

/** An export of the source without columns: what its files are like. */
function blankExport({ source, metadata, environment }: DraftOrder, added: NewSource | null): Export {
  const sources = added === null ? metadata : [{ file: `${source}/source.yaml`, text: sourceText(added, 'files') }];
  const text = textExport('ZzDraft', [{ header: 'A', property: 'A' }], 'A');
  const { catalogue, faults } = buildCatalogue(
    [...sources, { file: `${source}/${blankName}.yaml`, text }],
    environment,
    boundedMatches,
  );
  const target = catalogue?.exports.find((one) => one.source === source && one.name === blankName);
  if (target === undefined) {
    throw new GatewayError('Internal', `A draft cannot be made: ${faults.map(faultText).join('; ')}`);
  }
  return { ...target, columns: [], key: [] };
}

function setName(order: DraftOrder, { prefix }: DraftSource, there: Catalogue): string {
  const base = (order.paths[0] ?? '')
    .replace(/^.*[/\\]/, '')
    .replace(/(?:\.[A-Za-z]{1,5})+$/, '')
    .replace(moving, ' ');
  const words = wordsOf(base).filter((word) => !/^\d+$|^[0-9a-f]{8,}$/i.test(word) && nameOf(word) !== prefix);
  const name = order.name ?? nameOf(words.join(' ')) ?? 'Rows';
  if (!/^[A-Za-z][A-Za-z0-9]{0,49}$/.test(name)) {
    throw refused(`"${name}" cannot name an entity set: use a letter, then up to 49 letters and digits (--name)`);
  }
  if (there.model.entitySets.has(prefix + name)) {
    throw refused(`there is an entity set ${prefix}${name} already: give the new one another name (--name)`);
  }
  return name;
}

/** Base name of the export's file, which is the export's name. */
const fileBase = (set: string): string =>
  wordsOf(set)
    .map((word) => word.toLowerCase())
    .join('-');

async function scanFiles({ paths }: DraftOrder, blank: Export): Promise<readonly ScannedHeader[]> {
  const files: ScannedHeader[] = [];
  for (const path of paths) {
    const scanned = await scanHeader(await examineFile(path), blank);
    if (scanned.headers.length === 0) {
      const message = `${scanned.facts.name} is empty: there is no header to draft from`;
      throw new GatewayError('FileEmpty', message, { target: path });
    }
    files.push(scanned);
  }
  return files;
}

interface Parts {
  readonly source: DraftSource;
  readonly set: string;
  readonly files: readonly ScannedHeader[];
}

/** The export with all columns as texts, under which the files are read the first time. */
function textFiles(order: DraftOrder, { source, set, files }: Parts): TextFiles {
  const columns = columnsOf(files);
  const names = propertyNames([...columns.values()], [hashName, source.prefix + singular(set), source.prefix + set]);
  const pairs = [...columns.values()].map((header, place) => ({ header, property: names[place] ?? '' }));
  const folded = files.map(({ headers }) => new Set(headers.map(foldHeader)));
  const inAll = [...columns.keys()].map((name) => folded.every((one) => one.has(name)));
  const key = pairs[inAll.indexOf(true)];
  if (key === undefined) {
    throw refused('the files have no column in common: draft an export from each');
  }
  const sources =
    source.added === null
      ? order.metadata
      : [{ file: `${order.source}/source.yaml`, text: sourceText(source.added, 'files') }];
  const delimiters = [...new Set([...files.map(({ delimiter }) => delimiter), ...source.blank.files.delimiters])];
  const text = textExport('ZzDraft', pairs, key.property, delimiters);
  const { catalogue, faults } = buildCatalogue(
    [...sources, { file: `${order.source}/${blankName}.yaml`, text }],
    order.environment,
    boundedMatches,
  );
  const target = catalogue?.exports.find((one) => one.source === order.source && one.name === blankName);
  if (catalogue === null || target === undefined) {
    throw new GatewayError('Internal', `A draft cannot be made: ${faults.map(faultText).join('; ')}`);
  }
  return { catalogue, target, files, columns: pairs };
}

function textExport(
  set: string,
  columns: readonly { readonly header: string; readonly property: string }[],
  key: string,
  delimiters: readonly string[] = [],
): string {
  const settings =
    delimiters.length === 0 ? [] : [`fileDefaults: { delimiters: [${delimiters.map(quoted).join(', ')}] }`];
  return [
    `set: ${set}`,
    'title: draft',
    'description: draft',
    ...settings,
    `key: [${nameText(key)}]`,
    'write: { mode: upsert }',
    'properties:',
    ...columns.map(
      ({ header, property }) =>
        `  ${nameText(property)}: { type: String, header: ${quoted(header)}, personalData: none, description: d, example: e }`,
    ),
    '',
  ].join('\n');
}

interface WholeDraft extends Parts {
  readonly order: DraftOrder;
  readonly read: FilesRead;
  readonly columns: readonly ColumnProposal[];
  readonly key: Awaited<ReturnType<typeof chooseKey>>;
  readonly notes: readonly string[];
}

function exportDraft({ order, source, set, files, read, columns, key, notes }: WholeDraft): ExportDraft {
  const names = files.map(({ facts }) => facts.name);
  const others = names.length === 1 ? '' : ` and ${names.length - 1} more`;
  const winner = columns.find(
    ({ type, profile }) =>
      type === 'DateTimeOffset' &&
      read.rows > 0 &&
      profile.values === read.rows &&
      /updat|modif|chang|gewijzigd/i.test(profile.header),
  );
  return {
    source: order.inline ? source.added : null,
    set,
    entity: singular(set),
    title: wordsOf(set).join(' '),
    basis: `${count(read.rows)} rows of ${names[0] ?? ''}${others}`,
    rules: fileRules(names),
    ...key,
    winner: winner?.profile.property ?? null,
    columns,
    fileDefaults: settingsOf(columns, { source, files, read }),
    notes,
  };
}

/** What the export's files need beside the settings of their source. */
function settingsOf(
  columns: readonly ColumnProposal[],
  { source, files, read }: Pick<WholeDraft, 'source' | 'files' | 'read'>,
): ReadonlyMap<string, unknown> {
  const { files: usual } = source.blank;
  const settings = new Map<string, unknown>();
  const delimiters = [...new Set(files.map(({ delimiter }) => delimiter))];
  if (delimiters.some((delimiter) => !usual.delimiters.includes(delimiter))) {
    settings.set('delimiters', [...new Set([...delimiters, ...usual.delimiters])]);
  }
  const typed = columns.filter(({ type }) => type !== 'String');
  const words = [...new Set(typed.flatMap(({ profile }) => [...profile.nullWords.keys()]))];
  if (words.length > 0) {
    settings.set('nullTokens', [...new Set([...usual.nullTokens, ...words])]);
  }
  const { dayFirst, decimalMark } = settleEvidence(read.profiles);
  const shapes = typed
    .filter(({ type, profile }) => ['Date', 'DateTimeOffset'].includes(type) && profile.readings.has('shaped'))
    .flatMap(({ profile }) => [...profile.shapes.values()]);
  const patterns = shapes.map((shape) => (dayFirst === false ? shape.monthFirst : shape.dayFirst));
  if (patterns.length > 0) {
    settings.set('dateTimePatterns', [...new Set([...usual.dateTimePatterns, ...patterns])]);
  }
  const unclear = typed.some(({ type, profile }) => type === 'Decimal' && profile.ambiguous > 0);
  if (unclear && decimalMark !== null && usual.decimalMark === undefined) {
    settings.set('decimalMark', decimalMark);
  }
  return settings;
}

function documentsOf(draft: ExportDraft, order: DraftOrder, added: NewSource | null): readonly MetadataFile[] {
  const base = fileBase(draft.set);
  const inlined = added !== null && order.inline;
  const file = inlined ? `${order.source}-${base}.yaml` : `${order.source}/${base}.yaml`;
  if (order.metadata.some((one) => one.file === file)) {
    throw refused(`there is a file ${file} already: give the set another name (--name)`);
  }
  const own = { file, text: exportText(draft) };
  return added === null || inlined
    ? [own]
    : [{ file: `${order.source}/source.yaml`, text: sourceText(added, draft.basis) }, own];
}

/** `trial`: how a load reads the files; null: nobody tried. */
function notesOf(
  { broken, rows }: FilesRead,
  files: readonly ScannedHeader[],
  trial: TrialResult | null,
): readonly string[] {
  const codes = [...(trial?.broken ?? broken)].map(([code, times]) => `${count(times)} ${code}`).join(', ');
  const odd = files.flatMap(({ facts }) => {
    const { bom, wide, whole } = facts.evidence;
    return bom === null && wide === null && !whole
      ? [`${facts.name} is no UTF-8: read as the code page of the source`]
      : [];
  });
  const stamped = files.filter(({ facts }) => timeOfName(facts.name, 'UTC') !== null).length;
  return [
    ...(rows === 0 ? ['There is no row: every type is a guess from nothing.'] : []),
    ...(codes === '' ? [] : [`Rows that cannot be cut into columns, and will be rejected: ${codes}.`]),
    ...(trial?.refused ?? []).map((name) => `${name} will be refused as a whole because of these (TooManyRejects).`),
    ...odd,
    stamped === files.length
      ? 'The time that a file speaks of is read from its name.'
      : 'Names without a time: of two files the one that was modified later counts as the newer.',
  ];
}

const refused = (why: string): GatewayError => new GatewayError('DraftRefused', `No draft is made: ${why}.`);
