import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** More than a socket of this machine usually holds. */
const readSize = 256 * 1024;

/**
 * A socket that reads into one buffer for as long as it lives. Node's own way takes 64 KiB of new memory for each read,
 * which piles up to tens of megabytes between two collections while rows stream.
 */
export class ReaderSocket extends Socket {
  /** Takes the bytes instead of the listeners of `data`; they are only valid during the call. */
  reader: ((bytes: Buffer) => void) | null = null;

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(readSize);
    const callback = (count: number): boolean => {
      const bytes = buffer.subarray(0, count);
      // A copy for listeners: the driver's parser keeps parts of what it was given.
      if (this.reader === null) {
        this.emit('data', Buffer.from(bytes));
      } else {
        this.reader(bytes);
      }
      return true;
    };
    const options: SocketConstructorOpts & ConnectOpts = { onread: { buffer, callback } };
    super(options);
  }
}
