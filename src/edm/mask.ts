import type { PersonalData, Property } from './model.ts';

const textMask = /^\[\d+ characters\]$/;

/**
 * A text of which only the shape is left. Of what a person wrote (`content`) its length; of other texts the first letter of each
 * word and the last two digits. Masking twice gives the same.
 */
export function maskedText(text: string, kind: PersonalData): string {
  if (kind === 'content') {
    return textMask.test(text) ? text : `[${[...text].length} characters]`;
  }
  let digits = (text.match(/\p{N}/gu) ?? []).length;
  return text
    .normalize('NFC')
    .replace(/\p{N}/gu, (digit) => (digits-- > 2 ? '*' : digit))
    .replace(/[\p{L}\p{M}]+/gu, (word) => {
      const [first = '', ...rest] = word;
      return first + '*'.repeat(rest.length);
    });
}

/** The first day or moment of the year of a date or time in ISO form. */
export function maskedTime(value: string): string {
  const year = /^\d+/.exec(value)?.[0] ?? '';
  return value.length > 10 ? `${year}-01-01T00:00:00Z` : `${year}-01-01`;
}

/** How values of a property are masked. `length`, `shape`: texts; `year`: days and moments. null: nothing is left of them. */
export type MaskKind = 'length' | 'shape' | 'year';

/** What has no shape of its own (numbers, identifiers, members of enumerations) leaves nothing. */
export function maskOf({ type, collection, enumeration, personalData }: Property): MaskKind | null {
  if (collection || enumeration !== undefined) {
    return null;
  }
  if (type === 'Edm.String') {
    return (personalData ?? 'content') === 'content' ? 'length' : 'shape';
  }
  return type === 'Edm.Date' || type === 'Edm.DateTimeOffset' ? 'year' : null;
}

/** A value in canonical text, masked as its property is; null: nothing is left of it. */
export function maskedValue(value: string, property: Property): string | null {
  const kind = maskOf(property);
  if (kind === null) {
    return null;
  }
  return kind === 'year' ? maskedTime(value) : maskedText(value, kind === 'length' ? 'content' : 'none');
}
