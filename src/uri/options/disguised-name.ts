const encodedByte = /(?:%[0-9A-Fa-f]{2})+/g;
const entity = /&?(?:amp|#0*38|#x0*26);/gi;
const numericEntity = /&?#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi;
/** Blanks, line ends, what cannot be seen, the plus sign of forms, and what shells and JSON escape with. */
const unseen = /[\s\p{C}\p{Default_Ignorable_Code_Point}+\\`^]/gu;
const stray = /^[&;?"'[\](]+|[&;?"'[\])$]+$/g;

/** The name of an option without the blanks and line ends before it, which are no part of it. */
export function trimmedName(name: string): string {
  return name.replace(/^[\s+]+/, '');
}

/**
 * What a name would be without the blanks, line ends, escapes and signs in it that a reader does not see: the name of a
 * system option, perhaps, that somebody believes in force (`amp;$filter`, `%24filter` encoded twice, a full-width `$`).
 */
export function undisguisedName(name: string): string {
  const [plain = ''] = fullyDecoded(name).replace(unseen, '').replace(/^=+/, '').split('=', 1);
  return plain.replace(stray, '');
}

/** What a name ends in behind a `$` or an entity of HTML: `nbsp;$filter`, `dollar;filter`, `/$filter`. Empty: nothing of the kind. */
export const optionNameAtEnd = (name: string): string => /[$;]([A-Za-z]{2,16})$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** An option within the value of another one: `x&$top`, where the ampersand was encoded or is something else. */
export function optionNamesWithin(value: string): string[] {
  const names = fullyDecoded(value).matchAll(/[&;?\r\n]\s*\$([A-Za-z]{2,16})\s*=/g);
  return [...names].map(([, name = '']) => name.toLowerCase());
}

/** All that is encoded decoded, however often it was. */
function fullyDecoded(text: string): string {
  let before = '';
  let decoded = text;
  while (decoded !== before) {
    before = decoded;
    decoded = decoded.replace(encodedByte, decodedBytes).replace(entity, '&').replace(numericEntity, character);
  }
  return decoded.normalize('NFKC');
}

function decodedBytes(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function character(whole: string, hexadecimal: string | undefined, decimal: string | undefined): string {
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
