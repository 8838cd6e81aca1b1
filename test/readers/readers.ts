import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildProgram,
  builtFolder,
  type DotNetProgram,
  dotnet,
  hasDotNet,
  isRestored,
  restoreProgram,
} from '../support/dot-net.ts';

/** Versions of Microsoft.OData.Core on NuGet that run on this .NET; the two that the Power Query engine ships are built by hand. */
export const pinned: readonly string[] = ['7.7.2', '7.20.0', '8.4.4'];

/** Packages and built programs, outside of what the repository holds. */
const restored = path.join(import.meta.dirname, '.restored');
const program = path.join(import.meta.dirname, 'program');

/** One reply for the program; see `program/Reply.cs`. `file` and `full` stand in the folder that it is given. */
export interface Reply {
  readonly url: string;
  readonly kind:
    | 'metadata'
    | 'service'
    | 'set'
    | 'entity'
    | 'delta'
    | 'property'
    | 'value'
    | 'reference'
    | 'references'
    | 'batch'
    | 'error';
  readonly contentType: string;
  readonly file: string;
  readonly set?: string;
  readonly property?: string;
  readonly full?: string;
}

/** What reading it gave; see `program/Reply.cs`. */
export interface Outcome {
  readonly url: string;
  readonly kind: Reply['kind'];
  readonly rows: number;
  readonly values: number;
  readonly ids: number;
  readonly faults: readonly string[];
}

/** The versions that can be run now, or why none can. Downloads nothing. */
export function restoredVersions(): { readonly versions: readonly string[]; readonly reason: string } {
  const none = (reason: string) => ({ versions: [], reason });
  if (!existsSync(restored)) {
    return none('not restored: npx tsx scripts/restore-readers.ts');
  }
  if (!hasDotNet()) {
    return none('there is no dotnet');
  }
  const versions = readdirSync(restored).filter((name) => isRestored(path.join(restored, name)));
  return versions.length === 0 ? none('not restored: npx tsx scripts/restore-readers.ts') : { versions, reason: '' };
}

/**
 * Downloads what the program needs for one version of the library, and builds it. `folder`: one with the three assemblies of the
 * library, built from source, instead of a package.
 */
export function restore(version: string, folder?: string): void {
  const library = folder === undefined ? [] : [`-p:OdlFolder=${path.resolve(folder)}`];
  mkdirSync(path.join(restored, version), { recursive: true });
  writeFileSync(path.join(restored, version, 'library.json'), JSON.stringify(library));
  restoreProgram(programOf(version));
}

/** Builds the program where its sources are not those it was built from. Downloads nothing. */
export function build(version: string): void {
  buildProgram(programOf(version));
}

function programOf(version: string): DotNetProgram {
  const library = JSON.parse(readFileSync(path.join(restored, version, 'library.json'), 'utf8')) as string[];
  return {
    project: path.join(program, 'Readers.csproj'),
    packages: path.join(restored, 'packages'),
    folder: path.join(restored, version),
    properties: [`-p:Odl=${version}`, ...library],
  };
}

/** Has one version of the library read the replies that were kept in a folder, the first of them `$metadata`. */
export function read(version: string, folder: string, replies: readonly Reply[]): readonly Outcome[] {
  writeFileSync(path.join(folder, 'replies.json'), JSON.stringify(replies));
  return JSON.parse(dotnet([path.join(builtFolder(programOf(version)), 'readers.dll'), folder])) as Outcome[];
}
