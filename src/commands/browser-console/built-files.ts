import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConsoleFile } from '../../http/console/console-service.ts';

interface Bundler {
  bundleConsole(root: string): readonly ConsoleFile[];
}

/** The console's script and stylesheet: as they were built beside the compiled program, else bundled now from the sources. */
export async function builtFiles(): Promise<readonly ConsoleFile[]> {
  // Below `dist`, this folder holds what was built; below `src`, the sources.
  const folder = fileURLToPath(new URL('../../console/', import.meta.url));
  const built = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => /^console-\w+\.(js|css)$/.test(name));
  if (built.length > 0) {
    return built.map((name) => ({ name, contents: readFileSync(path.join(folder, name)) }));
  }
  const bundler = new URL('../../../bin/console-bundle.mjs', import.meta.url).href;
  const { bundleConsole } = (await import(bundler)) as Bundler;
  return bundleConsole(fileURLToPath(new URL('../../../', import.meta.url)));
}
