import { type Grants, type SetGrant, seenOf } from '../grants.ts';
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
  const rights = new TextDigest();
  for (const name of setNames) {
    rights.add(`${name}=${digestOf(name, grants)};`);
  }
  return queryPart(fingerprint) + rights.end().slice(ofQuery);
}

function digestOf(name: string, grants: Grants): string {
  const grant = grants.sets?.get(name);
  const before = grant === undefined ? undefined : digests.get(grant);
  if (before !== undefined) {
    return before;
  }
  const digest = new TextDigest().add(seenOf(name, grants)).end();
  if (grant !== undefined) {
    digests.set(grant, digest);
  }
  return digest;
}

/** Of grants that are kept: a list of a hundred columns is not gone through for each request. */
const digests = new WeakMap<SetGrant, string>();
