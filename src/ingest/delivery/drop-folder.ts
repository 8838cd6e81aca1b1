import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError, operatorMessage } from '../../errors.ts';
import { examineFile } from '../csv/file-facts.ts';
import { noteFile } from '../load/ledger.ts';
import type { IngestContext, LoadProgress } from '../load/load-file.ts';
import { describe, type FoundFile, findFiles, placeOf } from './find-files.ts';
import { type IngestResult, tryLoad } from './ingest-paths.ts';
import { moveFile } from './move-file.ts';

export interface DropFolderOptions {
  /** Milliseconds between the two looks that tell a finished upload from a growing one. Default 2000. */
  readonly settle?: number;
  readonly onResult?: (result: IngestResult & { readonly movedTo: string | null }) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the scan after the file at hand; the others wait for the next one. */
  readonly signal?: AbortSignal;
}

export interface DropScan {
  readonly results: readonly (IngestResult & { readonly movedTo: string | null })[];
  /** Files still growing; the next scan looks again. */
  readonly unfinished: readonly string[];
}

const LOADED = 'loaded';
const REFUSED = 'refused';

/**
 * Takes in what lies in the drop folder, oldest first. A file counts as finished when two looks find the same size and
 * time. Loaded files and files loaded before go to `loaded/`, refused ones to `refused/` with the reason beside them, always
 * after the ledger has it: a crash between the two is healed by the next scan, which knows the bytes.
 * Throws DatabaseUnavailable, and leaves the rest where it is.
 */
export async function scanDropFolder(
  context: IngestContext,
  folder: string,
  options: DropFolderOptions = {},
): Promise<DropScan> {
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  const first = await findFiles(root, { catalogue: context.catalogue, except: [LOADED, REFUSED] });
  if (first.length > 0) await settle(options);
  const results: (IngestResult & { readonly movedTo: string | null })[] = [];
  const unfinished: string[] = [];
  for (const file of first) {
    if (options.signal?.aborted === true) break;
    const now = await describe(root, file.path);
    if (now === null) continue;
    if (now.size !== file.size || now.modifiedMs !== file.modifiedMs) {
      unfinished.push(file.path);
      continue;
    }
    const result = await takeIn(context, { root, file, options });
    results.push(result);
    options.onResult?.(result);
  }
  return { results, unfinished };
}

/** The pause between the two looks; shorter where the scan is to end. */
async function settle({ settle: milliseconds = 2000, signal }: DropFolderOptions): Promise<void> {
  await pause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

async function takeIn(
  context: IngestContext,
  work: { readonly root: string; readonly file: FoundFile; readonly options: DropFolderOptions },
): Promise<IngestResult & { readonly movedTo: string | null }> {
  const { root, file, options } = work;
  const { onProgress } = options;
  const place = placeOf(file.below, context.catalogue);
  const result = await tryLoad(context, file.path, {
    ...place,
    below: file.below,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  // What may pass by itself stays and is tried again.
  if (result.state === 'failed' && result.error.code === 'FileUnreadable') return { ...result, movedTo: null };
  // What changed meanwhile is another file, and nobody has looked at its end yet.
  const now = await describe(root, file.path);
  if (now === null || now.size !== file.size || now.modifiedMs !== file.modifiedMs) return { ...result, movedTo: null };
  if (result.state === 'failed') await noteFailure(context, file, result.error);
  try {
    const accepted = result.state === 'loaded' || result.state === 'duplicate';
    const movedTo = await moveFile(file.path, resolve(root, accepted ? LOADED : REFUSED), file.below);
    if ('error' in result) await writeFile(`${movedTo}.reason.txt`, reasonText(result.error));
    return { ...result, movedTo };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new GatewayError(
      'FileUnreadable',
      `${file.path} was ${result.state} but cannot be moved: ${reason}`,
      {
        target: file.path,
        cause,
      },
    );
    return { state: 'failed', path: file.path, error, movedTo: null };
  }
}

async function noteFailure(context: IngestContext, { path, below }: FoundFile, error: GatewayError): Promise<void> {
  const message = `${error.code}: ${error.message}`;
  await noteFile(context.database, await examineFile(path), { state: 'failed', target: null, message, below });
}

/** What an operator finds beside a refused file. */
export function reasonText(error: GatewayError): string {
  const details = error.details.map((line) => `${line}\n`).join('');
  return `${error.code}\n\n${operatorMessage(error)}\n${details}\nWhat to do: ${error.remedy}\nThen put the file back into the drop folder, or load it by hand with gateway ingest.\n`;
}
