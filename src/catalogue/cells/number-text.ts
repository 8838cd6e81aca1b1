import { type CellFault, fault, shownCell } from './cell.ts';

export type DecimalMark = '.' | ',';

/** What is known of the marks in the numbers of a column. */
export interface NumberMarks {
  /** The metadata says it (`decimalMark`): it settles what both marks mean where they could mean either. */
  readonly stated: DecimalMark | null;
  /** The column's documented example shows it: it settles this mark, but not whether the other one groups thousands. */
  readonly shown: DecimalMark | null;
}

/** No number has more characters; what follows takes quadratic steps for some texts. */
const longest = 1000;
/** What programs write, read first: a file has millions of them. */
const plain = /^-?\d+$/;
const withPoint = /^-?\d+\.\d+$/;
const scientificPattern = /^([+-]?)(\d+[.,]?\d*|[.,]\d+)[eE]([+-]?\d{1,9})$/;
/** What groups thousands and is a decimal mark nowhere: apostrophes and blanks, of Switzerland, France, Sweden and the SI. */
const groupedPattern = /^[1-9]\d{0,2}(['’ \u00a0\u2009\u202f])\d{3}(?:\1\d{3})*(?:([.,])(\d+))?$/;
const bothMarks = /^[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*([.,])(\d+)$/;
const groupedTwice = /^[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})+$/;
const oneMark = /^(\d*)([.,])(\d*)$/;
const threeBehind = /^[1-9]\d{0,2}[.,]\d{3}$/;

/**
 * A cell as a number in digits, with a point where it has a fraction and an exponent where it has one: `1.234,5` and
 * `1 234.5` are `1234.5`. One mark with three digits behind it (`1,234`, `1.000`) is another number in another country:
 * ambiguous, unless stated or, for the mark that it shows, the column's example settles it. Null: no number.
 */
export function numberText(cell: string, marks: NumberMarks): string | CellFault | null {
  if (cell.length > longest) {
    return null;
  }
  if (plain.test(cell)) {
    return cell;
  }
  if ((marks.stated ?? marks.shown) === '.' && withPoint.test(cell)) {
    return cell;
  }
  const exponent = scientificPattern.exec(cell);
  if (exponent !== null) {
    return scientific(exponent);
  }
  // Spreadsheets write U+2212 in some languages.
  const sign = /^[-\u2212]/.test(cell) ? '-' : '';
  const text = unsigned(/^[-+\u2212]/.test(cell) ? cell.slice(1) : cell, marks);
  if (text === 'ambiguous') {
    return ambiguous(cell);
  }
  return text === null ? null : sign + text;
}

/** The decimal mark that an example shows beyond doubt; null: none. */
export function shownMark(example: string): DecimalMark | null {
  const number = example.replace(/^[^\d.,]+|[^\d.,]+$/g, '');
  const text = unsigned(number, { stated: null, shown: null });
  if (text === null || text === 'ambiguous' || !text.includes('.')) {
    return null;
  }
  return number.lastIndexOf(',') > number.lastIndexOf('.') ? ',' : '.';
}

/** Nobody groups thousands before an exponent. */
function scientific([, sign = '', mantissa = '', exponent = '']: RegExpExecArray): string {
  const [whole = '', fraction = ''] = mantissa.split(/[.,]/);
  return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction === '' ? '' : `.${fraction}`}e${exponent}`;
}

function unsigned(text: string, { stated, shown }: NumberMarks): string | null {
  if (/^\d+$/.test(text)) {
    return text;
  }
  const one = oneMark.exec(text);
  if (one !== null) {
    const [, whole = '', mark = '', fraction = ''] = one;
    if (whole === '' && fraction === '') {
      return null;
    }
    if (threeBehind.test(text)) {
      if (stated === null && shown !== mark) {
        return 'ambiguous';
      }
      if (stated !== null && stated !== mark) {
        return whole + fraction;
      }
    }
    return `${whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  }
  const both = bothMarks.exec(text);
  if (both !== null && both[1] !== both[2]) {
    return `${text.slice(0, -(both[3] ?? '').length - 1).replaceAll(both[1] ?? '', '')}.${both[3]}`;
  }
  const twice = groupedTwice.exec(text);
  if (twice !== null) {
    return text.replaceAll(twice[1] ?? '', '');
  }
  const grouped = groupedPattern.exec(text);
  if (grouped === null) {
    return null;
  }
  const [, group = '', mark, fraction = ''] = grouped;
  return mark === undefined
    ? text.replaceAll(group, '')
    : `${text.slice(0, -fraction.length - 1).replaceAll(group, '')}.${fraction}`;
}

function ambiguous(cell: string): CellFault {
  const mark = cell.includes(',') ? 'comma' : 'point';
  const message = `${shownCell(cell)} is not clear: its ${mark} may be a decimal or a thousands mark; decimalMark in the metadata says which`;
  return { code: 'AMBIGUOUS_DECIMAL', message };
}

/** The shapes in which spreadsheets write long numbers (`1,24E+15`, `1E+15`, `1.24e15`), and nobody writes an id. */
const ruined = /^[+-]?(?:\d[.,]\d+[eE][+-]?\d{1,3}|\d[eE]\+\d{1,3})$/;

/**
 * The fault of a cell in which a spreadsheet replaced a long number by a short one: other numbers came to the same text, so
 * it names nothing any more. Null where the cell is none.
 */
export function ruinedNumber(cell: string): CellFault | null {
  const text = cell.trim();
  if (!ruined.test(text)) {
    return null;
  }
  const message = `${shownCell(text)} is what a spreadsheet made of a long number: its last digits are lost. Take the file as the vendor wrote it, not as a spreadsheet saved it`;
  return { code: 'SCIENTIFIC_NOTATION', message };
}

/** `numberText` without its exponent, digit by digit; null where that would be more than a thousand digits. */
export function withoutExponent(number: string): string | null {
  const at = number.search(/e/);
  if (at === -1) {
    return number;
  }
  const negative = number.startsWith('-');
  const [whole = '', fraction = ''] = number.slice(negative ? 1 : 0, at).split('.');
  const digits = whole + fraction;
  if (/^0*$/.test(digits)) {
    return '0';
  }
  const point = whole.length + Number(number.slice(at + 1));
  if (Math.abs(point) > 1000) {
    return null;
  }
  const sign = negative ? '-' : '';
  if (point <= 0) {
    return `${sign}0.${'0'.repeat(-point)}${digits}`;
  }
  if (point >= digits.length) {
    return sign + digits + '0'.repeat(point - digits.length);
  }
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** `numberText` of a cell, with a fault of the encoding where it is none. */
export function readNumber(cell: string, marks: NumberMarks): string | CellFault {
  return numberText(cell, marks) ?? fault('INVALID_DECIMAL', cell, 'a number');
}
