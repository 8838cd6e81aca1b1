import { STATUS_CODES } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { ByteOutput } from '../../json/bytes/byte-output.ts';
import type { CapturedHead } from '../reply/captured-reply.ts';
import type { BatchFormat, InnerRequest } from './batch-request.ts';

/** Writes the replies of a batch one after another, each as it comes. */
export interface BatchWriter {
  readonly contentType: string;
  open(output: ByteOutput): void;
  head(request: InnerRequest, head: CapturedHead, output: ByteOutput): void;
  body(bytes: Uint8Array, output: ByteOutput): void;
  /** After the last byte of one reply. */
  end(output: ByteOutput): void;
  close(output: ByteOutput): void;
}

/** `boundary` must not occur in any body: a random one cannot be guessed by whoever wrote the rows. */
export function batchWriter(format: BatchFormat, boundary: string): BatchWriter {
  return format === 'json' ? new JsonWriter() : new MultipartWriter(boundary);
}

/** A reply as `application/http` (RFC 9112) up to its body. */
export function httpHead({ status, headers }: CapturedHead): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
}

/** Protocol 11.7.7.6. `Content-Transfer-Encoding` is there because the ODL readers of Power BI refuse a part without. */
class MultipartWriter implements BatchWriter {
  readonly contentType: string;
  readonly #boundary: string;

  constructor(boundary: string) {
    this.#boundary = boundary;
    this.contentType = `multipart/mixed;boundary=${boundary}`;
  }

  open(): void {}

  head({ id }: InnerRequest, head: CapturedHead, output: ByteOutput): void {
    const part = 'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n';
    const named = id === null ? '' : `Content-ID: ${id}\r\n`;
    output.appendText(`--${this.#boundary}\r\n${part}${named}\r\n${httpHead(head)}`);
  }

  body(bytes: Uint8Array, output: ByteOutput): void {
    output.append(bytes);
  }

  end(output: ByteOutput): void {
    output.appendText('\r\n');
  }

  close(output: ByteOutput): void {
    output.appendText(`--${this.#boundary}--\r\n`);
  }
}

/** OData JSON 4.01, 19.6: JSON bodies stand as they are, texts as strings, all others as base64url. */
class JsonWriter implements BatchWriter {
  readonly contentType = 'application/json;charset=utf-8';
  #separator = '';
  #body: BodyWriter | null = null;
  #type = '';

  open(output: ByteOutput): void {
    output.appendText('{"responses":[');
  }

  head({ id, atomicityGroup }: InnerRequest, { status, headers }: CapturedHead, output: ByteOutput): void {
    const named = id === null ? {} : { id };
    const grouped = atomicityGroup === null ? {} : { atomicityGroup };
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const member = JSON.stringify({ ...named, ...grouped, status, headers: lower });
    output.appendText(`${this.#separator}${member.slice(0, -1)}`);
    this.#separator = ',';
    this.#type = lower['content-type'] ?? '';
  }

  body(bytes: Uint8Array, output: ByteOutput): void {
    if (this.#body === null) {
      this.#body = bodyWriter(this.#type);
      output.appendText(`,"body":${this.#body.quote}`);
    }
    this.#body.write(bytes, output);
  }

  end(output: ByteOutput): void {
    this.#body?.end(output);
    output.appendText(`${this.#body?.quote ?? ''}}`);
    this.#body = null;
  }

  close(output: ByteOutput): void {
    output.appendText(']}');
  }
}

interface BodyWriter {
  readonly quote: '"' | '';
  write(bytes: Uint8Array, output: ByteOutput): void;
  end(output: ByteOutput): void;
}

function bodyWriter(contentType: string): BodyWriter {
  const [type = ''] = contentType.toLowerCase().split(';');
  if (/^application\/(.+\+)?json$/.test(type.trim())) {
    return { quote: '', write: (bytes, output) => output.append(bytes), end: () => {} };
  }
  return type.startsWith('text/') ? textBody() : binaryBody();
}

function textBody(): BodyWriter {
  // A character may lie across two pieces.
  const decoder = new StringDecoder('utf8');
  const put = (text: string, output: ByteOutput): void => output.appendText(JSON.stringify(text).slice(1, -1));
  return {
    quote: '"',
    write: (bytes, output) => put(decoder.write(Buffer.from(bytes)), output),
    end: (output) => put(decoder.end(), output),
  };
}

function binaryBody(): BodyWriter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    quote: '"',
    write(bytes, output) {
      const all = Buffer.concat([rest, bytes]);
      const whole = all.length - (all.length % 3);
      output.appendText(all.toString('base64url', 0, whole));
      rest = all.subarray(whole);
    },
    end: (output) => output.appendText(rest.toString('base64url')),
  };
}
