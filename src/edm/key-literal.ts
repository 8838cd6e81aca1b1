import { paddedBase64 } from './base64-text.ts';
import { dayTimeDuration } from './duration-text.ts';
import type { PrimitiveTypeName } from './model.ts';
import { primitiveType } from './primitive-types.ts';
import { keyReal } from './real-text.ts';

/**
 * The value of a key in a URL that the gateway writes: one spelling for ids, links and removed rows, whichever way the value
 * came. It is the one that the .NET OData libraries work out of a row by themselves, all versions alike, so that
 * a client that keeps ids finds its row again: every character but the unreserved ones of RFC 3986 is percent-encoded, the
 * quotes around a value are not. As input every spelling is taken.
 *
 * `text`: the value as it stands in OData JSON, without the quotes of a JSON string.
 */
export function keyLiteral(type: PrimitiveTypeName, text: string): string {
  const canonical = canonicalKey(type, text);
  switch (primitiveType(type).url) {
    case 'bare':
      return percentEncoded(canonical);
    case 'quoted':
      return `'${percentEncoded(canonical.replaceAll("'", "''"))}'`;
    case 'duration':
      return `duration'${percentEncoded(canonical)}'`;
    case 'binary':
      return `binary'${percentEncoded(canonical)}'`;
  }
}

/** `Set(1)` or `Set(A=1,B='x')`, relative to the service root (URL Conventions 4.3.1). */
export function entityUrl(
  set: string,
  key: readonly { readonly name: string; readonly type: PrimitiveTypeName }[],
  texts: readonly string[],
): string {
  const pairs = key.map(({ name, type }, index) => {
    const literal = keyLiteral(type, texts[index] ?? '');
    return key.length === 1 ? literal : `${name}=${literal}`;
  });
  return `${set}(${pairs.join(',')})`;
}

/** `encodeURIComponent` leaves five reserved characters alone. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalKey(type: PrimitiveTypeName, text: string): string {
  switch (type) {
    case 'Edm.Binary':
      return paddedBase64(text);
    case 'Edm.DateTimeOffset':
      return instantText(text);
    case 'Edm.Decimal':
      return text.replace(/^\+/, '');
    case 'Edm.Double':
    case 'Edm.Single':
      return keyReal(text, type);
    case 'Edm.Duration':
      return dayTimeDuration(text);
    case 'Edm.Guid':
      return text.toLowerCase();
    case 'Edm.TimeOfDay':
      return timeText(text);
    default:
      return text;
  }
}

const clock = /^(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(.*)$/s;

/** .NET writes the seven digits of its ticks. */
function timeText(text: string): string {
  const [, minutes = text, seconds = '00', fraction = ''] = clock.exec(text) ?? [];
  return `${minutes}:${seconds}.${fraction.slice(0, 7).padEnd(7, '0')}`;
}

/** Seconds always, at most seven digits of a fraction and no zeros at its end; an offset of nothing is `Z`. */
function instantText(text: string): string {
  const at = text.indexOf('T');
  const [, minutes = '', seconds = '00', fraction = '', offset = ''] = clock.exec(text.slice(at + 1)) ?? [];
  const digits = fraction.slice(0, 7).replace(/0+$/, '');
  const zone = /^(?:Z|[+-]00:00)$/.test(offset) ? 'Z' : offset;
  return `${text.slice(0, at)}T${minutes}:${seconds}${digits === '' ? '' : `.${digits}`}${zone}`;
}
