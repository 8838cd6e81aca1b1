/** A server whose files the gateway fetches, as a source's metadata says. */
export interface DeliverySettings {
  /** `<source>/<name>`: what the ledger, the log and commands call it. */
  readonly id: string;
  readonly source: string;
  readonly protocol: 'ftp' | 'ftps' | 'sftp';
  /** `explicit`: AUTH TLS on the ordinary port; `implicit`: TLS from the first byte. `none` on `ftp` and `sftp`. */
  readonly tls: 'none' | 'explicit' | 'implicit';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: SecretPlace | null;
  /** Of `sftp`: OpenSSH, PEM, or a PuTTY file of version 2 with RSA. */
  readonly privateKey: SecretPlace | null;
  readonly passphrase: SecretPlace | null;
  /** Of `sftp`: fingerprints `SHA256:...` of the host keys that are accepted, at least one. */
  readonly hostKeys: readonly string[];
  /** Of `ftps`: PEM file of the authorities that are trusted instead of the system's; null: the system's. */
  readonly caFile: string | null;
  /** Directory on the server; relative to where the login leads. */
  readonly directory: string;
  /** Regular expressions, any of which a file name must match, whatever its case; empty: all names. */
  readonly patterns: readonly string[];
  /** Whether directories below are looked into. */
  readonly recursive: boolean;
  /** What happens on the server to a file that was taken in. A refused one stays where it is. */
  readonly afterLoad: 'leave' | 'delete' | 'archive';
  /** Where `archive` moves files, on the server; relative like `directory`. null: not `archive`. */
  readonly archiveDirectory: string | null;
  /** Cron expression, read in UTC. */
  readonly schedule: string;
  /** Seconds for which a file must have been listed with one size and time; null: as the source says. */
  readonly minimumAgeSeconds: number | null;
  /** Minutes after which a file that is still not complete is told. */
  readonly stuckAfterMinutes: number;
  /** Seconds without an answer, or without a byte of a transfer, after which a connection counts as lost. */
  readonly timeoutSeconds: number;
}

/** Where a secret stands; the metadata never holds one. Read anew for each connection. */
export type SecretPlace =
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };
