import type { Catalogue } from '../../catalogue/catalogue.ts';
import { loadCatalogue } from '../../catalogue/read-metadata.ts';
import type { Database } from '../../warehouse/database.ts';
import { signInNoticeDays, signInStates } from '../../warehouse/sign-ins.ts';
import type { Finding } from '../support/finding.ts';
import type { Surroundings } from '../support/surroundings.ts';

/** Sources whose feeds want a person to sign in. */
export const signedInSources = ({ sources }: Catalogue): readonly string[] =>
  [...sources.values()]
    .filter(({ upstream }) => upstream?.url != null && upstream.signIn.kind === 'device-code')
    .map(({ name }) => name);

/**
 * Sign-ins at proxied feeds that somebody should look at: those that nobody has made yet, those that have ended, and those that will soon. Metadata at fault is
 * no reason to say nothing of what is kept.
 */
export async function signInFindings(
  database: Database,
  { config, environment }: Surroundings,
): Promise<readonly Finding[]> {
  const kept = await signInStates(database);
  const { catalogue } = loadCatalogue(config.metadataDir, environment);
  const missing = (catalogue === null ? [] : signedInSources(catalogue))
    .filter((name) => !kept.some(({ source }) => source === name))
    .map(
      (name): Finding => ({
        ...{ level: 'error', kind: 'sign-in-missing' },
        message: `nobody has signed in at the proxied feed ${name} yet: gateway connect ${name}`,
      }),
    );
  const ending = kept.flatMap(({ source, ended, endedAt, endsOn, days }): Finding[] => {
    if (ended !== null) {
      const message = `the sign-in at the proxied feed ${source} has ended (${ended}, ${endedAt ?? ''}): sign in again, gateway connect ${source}`;
      return [{ level: 'error', kind: 'sign-in-ended', message }];
    }
    const message = `the sign-in at the proxied feed ${source} is expected to end on ${endsOn}, in ${Math.max(0, days)} days: gateway connect ${source}`;
    return days < signInNoticeDays ? [{ level: 'warning', kind: 'sign-in-ends', message }] : [];
  });
  return [...missing, ...ending];
}
