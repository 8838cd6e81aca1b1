import { statSync } from 'node:fs';
import { type Config, type Environment, examineConfig } from '../../config.ts';

/**
 * What settings come to whose secrets stand in files (`<name>_FILE`), as these have them now: they are read again when they change. A file that is gone, or has a fault,
 * changes nothing.
 */
export function rereadSetting<T>(
  environment: Environment,
  names: readonly ('SIGN_IN_KEY' | 'ENTRA_CLIENT_SECRET' | 'OIDC_CLIENT_SECRET')[],
  { first, pick }: { readonly first: T; readonly pick: (config: Config) => T },
): () => T {
  const files = names.flatMap((name) => environment[`${name}_FILE`] || []);
  if (files.length === 0) {
    return () => first;
  }
  let last = first;
  let seen = files.map(stampOf).join();
  return () => {
    const stamp = files.map(stampOf).join();
    if (stamp !== seen) {
      const { config, faults } = examineConfig(environment);
      // A file that is replaced may be away for a moment, or not whole.
      if (!faults.some((fault) => names.some((name) => fault.startsWith(name)))) {
        last = pick(config);
        seen = stamp;
      }
    }
    return last;
  };
}

/** Another one where the file is another one; empty: it is not there. */
export function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : [found.mtimeNs, found.ctimeNs, found.size, found.ino].join(':');
}
