import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { fileNameFault } from '../delivery/file-name.ts';
import { isLeftAlone, markNames } from '../delivery/source-folders.ts';
import { joinRemote, type RemoteConnection, type RemoteEntry } from './remote-server.ts';

/** What lies on a server, sorted by what it is to us. */
export interface ListedFiles {
  /** What may be fetched, once it is complete. */
  readonly files: readonly RemoteFileEntry[];
  /** Unfinished uploads, by their names. */
  readonly unfinished: readonly RemoteFileEntry[];
  /** Paths of marks that say that a file is complete, in lower case. */
  readonly marks: ReadonlySet<string>;
  /** What is never taken as it is, and why. */
  readonly passedOver: readonly { readonly path: string; readonly message: string }[];
  /** Folders that could not be listed: what is below them may still be there. */
  readonly unread: readonly string[];
  /** What the server said of files that it left out; null: it listed all. */
  readonly cut: string | null;
}

export interface RemoteFileEntry extends RemoteEntry {
  /** Path below the directory of the delivery. */
  readonly path: string;
}

/** Directories in each other that are looked into. */
const deepest = 16;

/** Looks at the directory of a delivery, and those below it where it says so. Throws DirectoryUnreadable, and what the connection throws. */
export async function listFiles(
  connection: RemoteConnection,
  settings: DeliverySettings,
  catalogue: Catalogue,
): Promise<ListedFiles> {
  const found = {
    files: [] as RemoteFileEntry[],
    unfinished: [] as RemoteFileEntry[],
    marks: new Set<string>(),
    passedOver: [] as { path: string; message: string }[],
    unread: [] as string[],
    cut: null as string | null,
  };
  const isWanted = wantedBy(settings);
  const mark = catalogue.sources.get(settings.source)?.delivery?.completeMark ?? null;
  const visit = async (below: string, depth: number): Promise<void> => {
    const { entries, cut } = await connection.list(joinedBelow(settings.directory, below));
    found.cut ??= cut;
    const closed: string[] = [];
    for (const entry of entries) {
      const path = joinRemote(below, entry.name);
      const pass = (message: string): void =>
        void found.passedOver.push({ path: shown(path), message: `${shown(path)} is not fetched: ${message}` });
      if (entry.name.startsWith('.')) {
        continue;
      }
      const fault = nameFault(entry.name);
      if (fault !== null) {
        pass(fault);
      } else if (entry.kind === 'directory') {
        if (joinedBelow(settings.directory, path) === settings.archiveDirectory) {
          // What lies there was taken in.
        } else if (settings.recursive && depth < deepest) {
          await visit(path, depth + 1).catch((error: unknown) => {
            if (!(error instanceof GatewayError) || error.code !== 'DirectoryUnreadable') {
              throw error;
            }
            found.unread.push(path);
            pass(error.message);
          });
        } else {
          closed.push(shown(entry.name));
        }
      } else if (mark !== null && entry.name.toLowerCase().endsWith(mark.toLowerCase())) {
        found.marks.add(path.toLowerCase());
      } else if (isLeftAlone(entry.name, catalogue)) {
        found.unfinished.push({ ...entry, path });
      } else if (!isWanted(entry.name)) {
        // Somebody else's.
      } else if (entry.kind === 'file') {
        found.files.push({ ...entry, path });
      } else {
        pass(`it is ${entry.kind === 'link' ? 'a link' : 'no ordinary file'}: put the file itself there`);
      }
    }
    if (closed.length > 0) {
      const message = notLookedInto(joinedBelow(settings.directory, below), closed, settings.recursive);
      found.passedOver.push({ path: shown(below), message });
    }
  };
  await visit('.', 0);
  return found;
}

/** One line for all, the same for as long as the first ones are: where there is one for each day, each day would be told. */
function notLookedInto(directory: string, names: readonly string[], recursive: boolean): string {
  const first = [...names].sort().slice(0, 3).join(', ') + (names.length > 3 ? ', ...' : '');
  const why = recursive ? `more than ${deepest} directories deep` : 'as the delivery does not say "recursive: true"';
  return `Directories in ${shown(directory)} are not looked into, ${why}: ${first}`;
}

/** Whether its mark lies beside a file. */
export const isMarked = (path: string, mark: string, { marks }: Pick<ListedFiles, 'marks'>): boolean =>
  markNames(path, mark).some((name) => marks.has(name.toLowerCase()));

export const joinedBelow = (directory: string, below: string): string =>
  below === '.' ? directory : joinRemote(directory, below);

function wantedBy({ patterns }: DeliverySettings): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'iu'));
  return (name) => expressions.length === 0 || expressions.some((expression) => expression.test(name));
}

/** Why a name cannot be taken: it is none of one file, or not what the server has; null: it can. */
function nameFault(name: string): string | null {
  // What decoding leaves of bytes that are no UTF-8: the server would not know the name.
  const fault = name.includes('\ufffd') ? 'is no UTF-8' : fileNameFault(name);
  if (fault !== null) {
    return `its name ${fault}: rename it`;
  }
  // Servers and lines of a listing lose them.
  return name === name.trim() ? null : 'its name begins or ends with a blank: rename it';
}

/** A path for people: what could not be seen, or would be a line of its own, is spelled out. */
const shown = (path: string): string =>
  [...path]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const hidden = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
      return hidden || /\p{Surrogate}/u.test(character) ? `\\u${code.toString(16).padStart(4, '0')}` : character;
    })
    .join('');
