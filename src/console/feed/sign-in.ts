/** How a person can sign in here, as the page says it: at a provider, by name and password, or with a key. */
export const signInWays = (): ReadonlySet<string> =>
  new Set(
    document
      .querySelector<HTMLMetaElement>('meta[name="sign-in"]')
      ?.content.split(' ')
      .filter((way) => way !== ''),
  );

/** Ends what signing in with this browser began. */
export async function signOut(): Promise<void> {
  await fetch(new URL('sign-out', document.baseURI), { method: 'POST', credentials: 'same-origin' });
}
