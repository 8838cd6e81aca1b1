/** How a reply's CSV is written, as negotiated (RFC 4180, with the parameters of docs/requests.md). */
export interface CsvFormat {
  readonly delimiter: ',' | ';' | '\t';
  /** Of the fractions of numbers. */
  readonly decimal: '.' | ',';
  /** The first record names the columns. */
  readonly header: boolean;
  /** U+FEFF in front, by which Excel knows UTF-8. */
  readonly byteOrderMark: boolean;
  /** Texts that a spreadsheet would take for formulas begin with an apostrophe. */
  readonly guarded: boolean;
}

const delimiters = new Map<string, CsvFormat['delimiter']>([
  ['comma', ','],
  ['semicolon', ';'],
  ['tab', '\t'],
  [',', ','],
  [';', ';'],
]);
const decimals = new Map<string, CsvFormat['decimal']>([
  ['point', '.'],
  ['comma', ','],
]);
const presences = new Map([
  ['present', true],
  ['absent', false],
]);
const formulas = new Map([
  ['as-is', false],
  ['guarded', true],
]);
const charsets = new Map([
  ['utf-8', true],
  ['utf8', true],
]);

/** What a client may say of the format besides its parameters: these speak of JSON, and some send them always. */
const ofJson = /^(odata\.)?(metadata|streaming)$|^ieee754compatible$|^exponentialdecimals$|^q$/;
const known = new Set(['charset', 'header', 'delimiter', 'decimal', 'bom', 'formulas']);

/**
 * The format that parameters of `text/csv` ask for, names and values in lower case; null: one of them is not known. A
 * decimal comma brings the semicolon with it, and cannot stand beside a comma between fields.
 */
export function csvFormatOf(parameters: ReadonlyMap<string, string>): CsvFormat | null {
  const stranger = [...parameters.keys()].some((name) => !known.has(name) && !ofJson.test(name));
  const valueIn = <T>(name: string, values: ReadonlyMap<string, T>, otherwise: T): T | undefined => {
    const text = parameters.get(name);
    return text === undefined ? otherwise : values.get(text);
  };
  const decimal = valueIn('decimal', decimals, '.');
  const delimiter = valueIn('delimiter', delimiters, decimal === ',' ? ';' : ',');
  const header = valueIn('header', presences, true);
  const byteOrderMark = valueIn('bom', presences, false);
  const guarded = valueIn('formulas', formulas, false);
  const charset = valueIn('charset', charsets, true);
  if (stranger || decimal === undefined || delimiter === undefined || decimal === delimiter) {
    return null;
  }
  if (header === undefined || byteOrderMark === undefined || guarded === undefined || charset === undefined) {
    return null;
  }
  return { delimiter, decimal, header, byteOrderMark, guarded };
}

/** What may be asked for, for messages. */
export const csvOffer =
  'csv (text/csv, with delimiter=comma, semicolon or tab, decimal=point or comma (not beside delimiter=comma), header=present or absent, ' +
  'bom=present or absent, formulas=as-is or guarded)';

/** The media type of a reply: the registered parameters (RFC 7111), and what was asked for. */
export function csvMediaType({ delimiter, decimal, header, byteOrderMark, guarded }: CsvFormat): string {
  const words = [
    'text/csv',
    'charset=utf-8',
    `header=${header ? 'present' : 'absent'}`,
    ...(delimiter === ',' ? [] : [`delimiter=${delimiter === ';' ? 'semicolon' : 'tab'}`]),
    ...(decimal === '.' ? [] : ['decimal=comma']),
    ...(byteOrderMark ? ['bom=present'] : []),
    ...(guarded ? ['formulas=guarded'] : []),
  ];
  return words.join(';');
}
