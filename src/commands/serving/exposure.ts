import { type Config, ConfigError } from '../../config.ts';
import { isLoopback } from '../../http/edge/served-host.ts';

/**
 * Faults of an address that other machines can reach: an open feed is refused there, since the rows are about people, and
 * links must not be built from a Host header that anybody may write. Empty where all is well.
 */
export function exposureFaults({ host, publicUrl, basicFile, keyFile, signIn }: Config): readonly string[] {
  if (isLoopback(host)) {
    return [];
  }
  const signsIn = basicFile !== null || keyFile !== null || signIn.entra !== null || signIn.oidc !== null;
  const open = !signsIn && !signIn.anonymous;
  return [
    ...(open
      ? [
          `HOST: ${host} can be reached from other machines, and no authentication is configured. Set ENTRA_TENANT_ID, OIDC_ISSUER, AUTH_BASIC_FILE or AUTH_KEY_FILE (docs/sign-in.md), or HOST=127.0.0.1; ANONYMOUS=allowed lets everybody read`,
        ]
      : []),
    ...(publicUrl === null
      ? [
          `PUBLIC_URL: must be set where HOST (${host}) can be reached from other machines: the address that clients use, e.g. https://feed.example.com`,
        ]
      : []),
  ];
}

/** Throws ConfigError with what `exposureFaults` finds. */
export function checkExposure(config: Config): void {
  const faults = exposureFaults(config);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
}
