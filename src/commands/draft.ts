import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readMetadata } from '../catalogue/read-metadata.ts';
import { draftExport } from '../ingest/draft/draft-export.ts';
import { exitCodes } from './support/exit-code.ts';
import type { Surroundings } from './support/surroundings.ts';

export interface DraftFlags {
  readonly source: string;
  readonly name?: string;
  readonly out?: string;
}

/** `gateway draft`: proposes the metadata of a new export. Printed, or written into a metadata folder; nothing is overwritten. */
export async function draftCommand(
  { config, environment, print }: Surroundings,
  files: readonly string[],
  { source, name, out }: DraftFlags,
): Promise<number> {
  const folder = out ?? config.metadataDir;
  const { documents, notes } = await draftExport({
    ...{ paths: files, source, environment },
    name: name ?? null,
    metadata: existsSync(folder) ? readMetadata(folder) : [],
    inline: out === undefined,
  });
  if (out === undefined) {
    documents.forEach(({ text }) => void print(text.trimEnd()));
    return exitCodes.ok;
  }
  for (const { file, text } of documents) {
    const target = path.join(out, ...file.split('/'));
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text, { flag: 'wx' });
    print(`${target}: drafted, to be checked by somebody who knows the rows`);
  }
  notes.forEach(print);
  return exitCodes.ok;
}
