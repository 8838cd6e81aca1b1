import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { openContainer } from '../container/open-container.ts';
import { examineFile } from '../csv/file-facts.ts';

/** Runs work with the files that are meant: of a `.zip` or `.gz` those inside it, which are gone afterwards. */
export async function withUnpacked<T>(
  paths: readonly string[],
  catalogue: Catalogue,
  work: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gateway-draft-'));
  try {
    const files: string[] = [];
    for (const [number, file] of paths.entries()) {
      files.push(...(await filesOf(file, catalogue, path.join(folder, String(number)))));
    }
    return await work(files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesOf(file: string, catalogue: Catalogue, folder: string): Promise<readonly string[]> {
  const container = await openContainer(catalogue, await examineFile(file));
  if (container === null) {
    return [file];
  }
  try {
    const files: string[] = [];
    for (const member of container.members) {
      if (member.refusal !== null) {
        throw member.refusal;
      }
      const target = path.join(folder, String(member.index), member.name);
      await mkdir(path.dirname(target), { recursive: true });
      await container.extract(member, target);
      files.push(target);
    }
    return files;
  } finally {
    await container.close();
  }
}
