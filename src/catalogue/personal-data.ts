/** A secret that turns what names a person into the same digest everywhere. It is never written anywhere. */
export interface PersonalKey {
  /** HMAC-SHA-256 of the text's UTF-8, in 64 lower-case hexadecimal digits. */
  digest(text: string): string;
}

/** What becomes of the values of a class of personal data before anything is stored. */
export type PersonalPolicy = 'keep' | 'drop' | 'mask' | 'hash';

/** What an export does with personal data; see docs/personal-data.md. */
export interface PersonalRules {
  /** By property: those that are not kept as they are. */
  readonly policies: ReadonlyMap<string, Exclude<PersonalPolicy, 'keep'>>;
  /** Cells under unknown headers count as personal until the metadata knows them. */
  readonly extras: 'keep' | 'drop' | 'hash';
}

/** Characters of a stored hash: the mark `h_` and the first 128 bits of the digest in hexadecimal. */
export const hashLength = 34;

/** Whether an export keeps all that its files say. */
export const keepsAll = ({ policies, extras }: PersonalRules): boolean => policies.size === 0 && extras === 'keep';

/** Whether anything of an export is hashed, so that the key is needed. */
export const hashes = ({ policies, extras }: PersonalRules): boolean =>
  extras === 'hash' || [...policies.values()].includes('hash');
