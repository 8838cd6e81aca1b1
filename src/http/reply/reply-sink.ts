import { createDeflate, createGzip, constants as zlib } from 'node:zlib';
import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { ClientGone } from '../request/client-gone.ts';
import { keepReplyBuffer, replyBufferSize, takeReplyBuffer } from './reply-buffers.ts';
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
  readonly output = new ByteOutput(takeReplyBuffer());
  readonly #response: ReplyTarget;
  readonly #encoding: ContentEncoding;
  readonly #free: Buffer[] = [];
  #made = 0;
  #ended = false;
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
   * Makes room for more rows by sending what was appended. `wait` waits for the reader; where it gives false there is no room,
   * and the promise is false.
   */
  async makeRoom(wait: (returned: Promise<void>) => Promise<boolean>): Promise<boolean> {
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
    this.#begin().write(used.subarray(0, length), (error) => this.#giveBack(used, error));
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
    this.#ended = true;
    for (const buffer of [this.output.swap(nothing), ...this.#free.splice(0)]) {
      keepReplyBuffer(buffer);
    }
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
  async #endCompressed(body: WholeBody, copied: boolean): Promise<void> {
    if (copied) {
      const stream = this.#begin();
      return this.#finished(() => stream.end(body.bytes, body.taken));
    }
    this.#beginCopy = null;
    this.#begin().end(body.bytes, body.taken);
  }

  async #endWhole(): Promise<void> {
    const body = this.#wholeBody();
    const { length } = body.bytes;
    const copied = this.#copySmall && this.#beginCopy !== null;
    if (this.#encoding !== 'identity' && (copied || length >= worthCompressing)) {
      return this.#endCompressed(body, copied);
    }
    const { status, headers } = this.#head;
    const isHead = this.#response.req.method === 'HEAD';
    this.#response.writeHead(status, isHead ? headers : { 'Content-Length': String(length), ...headers });
    this.#response.end(body.bytes, body.taken);
  }

  #wholeBody(): WholeBody {
    const length = this.output.position;
    const buffer = this.output.swap(nothing);
    return { bytes: buffer.subarray(0, length), taken: (error) => giveBack(buffer, error) };
  }

  #begin(): NodeJS.WritableStream {
    if (this.#stream !== null) {
      return this.#stream;
    }
    const { status, headers } = this.#head;
    const plain = this.#encoding === 'identity';
    this.#response.writeHead(status, plain ? headers : { 'Content-Encoding': this.#encoding, ...headers });
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
    return takeReplyBuffer();
  }

  #giveBack(buffer: Buffer, error?: Error | null): void {
    if (this.#ended) {
      return void giveBack(buffer, error);
    }
    // A buffer that grew for one long row is not kept.
    this.#free.push(buffer.length > replyBufferSize * 4 ? takeReplyBuffer() : buffer);
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

/** The body of a reply that fits one buffer. */
interface WholeBody {
  readonly bytes: Buffer;
  /** To be called when nobody looks at the bytes any more, or with what went wrong. */
  readonly taken: (error?: Error | null) => void;
}

const nothing = Buffer.alloc(0);

/** Whoever failed to write it may still look at it. */
function giveBack(buffer: Buffer, error?: Error | null): void {
  if (error === undefined || error === null) {
    keepReplyBuffer(buffer);
  }
}
