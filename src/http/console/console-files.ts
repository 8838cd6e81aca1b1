import { gzipSync } from 'node:zlib';
import { digest } from '../reply/entity-tag.ts';
import type { ConsoleFile } from './console-service.ts';
import { type BrowserWays, consoleIcon, consolePage } from './page.ts';

/** A file as it is sent. */
export interface SentFile {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  /** Without its quotes. */
  readonly tag: string;
  /** Its name changes with its bytes. */
  readonly lasting: boolean;
}

/** The page, under the empty name, and what it is made of, by their names below `console/`. */
export function consoleFiles(built: readonly ConsoleFile[], signIn: BrowserWays): ReadonlyMap<string, SentFile> {
  const named = (ending: string): string => built.find(({ name }) => name.endsWith(ending))?.name ?? '';
  const page = consolePage({ script: named('.js'), style: named('.css'), signIn });
  return new Map([
    ['', sentFile('text/html; charset=utf-8', Buffer.from(page), false)],
    ['icon.svg', sentFile('image/svg+xml', Buffer.from(consoleIcon), false)],
    ...built.map(({ name, contents }): [string, SentFile] => [
      name,
      sentFile(typeOf(name), Buffer.from(contents), true),
    ]),
  ]);
}

const typeOf = (name: string): string =>
  name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8';

const sentFile = (contentType: string, plain: Buffer, lasting: boolean): SentFile => ({
  contentType,
  plain,
  gzip: gzipSync(plain, { level: 9 }),
  tag: digest(plain.toString('latin1')),
  lasting,
});
