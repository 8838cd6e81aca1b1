import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Certificate, selfSigned } from '../support/servers/certificate.ts';
import { type OwnFtp, ownFtp } from '../support/servers/own-ftp.ts';
import { casesFile } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import { password, roundsOf, serverFolder, settingsOf, upload, user } from './support/remote.ts';

describe('files fetched over TLS', () => {
  const feed = useFeed();
  /** All that were started; their number makes each delivery one of its own, with a memory of its own. */
  const servers: OwnFtp[] = [];
  after(() => Promise.all(servers.map((server) => server.close())));
  const good = selfSigned();
  const authority = path.join(serverFolder(), 'ca.pem');
  writeFileSync(authority, good.cert);
  const start = async (tls: Certificate, mode: 'explicit' | 'implicit') => {
    const root = serverFolder();
    const file = casesFile(1);
    upload(root, file.name, file.text);
    const server = await ownFtp({ root, user, password, tls: { mode, ...tls } });
    servers.push(server);
    const settings = settingsOf({
      ...{
        id: `tracebuzz/ftps-${servers.length}`,
        protocol: 'ftps',
        tls: mode,
        port: server.port,
        directory: 'in',
        caFile: authority,
      },
    });
    return { server, settings, file };
  };
  for (const mode of ['explicit', 'implicit'] as const) {
    it(`${mode}: fetches over TLS with the authority that is named`, async () => {
      const { settings, file } = await start(good, mode);
      assert.deepEqual(await roundsOf(feed(), settings).round(), { [file.name]: 'accepted loaded' });
    });
  }
  it('a wrong certificate ends the round before the password is sent', async () => {
    const [stranger, elsewhere, old] = [
      selfSigned(),
      selfSigned({ name: 'elsewhere.example' }),
      selfSigned({ expired: true }),
    ];
    for (const [wrong, trusted, said] of [
      [stranger, good, /SELF_SIGNED/],
      [elsewhere, elsewhere, /ALTNAME/],
      [old, old, /EXPIRED/],
    ] as const) {
      const { server, settings } = await start(wrong, 'explicit');
      const caFile = path.join(serverFolder(), 'ca.pem');
      writeFileSync(caFile, trusted.cert);
      const failed = roundsOf(feed(), { ...settings, caFile }).round();
      await assert.rejects(failed, { code: 'CertificateRefused', recovery: 'fatal', message: said });
      assert.ok(!server.manners.commands.includes('PASS'));
    }
  });
  it('a server without TLS is none to send a password to', async () => {
    const ftp = await ownFtp({ root: serverFolder(), user, password });
    servers.push(ftp);
    const settings = { ...settingsOf({ protocol: 'ftps', tls: 'explicit', port: ftp.port }), id: 'tracebuzz/no-tls' };
    await assert.rejects(roundsOf(feed(), settings).round(), { code: 'DeliveryInvalid', message: /offers no TLS/ });
    assert.ok(!ftp.manners.commands.includes('PASS'));
  });
  it('a server that wants TLS says so', async () => {
    const { settings } = await start(good, 'explicit');
    const plain = { ...settings, protocol: 'ftp' as const, tls: 'none' as const };
    await assert.rejects(roundsOf(feed(), plain).round(), { code: 'LoginRefused', message: /TLS is required/ });
  });
});
