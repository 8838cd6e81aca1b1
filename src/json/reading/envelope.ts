import { broken } from './json-scan.ts';
import type { EnvelopePart } from './json-stream.ts';
import { EnvelopeReader } from './json-stream.ts';

/** A collection reply whose head was read. */
export interface Envelope {
  /** Members beside `value`, raw; those behind the rows arrive while `rows` is read. */
  readonly members: ReadonlyMap<string, Buffer>;
  /** The rows, raw; ends only when the whole reply was read to its closing brace. */
  readonly rows: AsyncIterable<Buffer>;
}

/**
 * Reads up to the first row, so that what is wrong from the start is known before our own reply begins.
 * @throws GatewayError UpstreamRefused when the body is no collection; what the chunks throw.
 */
export async function openEnvelope(chunks: AsyncIterable<Buffer>): Promise<Envelope> {
  const members = new Map<string, Buffer>();
  const parts = envelopeParts(chunks);
  for (;;) {
    const { value: part, done } = await parts.next();
    if (done === true) {
      throw broken('it holds no array named value');
    }
    if (part.kind === 'rows') {
      break;
    }
    if (part.kind === 'member') {
      members.set(part.name, part.raw);
    }
  }
  const rows = async function* (): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      if (part.kind === 'row') {
        yield part.raw;
      } else if (part.kind === 'member') {
        members.set(part.name, part.raw);
      } else {
        throw broken('it holds two arrays named value');
      }
    }
  };
  return { members, rows: rows() };
}

async function* envelopeParts(chunks: AsyncIterable<Buffer>): AsyncGenerator<EnvelopePart, undefined> {
  const reader = new EnvelopeReader();
  for await (const chunk of chunks) {
    yield* reader.push(chunk);
  }
  reader.end();
}
