import type { Principal } from '../sign-in/principal.ts';
import type { WhoDocument } from './access-schema.ts';

/** Whether one of the descriptions of a role fits who asks; null: nobody signed in. */
export const fits = (who: readonly WhoDocument[], principal: Principal | null): boolean =>
  who.some((one) => fitsOne(one, principal));

/** Whether it is not known if a role is somebody's: his token leaves his groups out, and with one of these groups he would have it. */
export const isUndecided = (who: readonly WhoDocument[], principal: Principal | null): boolean =>
  principal?.claims.groupsWithheld === true &&
  !fits(who, principal) &&
  who.some(({ groups, ...others }) => groups !== undefined && fitsOne(others, principal));

/** All that is said has to hold. */
function fitsOne(who: WhoDocument, principal: Principal | null): boolean {
  const { everyone, names, ids, kinds, tenants, roles, groups, scopes } = who;
  if (principal === null) {
    return everyone === true && Object.keys(who).length === 1;
  }
  const { name, id, kind, tenant, claims } = principal;
  // Of a token the name is for people: who has it may have chosen it.
  const isNamed = kind === 'basic' || kind === 'key';
  return (
    (names === undefined || (isNamed && names.includes(name))) &&
    (ids === undefined || ids.includes(id)) &&
    (kinds === undefined || kinds.includes(kind)) &&
    (tenants === undefined || (tenant !== null && tenants.includes(tenant))) &&
    isAmong(roles, claims.roles) &&
    isAmong(groups, claims.groups) &&
    isAmong(scopes, claims.scopes)
  );
}

const isAmong = (wanted: readonly string[] | undefined, has: readonly string[]): boolean =>
  wanted === undefined || has.some((one) => wanted.includes(one));
