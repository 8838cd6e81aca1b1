import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { ControlShape } from '../../sql/compiled-query.ts';

/** The canonical URL of an entity relative to the service root, e.g. `Cases('A%20b')` (URL Conventions 4.3.1). */
export function entityId(control: ControlShape, values: readonly string[]): string {
  const pairs = control.key.map((key, index) => {
    const literal = keyLiteral(key.type, values[index] ?? '');
    return control.key.length === 1 ? literal : `${key.name}=${literal}`;
  });
  return `${control.set}(${pairs.join(',')})`;
}

/** An id as a relative URL: no colon may stand before its first slash (RFC 3986, 4.2). */
export const relativeId = (id: string): string => id.replaceAll(':', '%3A');

/** A key value in PostgreSQL's text form as a percent-encoded URL literal. */
export function keyLiteral(type: PrimitiveTypeName, text: string): string {
  return encodeURIComponent(plainLiteral(type, text)).replace(/%2C/g, ',').replace(/%3A/g, ':');
}

function plainLiteral(type: PrimitiveTypeName, text: string): string {
  switch (type) {
    case 'Edm.String':
      return `'${text.replaceAll("'", "''")}'`;
    case 'Edm.Boolean':
      return text.startsWith('t') ? 'true' : 'false';
    case 'Edm.DateTimeOffset':
      return `${text.replace(' ', 'T').replace(/\+00$/, '')}Z`;
    case 'Edm.Duration':
      return `duration'${text}'`;
    case 'Edm.Binary':
      return `binary'${Buffer.from(text.slice(2), 'hex').toString('base64url')}'`;
    default:
      return text;
  }
}
