import type { EntityType } from '../../edm/model.ts';
import { broken } from './json-scan.ts';

type Members = ReadonlyMap<string, string>;

/** Names that are remembered; rows of an open type may have any. */
export const mostNames = 1000;

/**
 * The declared names, as the feed calls them, that a name may stand for because it differs from them by case alone; none where it is
 * declared itself, or is like no other. Some services declare `CustomerId` and send `customerId`.
 */
export function declaredFor({
  properties,
  navigationProperties,
}: Pick<EntityType, 'properties' | 'navigationProperties'>): (name: string) => readonly string[] {
  const declared = new Set([
    ...[...properties.values()].map(({ name, upstream }) => upstream?.name ?? name),
    ...navigationProperties.keys(),
  ]);
  const byLetters = new Map<string, readonly string[]>();
  for (const name of declared) {
    const letters = name.toLowerCase();
    byLetters.set(letters, [...(byLetters.get(letters) ?? []), name]);
  }
  const known = new Map<string, readonly string[]>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) {
      return before;
    }
    const found = declared.has(name) ? [] : (byLetters.get(name.toLowerCase()) ?? []);
    if (known.size < mostNames) {
      known.set(name, found);
    }
    return found;
  };
}

/**
 * What a feed sends of a row of the type, under the names that it declares. The same members where nothing is spelled otherwise. Throws
 * GatewayError UpstreamRefused where nobody can tell what a value is of: taken for nothing, it would be null in silence.
 */
export function declaredNames(
  type: Pick<EntityType, 'properties' | 'navigationProperties'>,
): (members: Members) => Members {
  const meant = declaredFor(type);
  return (members) => {
    let own: Map<string, string> | null = null;
    for (const [name, raw] of members) {
      // What is said about a member has its name before the at sign; what is said about the row has none.
      const mark = name.indexOf('@');
      const [base, rest] = mark < 0 ? [name, ''] : [name.slice(0, mark), name.slice(mark)];
      const candidates = meant(base);
      const absent = candidates.filter((candidate) => !members.has(candidate + rest));
      const [target] = absent;
      if (target === undefined) {
        continue;
      }
      if (candidates.length > 1 || own?.has(target + rest) === true) {
        throw broken(
          `a row has ${name}, which its $metadata does not declare, and which may be ${candidates.join(' or ')}`,
        );
      }
      own ??= new Map(members);
      own.set(target + rest, raw);
    }
    return own ?? members;
  };
}
