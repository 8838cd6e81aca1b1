import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

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
  if (spawnSync('dotnet', ['--version'], { stdio: 'ignore' }).status !== 0) {
    return none('there is no dotnet');
  }
  const versions = readdirSync(restored).filter((name) => existsSync(assets(name)));
  return versions.length === 0 ? none('not restored: npx tsx scripts/restore-readers.ts') : { versions, reason: '' };
}

const assets = (version: string): string => path.join(restored, version, 'obj', 'project.assets.json');
const built = (version: string): string => path.join(restored, version, 'out');

/**
 * Downloads what the program needs for one version of the library, and builds it. `folder`: one with the three assemblies of the
 * library, built from source, instead of a package.
 */
export function restore(version: string, folder?: string): void {
  const library = folder === undefined ? [] : [`-p:OdlFolder=${path.resolve(folder)}`];
  mkdirSync(path.join(restored, version), { recursive: true });
  writeFileSync(path.join(restored, version, 'library.json'), JSON.stringify(library));
  dotnet(['restore', ...properties(version)]);
  build(version);
}

/** Builds the program where its sources are not those it was built from. Downloads nothing. */
export function build(version: string): void {
  const stamp = path.join(restored, version, 'sources.sha256');
  const digest = createHash('sha256');
  for (const name of readdirSync(program).toSorted()) {
    digest.update(name).update(readFileSync(path.join(program, name)));
  }
  const sources = digest.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) {
    return;
  }
  dotnet(['build', '--no-restore', '-o', built(version), ...properties(version)]);
  writeFileSync(stamp, sources);
}

function properties(version: string): readonly string[] {
  const intermediate = path.join(restored, version, 'obj') + path.sep;
  const library = JSON.parse(readFileSync(path.join(restored, version, 'library.json'), 'utf8')) as string[];
  return [
    path.join(program, 'Readers.csproj'),
    `-p:Odl=${version}`,
    ...library,
    `-p:RestorePackagesPath=${path.join(restored, 'packages')}`,
    `-p:BaseIntermediateOutputPath=${intermediate}`,
    `-p:MSBuildProjectExtensionsPath=${intermediate}`,
    // So that no process stays behind.
    '-p:UseSharedCompilation=false',
    '-nodeReuse:false',
    '-v:quiet',
    '-nologo',
  ];
}

function dotnet(args: readonly string[]): string {
  const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' };
  const run = spawnSync('dotnet', args, { encoding: 'utf8', env, maxBuffer: 256 * 1024 * 1024 });
  if (run.status !== 0) {
    throw new Error(`dotnet ${args[0]} ended with ${run.status}:\n${run.stdout}${run.stderr}`);
  }
  return run.stdout;
}

/** Has one version of the library read the replies that were kept in a folder, the first of them `$metadata`. */
export function read(version: string, folder: string, replies: readonly Reply[]): readonly Outcome[] {
  writeFileSync(path.join(folder, 'replies.json'), JSON.stringify(replies));
  return JSON.parse(dotnet([path.join(built(version), 'readers.dll'), folder])) as Outcome[];
}
