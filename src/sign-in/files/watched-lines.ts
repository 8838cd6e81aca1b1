import { readFileSync, statSync } from 'node:fs';
import type { SignInEvent } from '../../observation/events/sign-in.ts';
import { type Observe, unobserved } from '../../observation/observe.ts';

/** The setting that names a file of credentials, and where it is told what becomes of a changed file. */
export interface CredentialWatch {
  readonly setting: string;
  readonly observe: Observe<SignInEvent>;
}

export const unwatched: CredentialWatch = { setting: '', observe: unobserved };

/** The good lines of a file, and one sentence for each fault, with file and line. */
export interface ReadLines<Line> {
  readonly lines: readonly Line[];
  readonly faults: readonly string[];
}

/** The lines of a file as they are now, and a text that changes when they do. */
export interface WatchedLines<Line> {
  now(): { readonly lines: readonly Line[]; readonly version: string };
}

/**
 * A file that is read again when it changes, so that a credential can be withdrawn. One that cannot be read, or has a faulty line, changes nothing:
 * the last good list stays. Throws an Error with all faults when there is no good list to begin with.
 */
export function watchedLines<Line>(
  file: string,
  read: (file: string) => ReadLines<Line>,
  { setting, observe }: CredentialWatch,
): WatchedLines<Line> {
  let seen = '';
  let fault: string | null = null;
  let version = 0;
  const first = read(file);
  if (first.faults.length > 0) {
    throw new Error(first.faults.join('\n'));
  }
  let { lines } = first;
  seen = stampOf(file);
  const refresh = (): void => {
    const stamp = stampOf(file);
    if (stamp === seen) {
      return;
    }
    seen = stamp;
    const again = read(file);
    const faulty = again.faults.length === 0 ? null : again.faults.join('; ');
    if (faulty !== fault) {
      observe({ event: 'credentials', setting, fault: faulty });
    }
    fault = faulty;
    if (faulty === null) {
      lines = again.lines;
      version += 1;
    }
  };
  return {
    now: () => {
      refresh();
      return { lines, version: String(version) };
    },
  };
}

/** Differs whenever the file was written to or replaced, also within one tick of its clock and by as many bytes. */
function stampOf(file: string): string {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(file, { bigint: true });
    return [mtimeNs, ctimeNs, size, ino].join(':');
  } catch (error) {
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Reads lines, `#` starts a comment; `parse` gives null for one that is no good, of which `must` says what it must be. Never shows what stands in a line.
 */
export function readLines<Line>(file: string, must: string, parse: (line: string) => Line | null): ReadLines<Line> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return { lines: [], faults: [`${file} cannot be read: ${reasonOf(error)}`] };
  }
  const lines: Line[] = [];
  const faults: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    const parsed = parse(line);
    if (parsed === null) {
      faults.push(`${file}, line ${index + 1}: must be ${must}`);
    } else {
      lines.push(parsed);
    }
  }
  return { lines, faults };
}
