import { Buffer } from 'node:buffer';
import { paddedBase64 } from '../../edm/base64-text.ts';
import type { Property } from '../../edm/model.ts';
import {
  canonicalDate,
  canonicalDateTimeOffset,
  canonicalDuration,
  canonicalTimeOfDay,
} from '../../plan/value/temporal-text.ts';
import { broken, readObject, stringValue } from './json-scan.ts';

/** Gives the texts of one row, in the order of the properties, as PostgreSQL reads them; null: null. */
export type ColumnTexts = (row: string) => (string | null)[];

type ColumnText = (raw: string) => string | null;

/**
 * The values of a row as a proxied feed serves them (`rowText`: each property there, digits as the feed wrote them), for columns of the
 * types that `primitiveType(...).postgres` names; a collection is its JSON array, as text. Chosen once for all rows. What PostgreSQL holds
 * less of than a feed may say is cut as it is for rows of files: fractions of seconds after six digits. U+0000, which no text in
 * PostgreSQL has, becomes U+FFFD.
 * Throws GatewayError UpstreamRefused where a value is none of its declared type.
 */
export function columnTexts(properties: readonly Property[]): ColumnTexts {
  const columns = properties.map((property) => [property.name, columnText(property)] as const);
  return (row) => {
    const members = readObject(row);
    return columns.map(([name, convert]) => {
      const raw = members.get(name) ?? 'null';
      return raw === 'null' ? null : convert(raw);
    });
  };
}

function columnText(property: Property): ColumnText {
  if (property.collection) {
    return (raw) => raw;
  }
  const checked =
    (read: (text: string) => string | null): ColumnText =>
    (raw) => {
      const text = stringValue(raw);
      const value = text === null ? null : read(text);
      if (value === null) {
        throw broken(`${property.name} is ${raw.slice(0, 60)}, which is no ${property.type.slice('Edm.'.length)}`);
      }
      return value;
    };
  switch (property.type) {
    case 'Edm.String':
      return checked((text) => (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text));
    case 'Edm.Binary':
      return checked((text) => `\\x${Buffer.from(paddedBase64(text), 'base64').toString('hex')}`);
    case 'Edm.Date':
      return checked(canonicalDate);
    case 'Edm.DateTimeOffset':
      return checked((text) => cutFraction(canonicalDateTimeOffset(text)));
    case 'Edm.TimeOfDay':
      return checked((text) => cutFraction(canonicalTimeOfDay(text)));
    case 'Edm.Duration':
      return checked(intervalText);
    case 'Edm.Guid':
      return checked((text) => (guid.test(text) ? text : null));
    case 'Edm.Double':
    case 'Edm.Single':
      return (raw) => {
        const text = stringValue(raw) ?? raw;
        return text.replace('INF', 'Infinity');
      };
    default:
      return (raw) => stringValue(raw) ?? raw;
  }
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** PostgreSQL would round further digits, the last moment of a day into the next one. */
const cutFraction = (text: string | null): string | null => text?.replace(/(\.\d{6})\d+/, '$1') ?? null;

/** PostgreSQL reads no sign before a duration, only one before each part. */
function intervalText(text: string): string | null {
  const canonical = cutFraction(canonicalDuration(text));
  return canonical?.startsWith('-') === true ? canonical.slice(1).replace(/\d+(\.\d+)?/g, '-$&') : canonical;
}
