import type { Socket } from 'node:net';

/** What is looked at of a connection. */
type Sending = Pick<Socket, 'bytesWritten' | 'writableLength' | 'destroy' | 'once'>;

/** How far a reply had come, and when that was seen first. */
interface Progress {
  readonly sent: number;
  readonly since: number;
}

/**
 * Closes connections whose clients do not read: a reply that is to be sent has to move on within some time. What waits for
 * PostgreSQL or for its turn has nothing to send and is left alone. A piece that is handed to the system counts when all of
 * it was taken, so a client that reads a byte now and then does not keep its connection.
 */
export class StalledReaders {
  readonly #stalled: number;
  readonly #now: () => number;
  readonly #sockets = new Map<Sending, Progress | null>();

  /** `stalled`: milliseconds; `now`: of a clock that never goes back. */
  constructor(stalled: number, now: () => number = () => performance.now()) {
    this.#stalled = stalled;
    this.#now = now;
  }

  add(socket: Sending): void {
    this.#sockets.set(socket, null);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** To be called every now and then. */
  look(): void {
    const now = this.#now();
    for (const [socket, before] of this.#sockets) {
      const { writableLength, bytesWritten } = socket;
      if (writableLength === 0) {
        if (before !== null) {
          this.#sockets.set(socket, null);
        }
        continue;
      }
      const sent = bytesWritten - writableLength;
      if (before === null || before.sent !== sent) {
        this.#sockets.set(socket, { sent, since: now });
      } else if (now - before.since >= this.#stalled) {
        socket.destroy();
      }
    }
  }
}
