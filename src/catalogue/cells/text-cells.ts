import { Buffer } from 'node:buffer';
import { type CellConverter, type CellFault, type Converted, fault, shownCell } from './cell.ts';
import { ruinedNumber } from './number-text.ts';

export interface TextForm {
  readonly maxLength: number | undefined;
  /** The text names something: part of a key or of a reference. */
  readonly identifies: boolean;
}

/** Text as it stands, within its length; a name of something must not be what a spreadsheet made of a long number. */
export function textConverter({ maxLength, identifies }: TextForm): CellConverter {
  return (cell) => {
    // MaxLength counts characters, a string UTF-16 units, two at most for one: only the few near the limit are counted.
    if (
      maxLength !== undefined &&
      cell.length > maxLength &&
      (cell.length > 2 * maxLength || [...cell].length > maxLength)
    ) {
      return fault('TOO_LONG', cell, `within ${maxLength} characters`);
    }
    return identifies ? (ruinedNumber(cell) ?? spreadsheetError(cell) ?? cell) : cell;
  };
}

/**
 * `#NAME?`, `#REF!`, `#N/A` and `#DIV/0!` as Excel and LibreOffice write them in any language (`#NAAM?`, `#BEZUG!`, `#NV`),
 * and the `#####` of a column too narrow for its value.
 */
const error = /^#(?:#{2,}|[\p{Lu}_.]{2,16}[?!]|(?:DIV|DEEL)\/0!|N\/[ABDPV]|NV|I\/T|GETTING_DATA)$/u;

/** A name that a spreadsheet lost: others came to the same text. Null where the cell is none. */
function spreadsheetError(cell: string): CellFault | null {
  const text = cell.trim();
  if (!text.startsWith('#') || !error.test(text)) {
    return null;
  }
  const message = `${shownCell(text)} is what a spreadsheet wrote in the place of a name that it lost. Take the file as the vendor wrote it, not as a spreadsheet saved it`;
  return { code: 'SPREADSHEET_ERROR', message };
}

/** Lists of texts; where its members name things, none of them may be ruined. A comma may be part of such a number. */
export function listConverter(form: TextForm): CellConverter {
  const text = textConverter(form);
  if (!form.identifies) {
    return text;
  }
  return (cell) => {
    const ruined = among.exec(cell);
    return (ruined === null ? null : ruinedNumber(ruined[1] ?? '')) ?? text(cell);
  };
}

const among = /(?:^|[\s,;|[\]])([+-]?(?:\d[.,]\d+[eE][+-]?\d{1,3}|\d[eE]\+\d{1,3}))(?=$|[\s,;|[\]])/;

const guid = /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\{[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\})$/i;

export const convertGuid: CellConverter = (cell) => (guid.test(cell) ? cell : fault('INVALID_GUID', cell, 'a GUID'));

const base64Pattern = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/;
const hexadecimalPattern = /^(?:0x|\\x)(?:[0-9a-f]{2})*$/i;

/** Base64 (RFC 4648, sections 4 and 5), padded or not, in lines or not, to PostgreSQL's hexadecimal form. */
export function binaryConverter(maxLength: number | undefined): CellConverter {
  return (cell) => {
    if (hexadecimalPattern.test(cell)) {
      return fault('INVALID_BINARY', cell, 'base64, but looks like hexadecimal');
    }
    const text = cell.replace(/\r?\n/g, '');
    const bytes = base64Bytes(text);
    if (bytes === null) {
      return fault('INVALID_BINARY', cell, 'base64');
    }
    if (maxLength !== undefined && bytes.length > maxLength) {
      return fault('TOO_LONG', cell, `within ${maxLength} bytes`);
    }
    return hexadecimal(bytes);
  };
}

function hexadecimal(bytes: Buffer): Converted {
  return `\\x${bytes.toString('hex')}`;
}

/** Null where characters, padding or the bits behind the last byte are not those of base64: then it is some other text. */
function base64Bytes(text: string): Buffer | null {
  if (!base64Pattern.test(text)) {
    return null;
  }
  const digits = text.replace(/=+$/, '');
  const padding = text.length - digits.length;
  if (digits.length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) {
    return null;
  }
  const bytes = Buffer.from(digits, 'base64');
  const again = bytes.toString('base64url').replace(/=+$/, '');
  return again === digits.replaceAll('+', '-').replaceAll('/', '_') ? bytes : null;
}
