import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Observe } from '../../observation/observe.ts';
import type { TlsIdentity } from './server.ts';

/** PEM files: the certificate with those between it and its root, and the key that belongs to it. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** As for files of credentials: a pair that is not taken over, the one before stays; null: it is good again. */
export interface TlsEvent {
  readonly event: 'credentials';
  readonly setting: string;
  readonly fault: string | null;
}

/** Milliseconds between two looks at the files. */
const looking = 5000;

/** What is wrong with the files, in a sentence; null: nothing. */
export function tlsFault(files: TlsFiles): string | null {
  try {
    read(files);
    return null;
  } catch (error) {
    return `${files.certificate} and ${files.key} are no certificate with its key: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Certificate and key as the files have them now. Files that change are taken over where they belong together; until then the identity before stays, and
 * the fault is told. Throws an Error where there is none to begin with.
 */
export function tlsFiles(files: TlsFiles, observe: Observe<TlsEvent>, every = looking): TlsIdentity {
  let current = read(files);
  let seen = stampOf(files);
  let fault: string | null = null;
  return {
    now: () => current,
    follow(changed) {
      const timer = setInterval(() => {
        const stamp = stampOf(files);
        if (stamp === seen) {
          return;
        }
        seen = stamp;
        const now = tlsFault(files);
        if (now !== fault) {
          observe({ event: 'credentials', setting: 'TLS_CERT_FILE', fault: now });
        }
        fault = now;
        if (now === null) {
          current = read(files);
          changed(current);
        }
      }, every);
      timer.unref();
      return { stop: () => clearInterval(timer) };
    },
  };
}

/** Throws where one cannot be read, or they do not belong together. */
function read({ certificate, key }: TlsFiles): SecureContextOptions {
  const context = { cert: readFileSync(certificate), key: readFileSync(key) };
  createSecureContext(context);
  return context;
}

function stampOf({ certificate, key }: TlsFiles): string {
  return [certificate, key]
    .map((file) => {
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? '' : [stat.mtimeNs, stat.ctimeNs, stat.size, stat.ino].join(':');
    })
    .join(' ');
}
