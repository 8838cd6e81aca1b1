import type { EntityType, Property } from '../../edm/model.ts';
import { broken } from './json-scan.ts';

type Members = ReadonlyMap<string, string>;

/** What a feed sends of a row of the type, under our names and in our units. The same members where nothing is called otherwise. */
export function ownNames({ properties }: Pick<EntityType, 'properties'>): (members: Members) => Members {
  const renamed = [...properties.values()].filter(({ upstream }) => upstream !== undefined);
  if (renamed.length === 0) {
    return (members) => members;
  }
  return (members) => {
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
