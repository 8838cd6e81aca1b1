import type { Export } from '../../catalogue/catalogue.ts';
import { shownCell } from '../../catalogue/cells/cell.ts';
import { keepsAll } from '../../catalogue/personal-data.ts';
import { GatewayError } from '../../errors.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import { rejectCodes } from '../csv/reject-codes.ts';
import type { HeaderReading } from './read-header.ts';

/** An export as what a file might be. */
export interface Candidate extends HeaderReading {
  readonly export: Export;
  /** A file rule of it takes the file's path. */
  readonly ruled: boolean;
}

/** More than one export fits: says which, and what to type for each. */
export function ambiguous(candidates: readonly Candidate[], facts: FileFacts): GatewayError {
  const exports = candidates.map((one) => one.export);
  const sources = [...new Set(exports.map(({ source }) => source))];
  const oneEach = sources.length === exports.length;
  const names = oneEach
    ? sources.map((source) => `--source ${source}`)
    : exports.map(({ source, name }) => `--source ${source} --export ${name}`);
  const [first = '', ...others] = names;
  const folders = oneEach ? `put it into the folder ${sources.join(' or ')} of the drop folder, or type` : 'type';
  const fits = `fits more than one export: ${candidates.map(describe).join('; ')}`;
  const command = `${commandFor(first, facts)} (or ${others.join(', or ')})`;
  return new GatewayError('FileAmbiguous', `${facts.name} ${fits}. Say which it is: ${folders}: ${command}`, {
    target: facts.path,
  });
}

/** The first line with text cannot be cut into names. */
export function unreadableHeader({ fault, layout }: HeaderReading, facts: FileFacts): GatewayError {
  const why =
    fault === null || fault === 'RECORD_TOO_LARGE'
      ? 'no line of names ends within its first 256 KiB'
      : `line ${layout.startLine}: ${fault}: ${rejectCodes[fault]}`;
  return new GatewayError('HeaderUnreadable', `${facts.name} has no header that can be read: ${why}`, {
    target: facts.path,
  });
}

export function missingHeaders(one: { readonly export: Export } & HeaderReading, facts: FileFacts): GatewayError {
  const list = one.match.missingRequired.map((header) => `"${header}"`).join(', ');
  return new GatewayError(
    'HeaderMissing',
    `${facts.name} is taken for ${one.export.source}/${one.export.name} but lacks ${list}`,
    { target: facts.path },
  );
}

/** No export fits: says that the file is empty, or which exports are nearest. */
export function unknownFile(candidates: readonly Candidate[], facts: FileFacts): GatewayError {
  if (candidates.every((one) => one.match.cells.length === 0)) {
    return emptyFile(facts);
  }
  return new GatewayError('FileUnknown', `${facts.name} is no known export: ${nearestTo(candidates)}`, {
    target: facts.path,
  });
}

function emptyFile(facts: FileFacts): GatewayError {
  const command = commandFor('--source SOURCE --export EXPORT', facts);
  return new GatewayError(
    'FileEmpty',
    `${facts.name} is empty, it has not even a header, and its name is that of no export. If it stands for an export without rows, type: ${command}`,
    { target: facts.path },
  );
}

function nearestTo(candidates: readonly Candidate[]): string {
  const known = candidates.filter((one) => one.match.matched > 0).sort((a, b) => likeness(b) - likeness(a));
  const [first] = [...known].sort((a, b) => b.match.matched - a.match.matched);
  if (first === undefined) {
    return `no export knows any of its headers; ${firstLine(candidates)}`;
  }
  const near = known.filter(isNear).slice(0, 3);
  return near.length === 0
    ? `no export is near it; the most of its headers are known to ${describe(first)}`
    : `the nearest exports are ${near.map(describe).join('; ')}`;
}

/** Half of the file's headers, or of the export's: fewer may be names that any table has, such as an id and a date. */
const isNear = ({ match, export: { columns } }: Candidate): boolean =>
  2 * match.matched >= Math.min(match.matched + match.unknown.length, columns.length);

/**
 * What the file says instead of a header: a title above it, or a message instead of the export. Several cells may be a row of a file without a
 * header, and are not quoted where an export that the file may be one of does not keep personal data.
 */
function firstLine(candidates: readonly Candidate[]): string {
  const texts = candidates.map(({ match, layout }) => match.cells.map(({ text }) => text).join(layout.delimiter));
  const text = texts.find((one) => one !== '') ?? '';
  const cells = Math.max(...candidates.map(({ match }) => match.cells.length));
  if (cells > 1 && candidates.some((one) => !keepsAll(one.export.personal))) {
    return `its first line, of ${cells} cells, is not shown: it may be a row with personal data, of a file without its header`;
  }
  return `its first line is ${shownCell(text.replace(/[\s␀]+/g, ' '))}`;
}

const likeness = (one: Candidate): number => one.match.matched / (one.export.columns.length + one.match.unknown.length);

function commandFor(names: string, { name }: FileFacts): string {
  return `gateway ingest ${names} ${/^[\w.-]+$/.test(name) ? name : `"${name}"`}`;
}

function describe(one: Candidate): string {
  const { match } = one;
  const list = (word: string, headers: readonly string[]): string =>
    headers.length === 0
      ? ''
      : `, ${word} ${headers
          .slice(0, 8)
          .map((header) => `"${header}"`)
          .join(' ')}${headers.length > 8 ? ` and ${headers.length - 8} more` : ''}`;
  return `${one.export.source}/${one.export.name} (${match.matched} of ${one.export.columns.length} columns${list('missing', match.missing)}${list('unknown', match.unknown)})`;
}
