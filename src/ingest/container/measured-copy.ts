import { createWriteStream } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { unpackingError } from './damage.ts';

/** What came out of a member. */
export interface Measured {
  readonly bytes: number;
  readonly crc32: number;
}

/**
 * Writes what is unpacked to a new file, with a time. `mayGoOn` is given the bytes so far and throws what ends it: no size is believed before.
 * Throws what `unpackingError` makes of what goes wrong.
 */
export async function copyMeasured(
  from: AsyncIterable<Buffer>,
  to: { readonly path: string; readonly name: string; readonly modifiedAt: Date },
  mayGoOn: (bytes: number) => void,
): Promise<Measured> {
  let bytes = 0;
  let crc = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of from) {
      bytes += chunk.length;
      mayGoOn(bytes);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  }
  try {
    await pipeline(measured, createWriteStream(to.path, { flags: 'wx' }));
    await utimes(to.path, to.modifiedAt, to.modifiedAt);
  } catch (cause) {
    throw unpackingError(to.name, cause);
  }
  return { bytes, crc32: crc };
}
