import { normalForm } from './normal-form.ts';

/** A telephone number with its country, inside a text. */
const telephones = /(?:\+|\b00)[ ()./-]*[1-9](?:[ ()./-]*\d){7,14}/g;

/** The words of a text, in which case, marks and what stands between do not count. */
export const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** Telephone numbers with their country in a text, as `+` and digits. */
export const telephonesIn = (text: string): readonly string[] =>
  (text.match(telephones) ?? []).map((found) => normalForm(found));

// What is asked of a cell is asked with tokens, so that whoever answers needs digests of them alone.

/** A number or name that stands for a person, taken exactly. */
export const exactToken = (text: string): string => `=${normalForm(text, true)}`;
/** A cell of these words and no others. */
export const cellToken = (words: readonly string[]): string => `~${words.join(' ')}`;
/** These words in a row, within a text. */
export const mentionToken = (words: readonly string[]): string => `^${words.join(' ')}`;

/**
 * A token of a person, and how many words it has where it is looked for inside of texts; 0: it is not; `telephoneWords`: it is a telephone
 * number.
 */
export interface PersonToken {
  readonly token: string;
  readonly words: number;
}

export const telephoneWords = -1;

/** One word of fewer letters, or digits, says too little to be looked for in what people wrote. */
const [fewLetters, fewDigits] = [5, 8];

/** What a value that names a person is known by. */
export function personTokens(value: string): readonly PersonToken[] {
  const words = wordsOf(value);
  const [first = ''] = words;
  const isTelling = words.length > 1 || first.length >= (/^\p{N}+$/u.test(first) ? fewDigits : fewLetters);
  return [
    { token: exactToken(value), words: 0 },
    ...(words.length === 0 ? [] : [{ token: cellToken(words), words: 0 }]),
    ...(isTelling && words.length > 0 ? [{ token: mentionToken(words), words: words.length }] : []),
    ...telephonesIn(value).map((token) => ({ token, words: telephoneWords })),
  ];
}
