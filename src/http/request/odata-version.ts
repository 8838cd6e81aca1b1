import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';

/** A version as .NET clients write it too: `4.0;NetFx`, with blanks and an empty rest. Only the number counts. */
const versionPattern = /^(\d{1,3}(?:\.\d{1,3})?)\s*(?:;.*)?$/;

/**
 * The highest version that a client understands, from `OData-MaxVersion` (Protocol 8.2.7); null: not said. A header that
 * a proxy doubled counts with its lowest number.
 *
 * @throws GatewayError UnsupportedVersion for what is no version
 */
export function maxVersion(headers: IncomingHttpHeaders): number | null {
  const header = headers['odata-maxversion'];
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  const stated = text.split(',').map((part) => part.trim());
  const numbers = stated.filter((part) => part !== '').map((part) => Number(versionPattern.exec(part)?.[1] ?? 'NaN'));
  if (numbers.length === 0) {
    return null;
  }
  if (numbers.some(Number.isNaN)) {
    throw unsupported(`"${text}" is no version; write 4.0 or 4.01`);
  }
  return Math.min(...numbers);
}

/** Throws GatewayError UnsupportedVersion where the client reads nothing as new as 4.0. */
export function checkVersion(headers: IncomingHttpHeaders): void {
  const version = maxVersion(headers);
  if (version !== null && version < 4) {
    throw unsupported(`${version} is below 4.0, the version of this feed`);
  }
}

const unsupported = (what: string): GatewayError =>
  new GatewayError('UnsupportedVersion', `OData-MaxVersion ${what}`, { target: 'OData-MaxVersion' });
