import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DeliverySettings } from '../../src/catalogue/delivery-settings.ts';
import { selfSigned } from '../support/servers/certificate.ts';
import { ownFtp } from '../support/servers/own-ftp.ts';
import { ownSftp } from '../support/servers/own-sftp.ts';
import { type RealName, realServer, whyNot } from '../support/servers/real-servers.ts';
import { deliveryKit } from './support/delivery-kit.ts';
import { goodLogin, newKey, password, serverFolder, serverOf, settingsOf, user } from './support/remote.ts';
import { remoteUnderTest } from './support/remote-kit.ts';

interface Running {
  readonly root: string;
  readonly settings: Partial<DeliverySettings> & Pick<DeliverySettings, 'protocol' | 'port'>;
  /** Logs in with this key. */
  readonly key?: string;
  close(): Promise<void>;
}

const hostKey = newKey();
const ours = newKey();

async function own(protocol: DeliverySettings['protocol'], tls: DeliverySettings['tls'] = 'none'): Promise<Running> {
  const root = serverFolder();
  if (protocol === 'sftp') {
    const server = await ownSftp({ root, user, password, hostKey: hostKey.secret });
    return { root, settings: { protocol, port: server.port, hostKeys: [hostKey.fingerprint] }, close: server.close };
  }
  const certificate = selfSigned();
  const caFile = path.join(mkdtempSync(path.join(tmpdir(), 'gateway-ca-')), 'ca.pem');
  writeFileSync(caFile, certificate.cert);
  const server = await ownFtp({
    root,
    user,
    password,
    ...(tls === 'none' ? {} : { tls: { mode: tls, ...certificate } }),
  });
  return {
    root,
    settings: { protocol, tls, port: server.port, ...(tls === 'none' ? {} : { caFile }) },
    close: server.close,
  };
}

/** The real one where it is there; else one of our own, which the name of the tests says. */
async function real(name: RealName): Promise<Running> {
  const protocol = name === 'sshd' ? 'sftp' : 'ftp';
  if (whyNot(name) !== null) {
    return own(protocol);
  }
  const server = await realServer(name, { hostKey: hostKey.secret, authorized: [ours.line] });
  return {
    root: server.root,
    settings: {
      protocol,
      port: server.port,
      user: server.user,
      hostKeys: name === 'sshd' ? [hostKey.fingerprint] : [],
    },
    ...(name === 'sshd' ? { key: ours.secret } : {}),
    close: server.close,
  };
}

function kit(name: string, start: () => Promise<Running>, more: Partial<DeliverySettings>, runs = 12): void {
  describe(name, () => {
    let running: Running;
    before(async () => {
      running = await start();
    });
    after(() => running.close());
    deliveryKit(
      name,
      (feed) => {
        const { root, settings: given, key } = running;
        // The hash of pure-ftpd's passwords takes seconds, and many on a busy machine.
        const settings = settingsOf({ directory: 'in', timeoutSeconds: 60, ...given, ...more });
        const login = key === undefined ? goodLogin : { ...goodLogin, password: null, privateKey: key };
        return remoteUnderTest(feed, root, settings, serverOf(settings, { ...login, user: settings.user }));
      },
      { runs },
    );
  });
}

describe('every server, every way to put away', () => {
  kit('FTP, own server, deleted', () => own('ftp'), { afterLoad: 'delete' });
  kit('FTPS explicit, own server, left', () => own('ftps', 'explicit'), {});
  kit('FTPS implicit, own server, moved', () => own('ftps', 'implicit'), {
    afterLoad: 'archive',
    archiveDirectory: 'old',
  });
  kit('SFTP, own server, left', () => own('sftp'), {});
  for (const name of ['vsftpd', 'pure-ftpd', 'proftpd', 'sshd'] as const) {
    const why = whyNot(name);
    const which = why === null ? name : `${name}, stood in for by a server of our own: ${why}`;
    const runs = name === 'pure-ftpd' ? 2 : 12;
    kit(`${which}, left`, () => real(name), {}, runs);
    kit(`${which}, moved`, () => real(name), { afterLoad: 'archive', archiveDirectory: 'old' }, runs);
  }
});
