import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

function codePoint(text: unknown): number {
  const code = typeof text === 'string' ? text.codePointAt(0) : undefined;
  const isOne = code !== undefined && text === String.fromCodePoint(code);
  if (!isOne || (code >= surrogates.first && code < surrogates.first + surrogates.count)) {
    throw new Error('no character');
  }
  return code < surrogates.first ? code : code - surrogates.count;
}

/**
 * Any character of Unicode, for `fc.string({ unit: anyCharacter })`: what the unit `binary` is, which keeps a map of all 1.1 million,
 * made in 0.8 s of processor time and 110 MB.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(0x10ffff - surrogates.count)
  .map((n) => String.fromCodePoint(n < surrogates.first ? n : n + surrogates.count), codePoint);
