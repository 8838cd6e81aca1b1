import { broken } from './json-scan.ts';
import type { EnvelopePart } from './json-stream.ts';
import { EnvelopeReader } from './json-stream.ts';
import type { PlainRows, RowBlock } from './plain-rows.ts';

/** A collection reply whose head was read. Its rows are read in one way or the other. */
export interface Envelope {
  /** Members beside `value`, raw; those behind the rows arrive while `rows` is read. */
  readonly members: ReadonlyMap<string, Buffer>;
  /** The rows, raw; ends only when the whole reply was read to its closing brace. */
  readonly rows: AsyncIterable<Buffer>;
  /** The first row, raw, before any is read; null: there is none, or what goes wrong on the way to it is for who reads them. */
  first(): Promise<Buffer | null>;
  /** The rows, written: by `plain` where that can, else by `other`. Ends as `rows` does, or as soon as `plain` is full and more come. */
  written(plain: PlainRows, other: (raw: Buffer) => Promise<string>): AsyncGenerator<RowBlock>;
}

/** `waiting`: everything in the bytes that have come was given. */
type Part = EnvelopePart | { readonly kind: 'waiting' };

/**
 * Reads up to the first row, so that what is wrong from the start is known before our own reply begins.
 * @throws GatewayError UpstreamRefused when the body is no collection; what the chunks throw.
 */
export async function openEnvelope(chunks: AsyncIterable<Buffer>): Promise<Envelope> {
  const members = new Map<string, Buffer>();
  const keep = ({ name, raw }: EnvelopePart & { readonly kind: 'member' }): void => {
    // What went wrong behind a status of 200: the rows are not all of them.
    if (name.toLowerCase() === 'error') {
      throw broken('it says of itself that it failed: it holds an error');
    }
    members.set(name, raw);
  };
  const reader = new EnvelopeReader();
  const parts = envelopeParts(reader, chunks);
  try {
    for (;;) {
      const { value: part, done } = await parts.next();
      if (done === true) {
        throw broken('it holds no array named value');
      }
      if (part.kind === 'rows') {
        break;
      }
      if (part.kind === 'member') {
        keep(part);
      }
    }
  } catch (error) {
    // Nobody reads on: the connection is free.
    await parts.return(undefined);
    throw error;
  }
  /** What is no row is taken down. */
  const rowOf = (part: Part): Buffer | null => {
    if (part.kind === 'row') {
      return part.raw;
    }
    if (part.kind === 'rows') {
      throw broken('it holds two arrays named value');
    }
    if (part.kind === 'member') {
      keep(part);
    }
    return null;
  };
  let ahead: Part | null = null;
  let failure: { readonly error: unknown } | null = null;
  const first = async (): Promise<Buffer | null> => {
    try {
      for (;;) {
        const { value: part, done } = await parts.next();
        if (done === true) {
          return null;
        }
        const raw = rowOf(part);
        if (raw !== null) {
          ahead = part;
          return raw;
        }
      }
    } catch (error) {
      failure = { error };
      return null;
    }
  };
  const left = async function* (): AsyncGenerator<Part> {
    if (failure !== null) {
      throw failure.error;
    }
    if (ahead !== null) {
      yield ahead;
    }
    yield* parts;
  };
  const rows = async function* (): AsyncGenerator<Buffer> {
    for await (const part of left()) {
      const raw = rowOf(part);
      if (raw !== null) {
        yield raw;
      }
    }
  };
  const written = async function* (
    plain: PlainRows,
    other: (raw: Buffer) => Promise<string>,
  ): AsyncGenerator<RowBlock> {
    reader.lane = plain;
    for await (const part of left()) {
      const raw = rowOf(part);
      if (raw !== null && plain.isFull) {
        break;
      }
      // A row that came in two pieces may be a plain one all the same.
      if (raw !== null && plain.take(raw, 0) < 0) {
        plain.append(await other(raw));
      }
      const block = part.kind === 'waiting' ? plain.block() : null;
      if (block !== null) {
        yield block;
      }
    }
    const rest = plain.block();
    if (rest !== null) {
      yield rest;
    }
  };
  return { members, rows: rows(), first, written };
}

async function* envelopeParts(reader: EnvelopeReader, chunks: AsyncIterable<Buffer>): AsyncGenerator<Part, undefined> {
  for await (const chunk of chunks) {
    yield* reader.push(chunk);
    yield { kind: 'waiting' };
  }
  reader.end();
}
