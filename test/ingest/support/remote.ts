import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ssh2 from 'ssh2';
import type { DeliverySettings } from '../../../src/catalogue/delivery-settings.ts';
import { Receiver } from '../../../src/ingest/delivery/receive.ts';
import type { IngestContext } from '../../../src/ingest/load/load-file.ts';
import { FtpServer } from '../../../src/ingest/remote/ftp-server.ts';
import { type RemoteArrival, RemoteDelivery, type RemoteOptions } from '../../../src/ingest/remote/remote-delivery.ts';
import type { Login, RemoteServer } from '../../../src/ingest/remote/remote-server.ts';
import { fingerprintOf, SftpServer } from '../../../src/ingest/remote/sftp-server.ts';
import type { DeliveryNotice, IngestEvent } from '../../../src/observation/events/ingest.ts';

export const user = 'loader';
export const password = 'open sesame';

/** Settings of a delivery at a server of this machine, which takes files at first sight. */
export function settingsOf(
  given: Pick<DeliverySettings, 'protocol' | 'port'> & Partial<DeliverySettings>,
): DeliverySettings {
  return {
    id: 'tracebuzz/test',
    source: 'tracebuzz',
    tls: 'none',
    host: '127.0.0.1',
    user,
    password: { kind: 'environment', name: 'TEST_PASSWORD' },
    privateKey: null,
    passphrase: null,
    hostKeys: [],
    caFile: null,
    directory: '.',
    patterns: [],
    recursive: false,
    afterLoad: 'leave',
    archiveDirectory: null,
    schedule: '*/5 * * * *',
    minimumAgeSeconds: 0,
    stuckAfterMinutes: 60,
    timeoutSeconds: 10,
    ...given,
  };
}

export const goodLogin: Login = { user, password, privateKey: null, passphrase: null };

export const serverOf = (settings: DeliverySettings, login: Login = goodLogin): RemoteServer =>
  settings.protocol === 'sftp' ? new SftpServer(settings, login) : new FtpServer(settings, login);

/** A new host key, or key of a user, with what others need of it. */
export function newKey(): { readonly secret: string; readonly line: string; readonly fingerprint: string } {
  for (;;) {
    const { private: secret, public: line } = ssh2.utils.generateKeyPairSync('ed25519');
    // One of 256 is broken: findings/ssh2-ed25519-short-key.sh.
    if (!(ssh2.utils.parseKey(secret) instanceof Error)) {
      const [, data = ''] = line.split(' ');
      return { secret, line, fingerprint: fingerprintOf(Buffer.from(data, 'base64')) };
    }
  }
}

/** A folder for a server's files, below the system's for temporary ones. */
export function serverFolder(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'gateway-server-'));
  mkdirSync(path.join(root, 'in'));
  return root;
}

export interface RemoteRounds {
  readonly delivery: RemoteDelivery;
  readonly events: readonly IngestEvent[];
  readonly notices: readonly DeliveryNotice[];
  /** What became of the files of one round: `fate state` by name. */
  round(): Promise<Readonly<Record<string, string>>>;
}

/** Rounds of a delivery, with quick tries. */
export function roundsOf(
  context: IngestContext,
  settings: DeliverySettings,
  options: Partial<RemoteOptions> & { readonly server?: RemoteServer; readonly spoolFolder?: string } = {},
): RemoteRounds {
  const events: IngestEvent[] = [];
  const { server = serverOf(settings), spoolFolder, ...rest } = options;
  const delivery = new RemoteDelivery(context, settings, server, {
    keepIn: null,
    delays: [5, 10, 15],
    observe: (event) => events.push(event),
    ...rest,
  });
  let fates: [string, string][] = [];
  const receiver = new Receiver<RemoteArrival>(context, delivery, {
    ...(spoolFolder === undefined ? {} : { spoolFolder }),
    observe: (event) => events.push(event),
    onOutcome: ({ verdict }, { fate, result }) => {
      const why = result.state === 'failed' || result.state === 'refused' ? ` ${result.error.code}` : '';
      fates.push([verdict.path, `${fate} ${result.state}${why}`]);
    },
  });
  return {
    delivery,
    events,
    get notices() {
      return events.flatMap((event) => (event.event === 'delivery-notice' ? [event] : []));
    },
    round: async () => {
      fates = [];
      await receiver.round();
      return Object.fromEntries(fates);
    },
  };
}

/** Writes a file of a server, as somebody who uploads it. */
export function upload(root: string, name: string, text: string | Buffer): void {
  writeFileSync(path.join(root, 'in', name), text);
}
