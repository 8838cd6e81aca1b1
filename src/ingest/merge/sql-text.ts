/** A name as PostgreSQL takes it, exact case. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text constant. Used for names of sets and properties out of the checked metadata, never for cell text. */
export function constant(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `a.x = b.x AND a.y = b.y`. */
export function sameKey(left: string, right: string, columns: readonly string[]): string {
  return columns.map((name) => `${left}.${identifier(name)} = ${right}.${identifier(name)}`).join(' AND ');
}

export function list(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? identifier(name) : `${alias}.${identifier(name)}`)).join(', ');
}
