/** A set of characters: inclusive ranges of code points, ascending, without overlap. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

/** U+0000 is left out: no text of this feed holds it. */
const lowest = 1;
const highest = 0x10ffff;

/** One set of any ranges, in any order. */
export function union(ranges: CodePoints): CodePoints {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) {
      before[1] = Math.max(before[1], last);
    } else {
      merged.push([first, last]);
    }
  }
  return merged;
}

/** Every character that is not in the set. */
export function complement(set: CodePoints): CodePoints {
  const outside: [number, number][] = [];
  let next = lowest;
  for (const [first, last] of set) {
    if (first > next) {
      outside.push([next, first - 1]);
    }
    next = Math.max(next, last + 1);
  }
  if (next <= highest) {
    outside.push([next, highest]);
  }
  return outside;
}

const digits: CodePoints = [[0x30, 0x39]];
const words: CodePoints = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const blanks: CodePoints = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];

/** `.` without the flag `s`: everything but the four line terminators (ECMAScript 22.2.2.7). */
export const dot: CodePoints = complement([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);

/** `\d \D \w \W \s \S` by their letter (ECMAScript 22.2.2.9). */
export const classEscapes: ReadonlyMap<string, CodePoints> = new Map([
  ['d', digits],
  ['D', complement(digits)],
  ['w', words],
  ['W', complement(words)],
  ['s', blanks],
  ['S', complement(blanks)],
]);
