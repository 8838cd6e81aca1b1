import { connect, type Socket } from 'node:net';

/** One reply whose body was counted and thrown away. */
export interface CountedReply {
  readonly status: number;
  readonly bytes: number;
  /** `performance.now()` at the first byte of the body. */
  readonly firstByteAt: number;
  /** The last bytes of the body. */
  readonly tail: string;
}

const tailLength = 2048;

/**
 * A keep-alive HTTP/1.1 connection that reads as cheaply as Node can: into one buffer, bodies by Content-Length or
 * chunked coding counted and dropped.
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #head = '';
  #inHead = true;
  #chunked = false;
  /** Body bytes of the current chunk or body still to come; -1: a chunk size line comes next. */
  #left = 0;
  #line = '';
  #status = 0;
  #bytes = 0;
  #firstByteAt = 0;
  #tail = Buffer.alloc(0);
  #onBody: ((bytes: Buffer) => void) | null = null;
  #done: { resolve: (reply: CountedReply) => void; reject: (error: Error) => void } | null = null;

  constructor(url: URL) {
    this.#host = url.host;
    const buffer = Buffer.allocUnsafeSlow(256 * 1024);
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer,
        callback: (count, bytes) => {
          this.#take(Buffer.from(bytes.buffer, bytes.byteOffset, count));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#done?.reject(error));
    this.#socket.on('close', () => this.#done?.reject(new Error('the server closed the connection')));
  }

  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    onBody: ((bytes: Buffer) => void) | null,
  ): Promise<CountedReply> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#onBody = onBody;
    this.#bytes = 0;
    this.#firstByteAt = 0;
    this.#tail = Buffer.alloc(0);
    this.#inHead = true;
    this.#head = '';
    return new Promise((resolve, reject) => {
      this.#done = { resolve, reject };
      this.#socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${this.#host}\r\n${lines.join('')}\r\n`);
    });
  }

  close(): void {
    this.#done = null;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#done !== null) {
      if (this.#inHead) {
        at = this.#readHead(bytes, at);
      } else if (this.#left === -1) {
        at = this.#readSize(bytes, at);
      } else {
        at = this.#readBody(bytes, at);
      }
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const before = this.#head.length;
    this.#head += bytes.toString('latin1', at);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) {
      return bytes.length;
    }
    const head = this.#head.slice(0, end + 2);
    this.#inHead = false;
    this.#status = Number(head.slice(9, 12));
    this.#chunked = /\r\ntransfer-encoding: chunked\r\n/i.test(head);
    this.#left = this.#chunked ? -1 : Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? '0');
    this.#line = '';
    if (this.#left === 0) {
      this.#finish();
    }
    return at + end + 4 - before;
  }

  #readSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at);
    this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1);
    if (end < 0) {
      return bytes.length;
    }
    const line = this.#line.trim();
    this.#line = '';
    if (line === '') {
      return end + 1; // the end of the chunk before, or of the last one
    }
    this.#left = Number.parseInt(line, 16);
    if (this.#left === 0) {
      this.#left = -1;
      // Nothing but the empty line of the last chunk follows on a connection that waits for us.
      this.#finish();
      return bytes.length;
    }
    return end + 1;
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    if (this.#firstByteAt === 0) {
      this.#firstByteAt = performance.now();
    }
    this.#bytes += end - at;
    this.#left -= end - at;
    const part = bytes.subarray(at, end);
    this.#onBody?.(part);
    const kept = part.subarray(-tailLength);
    this.#tail =
      kept.length === tailLength ? Buffer.from(kept) : Buffer.concat([this.#tail, kept]).subarray(-tailLength);
    if (this.#left === 0) {
      if (this.#chunked) {
        this.#left = -1;
      } else {
        this.#finish();
      }
    }
    return end;
  }

  #finish(): void {
    const done = this.#done;
    this.#done = null;
    done?.resolve({
      status: this.#status,
      bytes: this.#bytes,
      firstByteAt: this.#firstByteAt,
      tail: this.#tail.toString('utf8'),
    });
  }
}
