import { createDeflate, createGzip, constants as zlib } from 'node:zlib';
import { ByteOutput } from '../json/bytes/byte-output.ts';
import type { ReplyTarget } from './reply-target.ts';

/** Takes the compressed bytes of a reply beside the client. None of it throws or waits. */
export interface CompressedCopy {
  /** Bytes that do not change any more. */
  take(chunk: Buffer): void;
  /** The client has the whole reply. */
  keep(): void;
  /** The reply broke off. Called after `keep` too, without a meaning. */
  drop(): void;
}

export type ContentEncoding = 'gzip' | 'deflate' | 'identity';

/** Headers of a reply; sent with its first bytes. */
export interface ReplyHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const bufferSize = 128 * 1024;
/** What a reply begins with: most are small. */
const firstSize = 16 * 1024;
/** Buffers that may be on their way to the socket; with the one being filled this bounds what a reply holds. */
const buffersInFlight = 2;
/** Below this many bytes compression costs more than it saves. */
const worthCompressing = 1024;

/**
 * The body of one reply: bytes are appended to `output` and handed to the socket in large reusable buffers. A slow reader
 * holds up `flush`, and so the database. The head goes out with the first bytes, so that a fault before them can still
 * be an error reply. A reply that fits one buffer is sent in one piece with its length.
 */
export class ReplySink {
  readonly output = new ByteOutput(firstSize);
  readonly #response: ReplyTarget;
  readonly #encoding: ContentEncoding;
  readonly #free: Buffer[] = [];
  #made = 0;
  #head: ReplyHead;
  #stream: NodeJS.WritableStream | null = null;
  #wake: (() => void) | null = null;
  #beginCopy: (() => CompressedCopy | null) | null = null;
  #copySmall = false;
  #copy: CompressedCopy | null = null;

  constructor(response: ReplyTarget, head: ReplyHead, encoding: ContentEncoding) {
    this.#response = response;
    this.#head = head;
    this.#encoding = encoding;
  }

  /** Whether bytes were sent: from then on a fault can only break the transfer. */
  get begun(): boolean {
    return this.#stream !== null;
  }

  /** Asks for a copy of the reply once it is sent compressed and in more than one piece; `evenSmall`: however small it is. */
  copyTo(begin: () => CompressedCopy | null, { evenSmall }: { readonly evenSmall: boolean }): void {
    this.#beginCopy = begin;
    this.#copySmall = evenSmall;
  }

  /** Sends what was appended; waits while the reader is behind. Throws when the client hung up. */
  async flush(): Promise<void> {
    while (!this.#tryFlush()) {
      await this.#bufferReturned();
    }
  }

  /**
   * Makes room for more rows: in a larger buffer while the first one is in use, else by sending what was appended. `wait`
   * waits for the reader; where it gives false there is no room, and the promise is false.
   */
  async makeRoom(wait: (returned: Promise<void>) => Promise<boolean>): Promise<boolean> {
    if (this.output.bytes.length < bufferSize) {
      this.output.ensure(bufferSize - this.output.position);
      return true;
    }
    while (!this.#tryFlush()) {
      if (!(await wait(this.#bufferReturned()))) {
        return false;
      }
    }
    return true;
  }

  /** Sends what was appended when that takes no waiting. For timers: never throws. */
  flushIfFree(): void {
    if (!this.#response.destroyed) {
      this.#tryFlush();
    }
  }

  /** False when no buffer is free. */
  #tryFlush(): boolean {
    if (this.#response.destroyed) {
      throw new ClientGone();
    }
    if (this.output.position === 0) {
      return true;
    }
    const next = this.#free.pop() ?? (this.#made < buffersInFlight ? this.#newBuffer() : null);
    if (next === null) {
      return false;
    }
    const length = this.output.position;
    const used = this.output.swap(next);
    this.#begin().write(used.subarray(0, length), () => this.#giveBack(used));
    return true;
  }

  /** The reply is for this client alone after all: it ended early because the client is slow. */
  dropCopy(): void {
    this.#beginCopy = null;
    this.#copy?.drop();
    this.#copy = null;
  }

  /** Sends the rest and ends the reply well. */
  async end(): Promise<void> {
    if (this.#stream === null) {
      return this.#endWhole();
    }
    await this.flush();
    const stream = this.#stream;
    await this.#finished(() => stream.end());
  }

  /** Ends the reply, and resolves when the system has all of it. */
  #finished(end: () => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const gone = (): void => reject(new ClientGone());
      this.#response.once('close', gone);
      this.#response.once('finish', () => {
        this.#response.off('close', gone);
        this.#copy?.keep();
        resolve();
      });
      end();
    });
  }

  /** A small reply does not wait for its client, unless a copy of it is to be whole. */
  async #endCompressed(body: Buffer, copied: boolean): Promise<void> {
    if (copied) {
      const stream = this.#begin();
      return this.#finished(() => stream.end(body));
    }
    this.#beginCopy = null;
    this.#begin().end(body);
  }

  async #endWhole(): Promise<void> {
    const body = this.output.bytes.subarray(0, this.output.position);
    const copied = this.#copySmall && this.#beginCopy !== null;
    if (this.#encoding !== 'identity' && (copied || body.length >= worthCompressing)) {
      return this.#endCompressed(body, copied);
    }
    const length = this.#response.req.method === 'HEAD' ? {} : { 'Content-Length': String(body.length) };
    this.#response.writeHead(this.#head.status, { ...this.#head.headers, ...length });
    this.#response.end(body);
  }

  #begin(): NodeJS.WritableStream {
    if (this.#stream !== null) {
      return this.#stream;
    }
    const encoded = this.#encoding === 'identity' ? {} : { 'Content-Encoding': this.#encoding };
    this.#response.writeHead(this.#head.status, { ...this.#head.headers, ...encoded });
    this.#response.once('close', () => this.#wakeUp());
    this.#stream = this.#compressor() ?? this.#response;
    return this.#stream;
  }

  #compressor(): NodeJS.WritableStream | null {
    if (this.#encoding === 'identity') {
      return null;
    }
    const options = { level: 1, flush: zlib.Z_NO_FLUSH, chunkSize: 64 * 1024 };
    const compressor = this.#encoding === 'gzip' ? createGzip(options) : createDeflate(options);
    compressor.pipe(this.#response);
    const copy = this.#beginCopy?.() ?? null;
    this.#copy = copy;
    if (copy !== null) {
      compressor.on('data', (chunk: Buffer) => copy.take(chunk));
    }
    this.#response.once('close', () => {
      compressor.destroy();
      copy?.drop();
    });
    compressor.on('error', () => this.#response.destroy());
    return compressor;
  }

  #newBuffer(): Buffer {
    this.#made += 1;
    return Buffer.allocUnsafeSlow(bufferSize);
  }

  #giveBack(buffer: Buffer): void {
    // A buffer that grew for one long row is not kept.
    this.#free.push(buffer.length > bufferSize * 4 ? Buffer.allocUnsafeSlow(bufferSize) : buffer);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #bufferReturned(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The client closed the connection before the reply was whole. Nobody is left to be told. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection');
    this.name = 'ClientGone';
  }
}
