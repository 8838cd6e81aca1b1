import { paddedBase64 } from '../../edm/base64-text.ts';
import type { PrimitiveTypeName } from '../../edm/model.ts';
import { canonicalDecimal, canonicalDouble, canonicalInteger, canonicalSingle, fits } from './numeric-text.ts';
import { canonicalDate, canonicalDateTimeOffset, canonicalDuration, canonicalTimeOfDay } from './temporal-text.ts';

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Text as it may stand in a URL literal of the type, to canonical text; null where it is not of the type. */
export function canonicalText(text: string, type: PrimitiveTypeName): string | null {
  switch (type) {
    case 'Edm.String':
      return text;
    case 'Edm.Boolean':
      return booleanText(text);
    case 'Edm.Guid':
      return guidPattern.test(text.toLowerCase()) ? text.toLowerCase() : null;
    case 'Edm.Binary':
      return /^[A-Za-z0-9_+/-]*={0,2}$/.test(text) ? paddedBase64(text) : null;
    case 'Edm.Date':
      return canonicalDate(text);
    case 'Edm.TimeOfDay':
      return canonicalTimeOfDay(text);
    case 'Edm.DateTimeOffset':
      return canonicalDateTimeOffset(text);
    case 'Edm.Duration':
      return canonicalDuration(text);
    case 'Edm.Decimal':
      return canonicalDecimal(text);
    case 'Edm.Double':
      return canonicalDouble(text);
    case 'Edm.Single':
      return canonicalSingle(text);
    default:
      return integerText(text, type);
  }
}

function booleanText(text: string): string | null {
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower : null;
}

function integerText(text: string, type: PrimitiveTypeName): string | null {
  const integer = canonicalInteger(text);
  return integer !== null && fits(integer, type) ? integer : null;
}
