import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { openContainer } from '../container/open-container.ts';
import { examineFile } from '../csv/file-facts.ts';
import type { KeptFile } from './kept-files.ts';

/** What it was let out of before, it is let out of again. */
const limits = { bytes: Number.POSITIVE_INFINITY, ratio: Number.POSITIVE_INFINITY, members: Number.POSITIVE_INFINITY };

/** Runs work on the bytes of a load as a file of their own: unpacked for that long where they are kept in a container. Throws FileUnreadable where they are not there any more. */
export async function withMember<T>(
  catalogue: Catalogue,
  { load, path, member }: KeptFile,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (member === null) {
    return work(path);
  }
  const folder = await mkdtemp(join(tmpdir(), 'gateway-spool-'));
  try {
    const container = await openContainer(
      catalogue,
      { ...(await examineFile(path)), name: load.file_name },
      { limits },
    );
    try {
      const [only, ...others] = container?.members ?? [];
      const found = others.length === 0 ? only : container?.members.find((one) => one.path === member);
      if (container === null || found === undefined) {
        throw new GatewayError('FileUnreadable', `${path} changed: ${member} is not in it any more`, { target: path });
      }
      const unpacked = join(folder, 'file');
      await container.extract(found, unpacked);
      return await work(unpacked);
    } finally {
      await container?.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
