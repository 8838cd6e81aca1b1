import { createHash } from 'node:crypto';

/** A GUID, the same for the same text, in the form of version 5 (RFC 9562). */
export function guid(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  digest[6] = ((digest[6] as number) & 0x0f) | 0x50;
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
