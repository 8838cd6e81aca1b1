import { finished, type Readable } from 'node:stream';
import { ByteOutput } from '../../json/bytes/byte-output.ts';

/** Bytes that are gathered for one piece, and before the body is held up. */
const enough = 64 * 1024;
/** Milliseconds that what came may wait for more, behind the first piece. */
const patience = 1;

/**
 * What a body gives, gathered in two pieces of memory that take turns: one is filled while the other one is read. Each piece is valid until
 * the next one is asked for. Throws where the body breaks off, or is destroyed; leaving the loop early leaves the body as it is.
 */
export async function* bodyPieces(body: Readable): AsyncGenerator<Buffer> {
  const gathered = new ByteOutput(0);
  let other: Buffer = Buffer.alloc(0);
  let end: { readonly error: Error | null | undefined } | null = null;
  let wanted = 1;
  let wake = (): void => undefined;
  const take = (chunk: Buffer): void => {
    gathered.append(chunk);
    if (gathered.position >= enough) {
      body.pause();
    }
    if (gathered.position >= wanted) {
      wake();
    }
  };
  /** Resolves when so many bytes are there, or no more come, or it took too long. */
  const gather = async (bytes: number, longest: number | null): Promise<void> => {
    if (end !== null || gathered.position >= bytes) {
      return;
    }
    let late: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wanted = bytes;
      wake = resolve;
      late = longest === null ? undefined : setTimeout(resolve, longest);
    });
    clearTimeout(late);
  };
  const forget = finished(body, { writable: false }, (error) => {
    end = { error };
    wake();
  });
  body.on('data', take);
  try {
    for (let isFirst = true; ; isFirst = false) {
      await gather(1, null);
      await gather(isFirst ? 1 : enough, patience);
      if (gathered.position === 0) {
        break;
      }
      const { position } = gathered;
      other = gathered.swap(other);
      body.resume();
      yield other.subarray(0, position);
    }
  } finally {
    forget();
    body.off('data', take);
  }
  throwIfBroken(end);
}

function throwIfBroken(end: { readonly error: Error | null | undefined } | null): void {
  if (end?.error != null) {
    throw end.error;
  }
}
