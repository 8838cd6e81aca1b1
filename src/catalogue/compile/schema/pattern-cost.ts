/**
 * Whether each of the texts matches the pattern (flags `iu`); null: the pattern takes too long to tell. Given from outside,
 * since only an engine with a time limit can be asked about a pattern that may never end.
 */
export type Matches = (pattern: string, texts: readonly string[]) => readonly boolean[] | null;

/** Without a limit: for patterns that are known, as in tests. */
export const plainMatches: Matches = (pattern, texts) => texts.map((text) => new RegExp(pattern, 'iu').test(text));

/** As long as a file name may be. */
const longest = 255;

/**
 * Texts that a pattern with nested or overlapping repetitions cannot tell in its time: runs of the characters that occur in
 * it and in its example, with an end that does not fit.
 */
export function hostileTexts(pattern: string, example: string): readonly string[] {
  const characters = new Set([...example, ...pattern.replace(/\\[dD]/g, '0').replace(/\\[wWsS]/g, 'a_ ')]);
  const runs = [...characters].slice(0, 60).map((character) => character.repeat(longest));
  const repeated = example === '' ? '' : example.repeat(Math.ceil(longest / example.length)).slice(0, longest);
  return [...runs, repeated, example].flatMap((text) => [`${text}\u0001`, `${text}!x`]);
}
