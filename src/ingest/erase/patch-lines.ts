import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { FileFacts } from '../csv/file-facts.ts';
import type { Persons } from '../personal/persons.ts';

/** What is to be written in place of some bytes of a file. */
export interface Patch {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** Bytes of a line that are looked at together; a longer one is looked at in pieces. */
const longestLine = 4 * 1024 * 1024;

const [lineFeed, carriageReturn, blank] = [0x0a, 0x0d, 0x20];

/** Of a file of which nobody knows what it is: blanks for each line that mentions somebody. Memory does not grow with the file. */
export async function patchLines({ path, evidence }: FileFacts, persons: Persons): Promise<readonly Patch[]> {
  const encoding = evidence.bom ?? evidence.wide ?? (evidence.whole ? 'utf-8' : 'windows-1252');
  const unit = encoding === 'utf-16le' || encoding === 'utf-16be' ? 2 : 1;
  const low = encoding === 'utf-16be' ? 1 : 0;
  const decoder = new TextDecoder(encoding);
  const patches: Patch[] = [];
  let start = evidence.bomBytes;
  for await (const line of linesOf(path, { start, unit, low })) {
    const end = start + line.length;
    if (persons.mentions(decoder.decode(line))) {
      patches.push({ start, end, bytes: blanksFor(line, { unit, low }) });
    }
    start = end;
  }
  return patches;
}

/** How wide a character is in bytes, and where its lower byte stands. */
interface Units {
  readonly unit: number;
  readonly low: number;
}

/** The lines of a file with their ends, from a byte on. */
async function* linesOf(
  path: string,
  { start, unit, low }: Units & { readonly start: number },
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { start, highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    const searched = rest.length - (rest.length % unit);
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = searched; at + unit <= rest.length; at += unit) {
      if (rest[at + low] === lineFeed && (unit === 1 || rest[at + 1 - low] === 0)) {
        yield rest.subarray(from, at + unit);
        from = at + unit;
      }
    }
    rest = rest.subarray(from);
    if (rest.length >= longestLine) {
      const whole = rest.length - (rest.length % unit);
      yield rest.subarray(0, whole);
      rest = rest.subarray(whole);
    }
  }
  if (rest.length > 0) {
    yield rest;
  }
}

/** As many blanks, and the ends of the line where they are. */
function blanksFor(line: Buffer, { unit, low }: Units): Buffer {
  const bytes = Buffer.from(line);
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    const code = bytes[at + low] ?? 0;
    if ((code !== lineFeed && code !== carriageReturn) || (unit === 2 && bytes[at + 1 - low] !== 0)) {
      bytes.fill(0, at, at + unit);
      bytes[at + low] = blank;
    }
  }
  return bytes;
}
