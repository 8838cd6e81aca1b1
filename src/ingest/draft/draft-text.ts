import type { DraftRule } from './file-rules.ts';
import type { ColumnProposal } from './propose-column.ts';

/** A source that is new with the draft. */
export interface NewSource {
  readonly name: string;
  readonly prefix: string;
}

/** Everything that the text of a drafted export says. */
export interface ExportDraft {
  /** Stated inside the file; null: it is in the folder of its source. */
  readonly source: NewSource | null;
  readonly set: string;
  readonly entity: string;
  readonly title: string;
  /** What it was made from: `1,000 rows of a.csv and 2 files more`. */
  readonly basis: string;
  readonly rules: readonly DraftRule[];
  readonly key: readonly string[];
  readonly keyEvidence: string;
  /** Properties of which the key is computed; null: it is made of columns. */
  readonly hashed: readonly string[] | null;
  readonly winner: string | null;
  readonly columns: readonly ColumnProposal[];
  /** Settings of the files that differ from those of the source, by name. */
  readonly fileDefaults: ReadonlyMap<string, unknown>;
  readonly notes: readonly string[];
}

export const hashName = 'RowKey';

/** The text of `source.yaml`. */
export function sourceText({ name, prefix }: NewSource, basis: string): string {
  return [
    '# yaml-language-server: $schema=../schema/source.json',
    `title: ${quoted(name)}`,
    `description: ${quoted(`Drafted from ${basis}, check.`)}`,
    'kind: files',
    `prefix: ${prefix}`,
    '# Times without an offset count in this zone (IANA name): say which one the system writes.',
    'files: { timeZone: UTC }',
    '',
  ].join('\n');
}

/** The text of the export's file, with what each guess stands on. */
export function exportText(draft: ExportDraft): string {
  const schema = draft.source === null ? '../schema/export.json' : 'schema/export.json';
  return [
    `# yaml-language-server: $schema=${schema}`,
    ...comment(`Drafted from ${draft.basis}. Each guess has its evidence above it; check the ones marked "guess".`),
    ...draft.notes.flatMap((note) => comment(note)),
    ...sourceLines(draft),
    `set: ${nameText(draft.set)}`,
    ...(draft.entity === draft.set ? [] : [`entity: ${nameText(draft.entity)}`]),
    `title: ${quoted(draft.title)}`,
    `description: ${quoted(`Drafted from ${draft.basis}, check.`)}`,
    'files:',
    ...draft.rules.flatMap(({ name, example }) => [
      `  - name: ${quoted(name)}`,
      ...(example.includes('{') ? [] : [`    example: ${quoted(example)}`]),
    ]),
    ...fileDefaultLines(draft.fileDefaults),
    ...comment(draft.keyEvidence),
    `key: [${draft.key.map(nameText).join(', ')}]`,
    ...comment(
      'guess: rows are added and updated; docs/metadata.md has the other modes (snapshot, restate, delete-insert)',
    ),
    `write: { mode: upsert${draft.winner === null ? '' : `, winner: ${nameText(draft.winner)}`} }`,
    'properties:',
    ...(draft.hashed === null ? [] : hashLines(draft.hashed)),
    ...draft.columns.flatMap((column) => propertyLines(column, draft.basis)),
    '',
  ].join('\n');
}

function sourceLines({ source, basis }: ExportDraft): readonly string[] {
  if (source === null) {
    return [];
  }
  const about = quoted(`Drafted from ${basis}, check.`);
  return [
    `source:`,
    `  name: ${source.name}`,
    `  title: ${quoted(source.name)}`,
    `  description: ${about}`,
    '  kind: files',
    `  prefix: ${source.prefix}`,
    ...comment('Times without an offset count in this zone (IANA name): say which one the system writes.', '  '),
    '  files: { timeZone: UTC }',
  ];
}

function fileDefaultLines(settings: ReadonlyMap<string, unknown>): readonly string[] {
  if (settings.size === 0) {
    return [];
  }
  return ['fileDefaults:', ...[...settings].map(([name, value]) => `  ${name}: ${valueText(value)}`)];
}

const valueText = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map((item) => quoted(String(item))).join(', ')}]` : quoted(String(value));

function hashLines(of: readonly string[]): readonly string[] {
  return [
    `  ${hashName}:`,
    '    type: String',
    `    computed: { kind: sha256, of: [${of.map(nameText).join(', ')}] }`,
    '    personalData: pseudonym # guess',
    '    description: "Made from all cells of the row, which has no key of its own."',
    `    example: ${quoted('0'.repeat(64))}`,
  ];
}

function propertyLines({ profile, ...column }: ColumnProposal, basis: string): readonly string[] {
  return [
    ...column.evidence.flatMap((line) => comment(line, '  ')),
    `  ${nameText(profile.property)}:`,
    `    type: ${column.type}`,
    ...(column.encoding === null ? [] : [`    encoding: ${column.encoding}`]),
    `    header: ${quoted(profile.header)}`,
    ...(column.references === null ? [] : [`    references: ${nameText(column.references)}`]),
    `    personalData: ${column.personalData} # guess`,
    `    description: ${quoted(`Drafted from ${basis}, check.`)}`,
    `    example: ${quoted(column.example)}`,
  ];
}

const longestComment = 300;

function comment(text: string, indent = ''): readonly string[] {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return [`${indent}# ${line.length > longestComment ? `${line.slice(0, longestComment)}…` : line}`];
}

/** Names that YAML, of this version or the one before, takes for something else than a text. */
const noText = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

export const nameText = (name: string): string => (noText.test(name) ? `"${name}"` : name);

/** A YAML text, double-quoted, in which nothing stands for a value of the environment. */
export function quoted(text: string): string {
  // A default that is no variable's: what follows is no name any more.
  const dollar = ['$', '{DOLLAR:-$}{'].join('');
  return JSON.stringify(text.replace(/\$\{(?=[A-Z])/g, () => dollar)).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
