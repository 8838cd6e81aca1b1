import type { IncomingMessage, ServerResponse } from 'node:http';
import { longBodies } from '../edge/long-bodies.ts';
import { ClientGone } from '../request/client-gone.ts';

/** The bytes of a body, counted. */
export interface BodyBytes {
  /** Those that came so far. */
  readonly count: number;
  /** Tells the client to send them, where it waits for that. They end with ClientGone where the client leaves or pauses for too long. */
  read(signal: AbortSignal): AsyncGenerator<Uint8Array>;
}

/** `pause`: milliseconds without a byte after which the client counts as gone. */
export function bodyBytes(message: IncomingMessage, response: ServerResponse, pause: number): BodyBytes {
  let count = 0;
  return {
    get count() {
      return count;
    },
    async *read(signal) {
      if (signal.aborted) {
        throw new ClientGone();
      }
      const leave = (): void => void message.destroy();
      let timer = setTimeout(leave, pause);
      signal.addEventListener('abort', leave);
      longBodies.begin(message.socket);
      try {
        if (message.headers.expect !== undefined) {
          response.writeContinue();
        }
        // Whoever stops reading has a reply to send over the same connection.
        for await (const piece of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          clearTimeout(timer);
          count += piece.length;
          yield piece;
          timer = setTimeout(leave, pause);
        }
        if (!message.complete) {
          throw new ClientGone();
        }
      } catch (error) {
        // Also where all has come and was not read yet: what a client that leaves has sent last goes with its connection.
        throw message.destroyed ? new ClientGone() : error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        longBodies.end(message.socket);
      }
    },
  };
}

/** Bytes of a body that nobody wants that are read all the same, and milliseconds for it: so long the client may take to see the reply. */
const drained = { bytes: 64 * 1024 * 1024, milliseconds: 5000 };

/**
 * After a reply that came before the end of the body: a connection that were closed now would be reset, and the client, which still writes, would lose the
 * reply. So what comes is thrown away for a while.
 */
export function drainBody(message: IncomingMessage): void {
  if (message.complete || message.destroyed) {
    return;
  }
  let left = drained.bytes;
  const timer = setTimeout(() => message.socket.destroy(), drained.milliseconds);
  message.on('data', (piece: Buffer) => {
    left -= piece.length;
    if (left < 0) {
      message.socket.destroy();
    }
  });
  message.once('close', () => clearTimeout(timer));
  message.once('end', () => clearTimeout(timer));
  message.resume();
}
