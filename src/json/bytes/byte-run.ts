import type { ByteOutput } from './byte-output.ts';

/**
 * Fixed bytes, e.g. `,"Name":`, kept as 32-bit words: short runs are stored faster word by word than through a copy
 * call. Writing may spill up to three bytes behind the run, so three bytes more must be free.
 */
export interface ByteRun {
  readonly words: Int32Array;
  readonly length: number;
}

/** Encodes text as UTF-8 into a run. */
export function byteRun(text: string): ByteRun {
  const bytes = Buffer.from(text, 'utf8');
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  for (let at = 0; at < bytes.length; at++) {
    words[at >> 2] = (words[at >> 2] as number) | ((bytes[at] as number) << ((at & 3) * 8));
  }
  return { words, length: bytes.length };
}

/** Appends the run; the caller has ensured the room. */
export function putRun(run: ByteRun, output: ByteOutput): void {
  const { words } = run;
  const view = output.view;
  let at = output.position;
  for (let index = 0; index < words.length; index++) {
    view.setInt32(at, words[index] as number, true);
    at += 4;
  }
  output.position += run.length;
}
