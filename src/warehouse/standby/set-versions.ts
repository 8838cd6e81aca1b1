import { literal } from '../../sql/literal.ts';

/** Data version and epoch of sets by their names, as `version/epoch`; a set without one is not in it. */
export type SetVersions = ReadonlyMap<string, string>;

/** A SELECT of one row whose `versions` is what `readVersions` reads. */
export function setVersionsText(sets: readonly string[]): string {
  const names = sets.map((name) => literal({ type: 'Edm.String', value: name })).join(', ');
  return `SELECT coalesce(json_object_agg(entity_set, version || '/' || epoch), '{}')::text AS versions FROM gateway.set_versions WHERE entity_set IN (${names})`;
}

export function readVersions(versions: string): SetVersions {
  return new Map(Object.entries(JSON.parse(versions) as Readonly<Record<string, string>>));
}

/**
 * Whether nobody who saw the rows of the second would miss any of their changes in those of the first. Another epoch is another history of
 * the set: which of two is the newer one, nobody can tell.
 */
export function isNoOlder(versions: SetVersions, than: SetVersions): boolean {
  return [...than].every(([set, other]) => {
    const [version = '', epoch] = (versions.get(set) ?? '').split('/');
    const [least = '', same] = other.split('/');
    return epoch === same && BigInt(version) >= BigInt(least);
  });
}
