import type { Source } from '../catalogue/catalogue.ts';

/**
 * Whose rows a source reads, as far as its sign-in says so: where tokens are issued, without what differs between the ways to name that; null: it
 * does not say. One address of a feed may show each tenant its own rows.
 */
export function tenantOf({ upstream }: Source): string | null {
  const signIn = upstream?.signIn;
  if (signIn === undefined || !('server' in signIn)) {
    return null;
  }
  const { server } = signIn;
  const url = new URL(server.kind === 'issuer' ? server.url : server.token);
  const path = url.pathname.replace(/\/+$/, '').replace(/(\/oauth2)?(\/v[\d.]+)?(\/token)?$/i, '');
  return `${url.origin}${path}`;
}
