const special = /[\\\n\r\t]/;
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One value in COPY text format (PostgreSQL manual, COPY, "Text Format"). */
export function copyValue(value: string | null): string {
  if (value === null) {
    return '\\N';
  }
  return special.test(value) ? value.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character) : value;
}

/** One row with its line feed. */
export const copyLine = (values: readonly (string | null)[]): string => `${copyFields(values)}\n`;

/** The values of a row, or of a part of one, with tabs between them. */
export function copyFields(values: readonly (string | null)[]): string {
  let line = '';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) {
      line += '\t';
    }
    line += copyValue(values[index] ?? null);
  }
  return line;
}
