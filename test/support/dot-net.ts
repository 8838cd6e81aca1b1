import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A .NET program of the tests: its sources in the repository, its packages and what is built of it in a folder that is not. */
export interface DotNetProgram {
  /** The project file; its folder holds all sources. */
  readonly project: string;
  /** Packages, shared by all that are built there. */
  readonly packages: string;
  /** What belongs to this build: the restored list of packages, and `out`. */
  readonly folder: string;
  /** Properties of MSBuild. */
  readonly properties: readonly string[];
}

export const builtFolder = ({ folder }: DotNetProgram): string => path.join(folder, 'out');

export const isRestored = (folder: string): boolean => existsSync(path.join(folder, 'obj', 'project.assets.json'));

export const hasDotNet = (): boolean => spawnSync('dotnet', ['--version'], { stdio: 'ignore' }).status === 0;

/** Why the program cannot run here; null: it can. `script` restores it. Downloads nothing. */
export function lackOf({ folder }: DotNetProgram, script: string): string | null {
  if (!isRestored(folder)) {
    return `not restored: npx tsx ${script}`;
  }
  return hasDotNet() ? null : 'there is no dotnet';
}

/** Downloads what the program needs, and builds it. */
export function restoreProgram(program: DotNetProgram): void {
  mkdirSync(program.folder, { recursive: true });
  dotnet(['restore', ...argumentsOf(program)]);
  buildProgram(program);
}

/** Builds the program where its sources are not those it was built from. Downloads nothing. */
export function buildProgram(program: DotNetProgram): void {
  const stamp = path.join(program.folder, 'sources.sha256');
  const sources = path.dirname(program.project);
  const digest = createHash('sha256');
  for (const name of readdirSync(sources).toSorted()) {
    digest.update(name).update(readFileSync(path.join(sources, name)));
  }
  const found = digest.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === found) {
    return;
  }
  dotnet(['build', '--no-restore', '-o', builtFolder(program), ...argumentsOf(program)]);
  writeFileSync(stamp, found);
}

function argumentsOf({ project, packages, folder, properties }: DotNetProgram): readonly string[] {
  const intermediate = path.join(folder, 'obj') + path.sep;
  return [
    project,
    ...properties,
    `-p:RestorePackagesPath=${packages}`,
    `-p:BaseIntermediateOutputPath=${intermediate}`,
    `-p:MSBuildProjectExtensionsPath=${intermediate}`,
    // So that no process stays behind.
    '-p:UseSharedCompilation=false',
    '-nodeReuse:false',
    '-v:quiet',
    '-nologo',
  ];
}

export const dotnetEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_NOLOGO: '1',
});

/** Runs the command to its end and gives what it printed. */
export function dotnet(args: readonly string[]): string {
  const env = dotnetEnvironment();
  const run = spawnSync('dotnet', args, { encoding: 'utf8', env, maxBuffer: 256 * 1024 * 1024 });
  if (run.status !== 0) {
    throw new Error(`dotnet ${args[0]} ended with ${run.status}:\n${run.stdout}${run.stderr}`);
  }
  return run.stdout;
}
