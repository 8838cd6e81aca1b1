/** A name as Excel takes it for a sheet: at most 31 characters, none of those of references. */
export function sheetName(name: string, taken: ReadonlySet<string>): string {
  const plain = name.replace(/[[\]:*?/\\']/g, '_');
  // Excel keeps this one for itself.
  const own = plain.toLowerCase() === 'history' ? `${plain}_` : plain;
  return unique((suffix) => `${own.slice(0, 31 - suffix.length)}${suffix}`, taken);
}

/** A name as Excel takes it for a table: no reference to a cell (`AB12`, `R1C1`), and no other table's. */
export function tableName(name: string, taken: ReadonlySet<string>): string {
  const plain = name.replace(/[^\p{L}\p{N}_.]/gu, '_');
  const isReference = /^(?:[A-Za-z]{1,3}\d+|[Rr]\d*(?:[Cc]\d*)?|[Cc]\d*)$/.test(plain);
  const own = isReference || !/^[\p{L}_]/u.test(plain) ? `_${plain}` : plain;
  return unique((suffix) => `${own.slice(0, 255 - suffix.length)}${suffix}`, taken);
}

/** Names are told apart without case. */
function unique(withSuffix: (suffix: string) => string, taken: ReadonlySet<string>): string {
  let name = withSuffix('');
  for (let number = 2; taken.has(name.toLowerCase()); number++) {
    name = withSuffix(`_${number}`);
  }
  return name;
}

/** The letters of a column, counted from one. */
export function columnLetters(number: number): string {
  const rest = (number - 1) % 26;
  const letter = String.fromCharCode(0x41 + rest);
  return number <= 26 ? letter : `${columnLetters((number - 1 - rest) / 26)}${letter}`;
}
