/** What a cookie holds while somebody is at the provider. */
const longestView = 1000;

/** Where to sign in and come back to the same view. `base`: address of the page; `hash`: its view. */
export function signInAddress(base: string, hash: string, withPassword: boolean): string {
  const { pathname } = new URL(base);
  const options = new URLSearchParams(withPassword ? { with: 'password' } : {});
  options.set('to', hash.length > longestView ? pathname : `${pathname}${hash}`);
  return new URL(`sign-in?${options}`, base).href;
}
