/** A name in TMDL: in quotes where it is more than letters, digits and `_`. */
export const tmdlName = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? name : `'${name.replaceAll("'", "''")}'`;

/** A column as DAX and relationships name it. */
export const daxColumn = (table: string, column: string): string =>
  `'${table.replaceAll("'", "''")}'[${column.replaceAll(']', ']]')}]`;

/** An object of TMDL: its line, its properties, then its own objects and annotations, each one level deeper. */
export interface TmdlObject {
  /** Told above it; absent or empty: nothing is. */
  readonly description?: string | undefined;
  /** e.g. `column Name`. */
  readonly line: string;
  /** `name: value`, or a name alone for what is true. */
  readonly properties?: readonly string[];
  readonly objects?: readonly TmdlObject[];
  /** `name = value` */
  readonly annotations?: readonly string[];
  /** Lines two levels below: the expression of a line that ends with `=`. */
  readonly expression?: string;
}

/** The text of objects, indented by tabs, with a blank line between them. */
export function tmdlText(objects: readonly TmdlObject[]): string {
  return `${objects.map((object) => linesOf(object, 0).join('\n')).join('\n\n')}\n`;
}

function linesOf(object: TmdlObject, depth: number): string[] {
  const tabs = (more: number): string => '\t'.repeat(depth + more);
  const { description = '', line, properties = [], objects = [], annotations = [], expression } = object;
  // A description is one line: an empty one behind `///` is refused.
  const told = description.replace(/\s+/g, ' ').trim();
  return [
    ...(told === '' ? [] : [`${tabs(0)}/// ${told}`]),
    `${tabs(0)}${line}`,
    ...(expression === undefined ? [] : expression.split('\n').map((one) => `${tabs(2)}${one}`)),
    ...properties.flatMap((property) => property.split('\n').map((one) => `${tabs(1)}${one}`)),
    ...objects.flatMap((one) => ['', ...linesOf(one, depth + 1)]),
    ...annotations.flatMap((annotation) => ['', `${tabs(1)}annotation ${annotation}`]),
  ];
}
