import { hash } from 'node:crypto';

/** Bytes that PostgreSQL keeps of a name; what is longer it cuts without a word. */
const longestName = 63;

/**
 * A name made of another one: `prefix` before it, short enough for PostgreSQL. Two names with one prefix stay two, however long they are:
 * where the end does not fit, a digest of the whole stands in its place. Not quoted.
 */
export function distinctName(prefix: string, name: string): string {
  const whole = `${prefix}${name}`;
  if (Buffer.byteLength(whole) <= longestName) {
    return whole;
  }
  const digest = `~${hash('sha256', name, 'hex').slice(0, 16)}`;
  let kept = whole;
  while (Buffer.byteLength(kept + digest) > longestName) {
    kept = [...kept].slice(0, -1).join('');
  }
  return kept + digest;
}
