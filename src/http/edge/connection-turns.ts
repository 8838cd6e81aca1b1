import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may wait for the one before. */
const mostWaiting = 100;

interface Line {
  waiting: number;
  /** Resolves when the last one of the line is answered. */
  last: Promise<void>;
  response: ServerResponse;
}

/**
 * Requests that a client sends without waiting for the replies (pipelining, RFC 9112, 9.3.2) are taken up one after
 * another: their replies go out in that order anyway, and one connection is to have no more than others.
 */
export class ConnectionTurns {
  readonly #lines = new WeakMap<Socket, Line>();

  /** `work` never throws. */
  run(socket: Socket, response: ServerResponse, work: () => Promise<void>): void {
    const line = this.#lines.get(socket);
    if (line === undefined || line.waiting === 0) {
      const first: Line = { waiting: 1, last: Promise.resolve(), response };
      this.#lines.set(socket, first);
      first.last = work().finally(() => {
        first.waiting -= 1;
      });
      return;
    }
    if (line.waiting > mostWaiting) {
      return void socket.destroy();
    }
    line.waiting += 1;
    line.last = line.last
      .then(() => {
        line.response = response;
        return socket.destroyed ? undefined : work();
      })
      .finally(() => {
        line.waiting -= 1;
      });
  }

  /** Whether bytes of a reply were sent that is not whole. */
  begun(socket: Socket): boolean {
    const { response } = this.#lines.get(socket) ?? {};
    return response?.headersSent === true && !response.writableFinished;
  }
}
