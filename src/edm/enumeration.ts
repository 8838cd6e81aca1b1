import type { Enumeration } from './model.ts';

/**
 * What is wrong with a text as a value of the enumeration, as the end of a sentence; null: it is one. Written are member
 * names or whole numbers, several with commas where the members are flags (ABNF, `enumValue`).
 */
export function faultOfMembers({ name, members, flags }: Enumeration, text: string): string | null {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > 1 && !flags) {
    return `'${text}' names several members of ${name}, which has one at a time`;
  }
  const unknown = parts.find((part) => !members.has(part) && !/^[+-]?\d{1,19}$/.test(part));
  if (unknown === undefined) {
    return null;
  }
  return `'${unknown}' is no member of ${name}; it has ${[...members.keys()].slice(0, 30).join(', ')}`;
}

/** The names that a literal may have before its quotes: the feed's own, and the short one in our namespace. */
export function isNameOf({ name }: Enumeration, written: string, namespace: string): boolean {
  return written === name || written === `${namespace}.${name.slice(name.lastIndexOf('.') + 1)}`;
}
