import type { CsvFormat } from './csv-format.ts';

/** What begins a text that spreadsheets run (OWASP, "CSV Injection"). */
const formula = /^[=+\-@\t\r]/;

/** A text as a field: an empty one is quoted, to be told from null, and so is one with a separator in it. */
export function textField(text: string, { delimiter, guarded }: CsvFormat): string {
  const whole = guarded && formula.test(text) ? `'${text}` : text;
  const plain = whole !== '' && !/["\r\n]/.test(whole) && !whole.includes(delimiter);
  return plain ? whole : `"${whole.replaceAll('"', '""')}"`;
}

export const rowEnd = '\r\n';
