// The console's browser code (src/console) as the files that a browser is given: one script, one stylesheet.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names with a hash of their bytes, and the bytes. Throws where esbuild is not there, or the code is at fault. */
export function bundleConsole(root) {
  const { buildSync } = createRequire(path.join(root, 'package.json'))('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: { console: path.join('src', 'console', 'main.tsx') },
    tsconfig: path.join('src', 'console', 'tsconfig.json'),
    entryNames: '[name]-[hash]',
    outdir: path.join('dist', 'console'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'eof',
    logLevel: 'silent',
    write: false,
  });
  return outputFiles.map(({ path: file, contents }) => ({
    name: path.basename(file),
    contents: Buffer.from(contents),
  }));
}

/** Puts them beside the compiled program. */
export function writeConsole(root) {
  const folder = path.join(root, 'dist', 'console');
  const files = bundleConsole(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, contents } of files) {
    writeFileSync(path.join(folder, name), contents);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeConsole(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
}
