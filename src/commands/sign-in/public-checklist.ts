import type { Config } from '../../config.ts';
import { isLoopback } from '../../http/edge/served-host.ts';

/** Programs of Microsoft that persons read the feed through, as Entra knows them. */
const clients: readonly (readonly [id: string, name: string])[] = [
  ['a672d62c-fc7b-4e81-a576-e60dc46e951d', 'Power BI Desktop, Excel and the on-premises data gateway'],
  ['b52893c8-bc2e-47fc-918b-77022b299bbc', 'Power BI service'],
  ['7ab7862c-4c57-491e-8a45-d52a7e023983', 'Power Apps and Power Automate'],
];

/** What `gateway check --public` has to say. */
export interface PublicFindings {
  /** What keeps Power BI from signing in. */
  readonly faults: readonly string[];
  /** What somebody has to see to in the Entra portal, which nobody can look at from here. */
  readonly checklist: readonly string[];
}

/**
 * Whether the configuration is one with which Power BI, Excel and scheduled refresh sign in by organizational account over the internet, and what the registration in
 * the Entra portal must have. Asks nobody.
 */
export function publicFindings({ publicUrl, signIn }: Config): PublicFindings {
  const { entra } = signIn;
  const faults = [...addressFaults(publicUrl)];
  if (entra === null) {
    const missing = 'ENTRA_TENANT_ID, ENTRA_CLIENT_ID: must be set for organizational accounts (docs/sign-in.md)';
    return { faults: [...faults, missing], checklist: [] };
  }
  const origin = publicUrl === null ? null : new URL(publicUrl).origin;
  const { appIdUri, scopes, clients: only, clientSecret, clientId, tenants, authority } = entra;
  if (origin !== null && appIdUri !== origin) {
    faults.push(
      `ENTRA_APP_ID_URI: is ${appIdUri}, and Power BI asks for a token for ${origin}: scheme and host of PUBLIC_URL`,
    );
  }
  if (!scopes.includes('user_impersonation')) {
    faults.push(`ENTRA_SCOPE: is ${scopes.join(' ')}, and Power BI asks for user_impersonation`);
  }
  for (const [id, name] of clients) {
    if (only !== null && !only.includes(id)) {
      faults.push(`ENTRA_CLIENTS: lacks ${id}: ${name} could not sign in`);
    }
  }
  const uri = origin ?? appIdUri ?? '?';
  const { hostname } = new URL(publicUrl ?? 'http://localhost');
  return {
    faults,
    checklist: [
      `Entra admin centre of tenant ${tenants.join(', ')} (${authority}), App registrations, ${clientId}:`,
      `[ ] Custom domain names: ${hostname}, or a domain above it, is verified`,
      `[ ] Expose an API: the Application ID URI is ${uri} (without a slash at its end)`,
      '[ ] Expose an API: the scope user_impersonation is there and enabled, admins and users can consent',
      ...clients.map(
        ([id, name]) => `[ ] Expose an API: client application ${id} is authorized for that scope (${name})`,
      ),
      ...(entra.appRoles.length === 0
        ? []
        : [`[ ] App roles: ${entra.appRoles.join(', ')}, for applications, and granted to the programs that read`]),
      ...(clientSecret === null
        ? []
        : [`[ ] Authentication: redirect URI of the platform Web: ${publicUrl ?? '?'}/sign-in/callback`]),
      '[ ] Enterprise applications: whoever may read is assigned, where assignment is required',
    ],
  };
}

function addressFaults(publicUrl: string | null): readonly string[] {
  if (publicUrl === null) {
    return ['PUBLIC_URL: must be set: Power BI makes the audience of a token of it'];
  }
  const { protocol, hostname } = new URL(publicUrl);
  return [
    ...(protocol === 'https:' ? [] : [`PUBLIC_URL: is ${protocol}//, and Entra and the Power BI service want https`]),
    ...(isLoopback(hostname) ? [`PUBLIC_URL: ${hostname} is this machine alone`] : []),
  ];
}
