#!/usr/bin/env node
// The gateway's one executable: the compiled program where it was built, else the sources through tsx.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFresh } from './compiled.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `The gateway needs Node 20.19 or newer, and this is Node ${process.versions.node}: install one from nodejs.org.`,
  );
  process.exit(1);
}
// Called from anywhere, the program finds its own metadata and data; in its own folder these are ./metadata and ./data.
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.env.METADATA_DIR ||= path.join(root, 'metadata');
process.env.DATA_DIR ||= path.join(root, 'data');
// `scripts/run.mjs` holds the other end of a channel: when it closes, that process is gone, however it ended.
if (process.env.GATEWAY_ENDS_WITH_STARTER === '1' && process.channel) {
  process.once('disconnect', () => process.emit('SIGTERM', 'SIGTERM') || process.exit(143));
  process.channel.unref();
}
delete process.env.GATEWAY_ENDS_WITH_STARTER;
const compiled = new URL('../dist/main.js', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);
// A checkout runs what it holds: the compiled program only while it was compiled from the sources as they are.
if (existsSync(source) && !isFresh(root)) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(source.href);
} else {
  await import(compiled.href);
}
