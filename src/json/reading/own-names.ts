import type { EntityType, Property } from '../../edm/model.ts';
import { broken } from './json-scan.ts';
import { declaredNames } from './other-spelling.ts';

type Members = ReadonlyMap<string, string>;

/**
 * What a feed sends of a row of the type, under our names and in our units. The same members where nothing is called otherwise. Names
 * may be spelled in other case than the feed declares them.
 */
export function ownNames(type: Pick<EntityType, 'properties' | 'navigationProperties'>): (members: Members) => Members {
  const declared = declaredNames(type);
  const renamed = [...type.properties.values()].filter(({ upstream }) => upstream !== undefined);
  if (renamed.length === 0) {
    return declared;
  }
  return (sent) => {
    const members = declared(sent);
    const own = new Map(members);
    for (const property of renamed) {
      own.delete(property.upstream?.name ?? '');
    }
    for (const property of renamed) {
      const raw = members.get(property.upstream?.name ?? '');
      if (raw !== undefined) {
        own.set(property.name, inOurUnit(raw, property));
      }
    }
    return own;
  };
}

/** Cut towards zero, as `div` of whole numbers does. */
function inOurUnit(raw: string, { name, upstream }: Property): string {
  const divisor = upstream?.divisor ?? null;
  if (divisor === null || raw === 'null') {
    return raw;
  }
  const digits = /^"?(-?\d{1,19})(?:\.0+)?"?$/.exec(raw)?.[1];
  if (digits === undefined) {
    throw broken(`${name} is ${raw.slice(0, 60)}, which is no whole number`);
  }
  return String(BigInt(digits) / BigInt(divisor));
}
