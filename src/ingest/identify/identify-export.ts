import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import { type HeaderReading, readHeader } from './read-header.ts';
import { ambiguous, type Candidate, missingHeaders, unknownFile, unreadableHeader } from './refusals.ts';
import { folded } from './source-named.ts';

export interface IdentifyOptions {
  /** Names given by the operator; they are obeyed, and the header must still fit. */
  readonly source?: string;
  readonly export?: string;
  /** Folders between the drop folder and the file, `/` as separator; empty at its root. */
  readonly directory?: string;
}

export interface Identification extends HeaderReading {
  readonly export: Export;
  /** What settled it: the operator, the file rules, or the header alone. */
  readonly by: 'operator' | 'rule' | 'header';
}

/**
 * Which export a file is: the operator's word, else file rules together with the header, else the header alone. A tie
 * or a file nobody knows is refused (FileAmbiguous, FileUnknown, FileEmpty,
 * HeaderMissing, HeaderDuplicate, HeaderUnreadable, ExportUnknown) with the
 * nearest candidates, never guessed.
 */
export function identifyExport(
  catalogue: Catalogue,
  file: { readonly facts: FileFacts; readonly head: Buffer },
  options: IdentifyOptions = {},
): Identification {
  const path = [options.directory ?? '', file.facts.name].filter((part) => part !== '').join('/');
  const candidates = exportsNamed(catalogue, options).map((target) => ({
    export: target,
    ruled: matchesRule(target, path),
    ...readHeader(target, file.head, file.facts),
  }));
  const [first] = candidates;
  if (first !== undefined && candidates.every((one) => one.fault !== null)) {
    throw unreadableHeader(first, file.facts);
  }
  const chosen = choose(candidates, options, file.facts);
  const { match } = chosen;
  if (match.cells.length === 0) {
    return chosen;
  }
  if (match.missingRequired.length > 0) {
    throw missingHeaders(chosen, file.facts);
  }
  if (match.duplicates.length > 0) {
    const names = match.duplicates.map((name) => `"${name}"`).join(', ');
    throw new GatewayError('HeaderDuplicate', `${file.facts.name} has these columns twice: ${names}`, {
      target: file.facts.path,
    });
  }
  return chosen;
}

/** The exports an operator's options leave. Throws ExportUnknown. */
function exportsNamed(catalogue: Catalogue, options: IdentifyOptions): readonly Export[] {
  const { source, export: name } = options;
  if (source !== undefined && catalogue.sources.get(source)?.kind !== 'files') {
    const known = [...catalogue.sources.values()].filter((one) => one.kind === 'files').map((one) => one.name);
    throw new GatewayError('ExportUnknown', `There is no source ${source} with files; known: ${known.join(', ')}`);
  }
  const left = catalogue.exports.filter(
    (one) =>
      (source === undefined || one.source === source) && (name === undefined || names(one).has(name.toLowerCase())),
  );
  if (left.length > 0) {
    return left;
  }
  const of = catalogue.exports.filter((one) => source === undefined || one.source === source);
  throw new GatewayError(
    'ExportUnknown',
    `There is no export ${name ?? ''}; known: ${of.map((one) => one.name).join(', ')}`,
  );
}

const names = (target: Export): ReadonlySet<string> =>
  new Set([target.name, target.set, `${target.source}/${target.name}`].map((name) => name.toLowerCase()));

/** Every pattern a rule gives must match: `directory` the folders, `name` the file name. */
export function matchesRule(target: Export, path: string): boolean {
  const slash = path.lastIndexOf('/');
  const folders = foldersOf(target, slash === -1 ? '' : path.slice(0, slash));
  return target.fileRules.some(
    ({ directory, name }) =>
      (directory !== null || name !== null) &&
      (directory === null || folders.some((folder) => new RegExp(directory, 'i').test(folder))) &&
      (name === null || new RegExp(name, 'i').test(path.slice(slash + 1))),
  );
}

/** The folders as they are, and below one that is named like the source: as on the vendor's server. */
function foldersOf({ source }: Export, directory: string): readonly string[] {
  const parts = directory.split('/');
  const below = parts.flatMap((part, at) => (folded(part) === folded(source) ? [parts.slice(at + 1).join('/')] : []));
  return [directory, ...below];
}

function choose(candidates: readonly Candidate[], options: IdentifyOptions, facts: FileFacts): Identification {
  const [only] = candidates;
  if (options.export !== undefined && candidates.length === 1 && only !== undefined) {
    return { ...only, by: 'operator' };
  }
  const nameOnly = candidates.filter((one) => one.ruled && one.match.cells.length === 0);
  if (nameOnly.length === 1 && nameOnly[0] !== undefined) {
    return { ...nameOnly[0], by: 'rule' };
  }
  const fitting = candidates.filter(fits);
  const ruled = fitting.filter((one) => one.ruled);
  const byRule = best(ruled);
  if (byRule !== null) {
    // A header that is exactly another export's, of any source, contradicts the name: loading either would be a guess.
    const others = isExact(byRule) ? [] : fitting.filter(isExact);
    if (others.length === 0) {
      return { ...byRule, by: 'rule' };
    }
    throw ambiguous([byRule, ...others], facts);
  }
  if (ruled.length > 1) {
    throw ambiguous(ruled, facts);
  }
  const near = fitting.filter(resembles);
  const byHeader = best(near);
  if (byHeader !== null) {
    return { ...byHeader, by: 'header' };
  }
  if (near.length > 1) {
    throw ambiguous(near, facts);
  }
  const named = candidates.filter((one) => one.ruled && one.match.missingRequired.length > 0);
  if (named.length === 1 && named[0] !== undefined) {
    throw missingHeaders(named[0], facts);
  }
  throw unknownFile(candidates, facts);
}

const fits = (one: Candidate): boolean => one.match.missingRequired.length === 0 && one.match.matched > 0;
const isComplete = (one: Candidate): boolean => one.match.missing.length === 0;
const isExact = (one: Candidate): boolean => isComplete(one) && one.match.unknown.length === 0;

/** Enough of the export to be recognised by the header alone: four of five of its columns, half of the file's. */
const resembles = (one: Candidate): boolean =>
  one.match.matched >= 0.8 * one.export.columns.length && one.match.matched >= 0.5 * one.match.cells.length;

/**
 * The only candidate, or the one that explains more headers than all others while missing none of its own columns; an
 * export whose headers are a subset of another's is therefore told apart only by an exact header. null: none, or a tie.
 */
function best(candidates: readonly Candidate[]): Candidate | null {
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined) {
    return only;
  }
  const most = Math.max(...candidates.map((one) => one.match.matched));
  const top = candidates.filter((one) => one.match.matched === most);
  const complete = top.filter(isComplete);
  if (complete.length === 1) {
    return complete[0] ?? null;
  }
  return null;
}
