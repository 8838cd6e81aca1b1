import { isDuration } from './temporal-literal.ts';

const operators: Readonly<Record<string, string>> = {
  '==': 'eq',
  '=': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '<=': 'le',
  '<': 'lt',
  '>=': 'ge',
  '>': 'gt',
  '&&': 'and',
  '||': 'or',
};

/** What the text at a fault may have been meant as, in brackets behind the message; '' where nothing is known. */
export function hintAt(text: string, at: number): string {
  const rest = text.slice(at, at + 24);
  if (/^ ?\+/.test(rest) && !/^ ?\+\d/.test(rest)) {
    return " (a plus sign is no blank in OData; write '%20')";
  }
  const operator = operators[/^ *(==?|!=|<>|<=?|>=?|&&|\|\|)/.exec(rest)?.[1] ?? ''];
  if (operator !== undefined) {
    return ` (write '${operator}')`;
  }
  if (/^ ?[\u2018\u2019\u201a\u201c-\u201e\u00b4`]/.test(rest)) {
    return " (a text stands in straight single quotes: 'text')";
  }
  if (rest.startsWith('"')) {
    return " (a text stands in single quotes: 'text')";
  }
  // `'O'Neil'`: the text ended at the quote within it.
  if (text[at - 1] === "'" && /^[\p{L}\p{N}]/u.test(rest)) {
    return " (a quote within a text is written twice: 'O''Neil')";
  }
  return '';
}

const samples: Readonly<Record<string, string>> = {
  datetime: '2020-01-31T00:00:00Z',
  datetimeoffset: '2020-01-31T00:00:00Z',
  time: '23:59:59',
  guid: '01234567-89ab-cdef-0123-456789abcdef',
  x: "binary'AQID'",
};

/** A literal with a prefix of OData 2 and 3 as it is written today; null: the prefix was none of theirs. */
export function modernForm(prefix: string, text: string): string | null {
  const sample = Object.hasOwn(samples, prefix) ? samples[prefix] : undefined;
  if (sample === undefined) {
    return null;
  }
  if (prefix === 'guid' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    return text;
  }
  if (prefix === 'time' && isDuration(text)) {
    return `duration'${text}'`;
  }
  if (prefix === 'x' && /^(?:[0-9a-f]{2})+$/i.test(text)) {
    return `binary'${base64Url(text)}'`;
  }
  const instant = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?))?(Z|[+-]\d\d:\d\d)?$/i.exec(text);
  if (!prefix.startsWith('datetime') || instant === null) {
    return sample;
  }
  const [, date, time = '00:00:00', zone = 'Z'] = instant;
  return `${date}T${time}${zone.toUpperCase()}`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Hexadecimal digits, two a byte, as base64url without padding. */
function base64Url(digits: string): string {
  const bits = [...digits].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  const groups = bits.match(/.{1,6}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(6, '0'), 2)] ?? '').join('');
}
