import type { Exchange } from '../exchange.ts';
import type { ReplyHead } from '../reply/reply-sink.ts';
import { ClientGone } from '../request/client-gone.ts';
import type { CachedReply } from './cached-reply.ts';

const pieceSize = 128 * 1024;

/** A kept reply whose first bytes were read, so that its file is surely there. */
export interface OpenedReply {
  readonly kept: CachedReply;
  /** The one buffer that all pieces go through. */
  readonly piece: Buffer;
  /** Bytes of the first piece. */
  readonly length: number;
}

/** Reads the first bytes of a retained reply. null: they cannot be read. Never throws. */
export async function openCached(kept: CachedReply): Promise<OpenedReply | null> {
  const { file, bytes } = kept.facts;
  const piece = Buffer.allocUnsafeSlow(Math.min(pieceSize, bytes));
  const length = await file.read(piece, 0).catch(() => 0);
  return length === 0 ? null : { kept, piece, length };
}

/** Sends a kept reply as it is and releases it. A slow reader holds up the reading of the file. Throws ClientGone. */
export async function sendCached(
  { kept, piece, length }: OpenedReply,
  head: ReplyHead,
  exchange: Exchange,
): Promise<void> {
  const { response } = exchange;
  const { file, bytes, rows } = kept.facts;
  try {
    if (response.destroyed) {
      throw new ClientGone();
    }
    response.writeHead(head.status, { ...head.headers, 'Content-Length': String(bytes) });
    for (let at = 0, next = length; ; next = await file.read(piece, at)) {
      if (next === 0) {
        throw new Error(`A kept reply ends after ${at} of ${bytes} bytes`);
      }
      await handedOver(exchange, (done) => response.write(piece.subarray(0, next), done));
      at += next;
      if (at >= bytes) {
        break;
      }
    }
    exchange.rows = rows;
    await handedOver(exchange, (done) => response.end(done));
  } finally {
    kept.release();
  }
}

/** Waits until the socket took the bytes, since the buffer is used again. */
function handedOver({ response }: Exchange, send: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  if (response.destroyed) {
    return Promise.reject(new ClientGone());
  }
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new ClientGone());
    response.once('close', gone);
    send((error) => {
      response.off('close', gone);
      if (error === undefined || error === null) {
        resolve();
      } else {
        reject(new ClientGone());
      }
    });
  });
}
