import type { Authentication } from '../../src/http/sign-in/authentication.ts';
import { namedPrincipal } from '../../src/sign-in/principal.ts';

/** Believes whatever name a request states, so that tests of rights need no credentials: as the key, or as the bearer token for the user of that name. */
export const byName: Authentication = {
  open: false,
  signsIn: true,
  ofPrograms: 'key',
  ofBrowsers: ['key'],
  keyName: 'api-key',
  challenge: () => null,
  identify: async ({ key, authorization }) => {
    const user = authorization?.split(' ')[1];
    if (user !== undefined) {
      return namedPrincipal('basic', user);
    }
    return key === undefined ? null : namedPrincipal('key', key);
  },
};
