import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { DeliverySettings } from '../../src/catalogue/delivery-settings.ts';
import { download } from '../../src/ingest/remote/download.ts';
import { RemoteSession } from '../../src/ingest/remote/remote-session.ts';
import { selfSigned } from '../support/servers/certificate.ts';
import type { RealName } from '../support/servers/real-servers.ts';
import { casesFile } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import { useRealServers } from './support/real-delivery.ts';
import { serverFolder, upload } from './support/remote.ts';

/** More than the sockets of both sides hold. */
const large = 80_000_000;

describe('faults of real servers', () => {
  const feed = useFeed();
  const { start, delivery } = useRealServers(feed);
  const certificate = selfSigned();
  const both = path.join(serverFolder(), 'both.pem');
  writeFileSync(both, `${certificate.key}${certificate.cert}`, { mode: 0o600 });
  const tls = (kind: 'explicit' | 'implicit'): Partial<DeliverySettings> => ({
    ...{ id: 'tracebuzz/tls', protocol: 'ftps', tls: kind, caFile: both },
  });
  const vsftpd = (more: readonly string[] = []) => [
    ...['ssl_enable=YES', `rsa_cert_file=${both}`, `rsa_private_key_file=${both}`, 'allow_anon_ssl=YES'],
    ...['force_anon_data_ssl=YES', 'force_anon_logins_ssl=YES', 'require_ssl_reuse=YES', 'ssl_ciphers=HIGH', ...more],
  ];
  const proftpd = (more: readonly string[] = []) => [
    ...['LoadModule mod_tls.c', 'TLSEngine on', `TLSECCertificateFile ${both}`, `TLSECCertificateKeyFile ${both}`],
    ...['TLSRequired on', ...more],
  ];

  for (const [name, kind, which, lines] of [
    ['vsftpd', 'explicit', '', vsftpd()],
    ['vsftpd', 'implicit', '', vsftpd(['implicit_ssl=YES'])],
    ['proftpd', 'explicit', ' 1.3', proftpd()],
    ['proftpd', 'explicit', ' 1.2', proftpd(['TLSProtocol TLSv1.2'])],
    ['proftpd', 'implicit', '', proftpd(['TLSOptions UseImplicitSSL'])],
    ['pure-ftpd', 'explicit', '', ['-Y', '2', '-2', both]],
  ] as const) {
    // vsftpd and ProFTPD take data connections only with the session of the control connection.
    it(`${name}: TLS${which} ${kind} with the authority that is named, and with none`, async function () {
      const server = await start(this, name, { more: lines });
      const [one, other] = [casesFile(1), casesFile(3000)];
      upload(server.root, one.name, one.text);
      upload(server.root, other.name, other.text);
      const { rounds } = delivery(server, name, { ...tls(kind), id: `tracebuzz/tls-${server.port}` });
      assert.deepEqual(await rounds.round(), { [one.name]: 'accepted loaded', [other.name]: 'accepted loaded' });
      const trusting = delivery(server, name, { ...tls(kind), caFile: null });
      await assert.rejects(trusting.rounds.round(), { code: 'CertificateRefused' });
      if (kind === 'explicit') {
        await assert.rejects(delivery(server, name).rounds.round(), /TLS|SSL|encryption|cleartext/i);
      }
    });
  }

  for (const [name, secured] of [
    ['vsftpd', false],
    ['vsftpd', true],
    ['pure-ftpd', false],
    ['proftpd', false],
    ['sshd', false],
  ] as const) {
    it(`${name}${secured ? ' over TLS' : ''}: sessions killed three times within a file, which goes on each time and is whole`, async function () {
      const server = await start(this, name, secured ? { more: vsftpd() } : {});
      const bytes = randomBytes(large);
      writeFileSync(path.join(server.root, 'in', 'large.bin'), bytes);
      const { remote } = delivery(server, name, secured ? tls('explicit') : {});
      let [logins, kills, sent] = [0, 0, 0];
      const session = new RemoteSession(
        {
          connect: async () => {
            logins += 1;
            const connection = await remote.connect();
            const read = connection.read.bind(connection);
            connection.read = (file, from, into) => {
              const until = kills < 3 ? from + 5_000_000 : Number.POSITIVE_INFINITY;
              let at = from;
              let killed = false;
              const write = into.write.bind(into);
              into.write = (chunk: Buffer, ...rest: never[]) => {
                at += chunk.length;
                sent += chunk.length;
                if (at > until && !killed) {
                  killed = true;
                  kills += 1;
                  server.killSessions();
                }
                return write(chunk, ...rest);
              };
              return read(file, from, into);
            };
            return connection;
          },
        },
        { delays: [50, 100, 200] },
      );
      const place = path.join(serverFolder(), 'large.bin');
      const file = { path: 'in/large.bin', size: large, modifiedAt: null };
      const { sha256 } = await download(session, file, place);
      await session.close();
      assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'));
      assert.deepEqual([kills, logins], [3, 4]);
      assert.ok(sent < large * 1.5, `${sent} bytes: what was there was not fetched again`);
    });
  }

  for (const name of ['vsftpd', 'pure-ftpd'] as const) {
    // ProFTPD takes any other port then.
    it(`${name}: passive ports that are used up end the round with what to do, and the next one is well`, async function () {
      const server = await start(this, name, { passivePorts: 3 });
      const file = casesFile(1);
      upload(server.root, file.name, file.text);
      const others = await Promise.all([0, 1, 2].map((port) => listener(server.passive[0] + port)));
      const { rounds } = delivery(server, name, { id: `tracebuzz/passive-${name}` });
      await assert.rejects(rounds.round(), { code: 'TransferRefused', recovery: 'retriable' });
      await Promise.all(others.map((other) => new Promise((resolve) => other.close(resolve))));
      assert.deepEqual(await rounds.round(), { [file.name]: 'accepted loaded' });
    });
  }

  for (const [name, lines] of [
    ['vsftpd', ['max_clients=1']],
    ['vsftpd', ['max_per_ip=1']],
    ['pure-ftpd', ['-y', '1:1']],
    ['proftpd', ['MaxClients 1']],
    ['proftpd', ['MaxClientsPerUser 1']],
    ['proftpd', ['MaxClientsPerHost 1']],
  ] as const satisfies readonly (readonly [RealName, readonly string[]])[]) {
    it(`${name}: as many clients as it takes (${lines.join(' ')}) is no refused login`, async function () {
      const server = await start(this, name, { more: lines });
      const { remote } = delivery(server, name);
      // The connection that looked whether the server runs may not be over yet.
      const one = await new RemoteSession(remote, { delays: [100, 400, 1600] }).use(async (connection) => connection);
      await assert.rejects(remote.connect(), { code: 'ServerUnreachable', recovery: 'retriable' });
      await one.close();
      await new RemoteSession(remote, { delays: [100, 400, 1600] }).use((connection) => connection.close());
    });
  }
});

function listener(port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
