import { type Grants, seenOf } from '../grants.ts';
import { TextDigest } from '../value/digest.ts';

/** Digits that a fingerprint has of the query; those behind it are of the rights, where there are rules. */
const ofQuery = 10;

export const queryPart = (fingerprint: string): string => fingerprint.slice(0, ofQuery);

/**
 * The fingerprint of a query with what somebody may see of the sets that it reads: rows, columns and masks. As long as it was, so that nobody sees by
 * it whether anything is kept from him. Rules about other sets do not count, nor how the same rights came about.
 */
export function withRights(fingerprint: string, setNames: readonly string[], grants: Grants): string {
  if (grants.sets === null) {
    return fingerprint;
  }
  const seen = setNames.map((name) => [name, seenOf(name, grants)]);
  const rights = new TextDigest().add(JSON.stringify(seen)).end();
  return queryPart(fingerprint) + rights.slice(ofQuery);
}
