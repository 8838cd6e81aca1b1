import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { requireKey } from '../../src/ingest/remote/sftp-server.ts';
import { type OwnSftp, ownSftp } from '../support/servers/own-sftp.ts';
import { goodLogin, newKey, password, serverFolder, serverOf, settingsOf, upload, user } from './support/remote.ts';

const string = (content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A PuTTY file of version 2 with RSA, without a passphrase, and the public key as OpenSSH has it. */
function puttyRsa(): { readonly secret: string; readonly line: string } {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => {
    const bytes = Buffer.from(text ?? '', 'base64url');
    return string((bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  };
  const publicPart = Buffer.concat([string('ssh-rsa'), number(jwk.e), number(jwk.n)]);
  const privatePart = Buffer.concat([number(jwk.d), number(jwk.p), number(jwk.q), number(jwk.qi)]);
  const signed = Buffer.concat(['ssh-rsa', 'none', 'test', publicPart, privatePart].map(string));
  const mac = createHmac('sha1', createHash('sha1').update('putty-private-key-file-mac-key').digest()).update(signed);
  const lines = (bytes: Buffer): readonly string[] => bytes.toString('base64').match(/.{1,64}/g) ?? [];
  const [above, below] = [lines(publicPart), lines(privatePart)];
  const secret = [
    ...['PuTTY-User-Key-File-2: ssh-rsa', 'Encryption: none', 'Comment: test'],
    ...[`Public-Lines: ${above.length}`, ...above, `Private-Lines: ${below.length}`, ...below],
    `Private-MAC: ${mac.digest('hex')}`,
  ].join('\n');
  return { secret, line: `ssh-rsa ${publicPart.toString('base64')} test` };
}

describe('logins of SFTP', () => {
  const hostKey = newKey();
  const [ours, putty] = [newKey(), puttyRsa()];
  const root = serverFolder();
  let server: OwnSftp;
  beforeEach(async () => {
    server = await ownSftp({ root, user, password, hostKey: hostKey.secret, authorized: [ours.line, putty.line] });
  });
  afterEach(() => server.close());
  const settings = () =>
    settingsOf({ protocol: 'sftp', port: server.port, hostKeys: [newKey().fingerprint, hostKey.fingerprint] });
  const login = (given: Partial<typeof goodLogin>) => serverOf(settings(), { ...goodLogin, ...given }).connect();

  it('are by password, by a prompt for it, by key, and by a PuTTY key with RSA', async () => {
    server.manners.prompts = true;
    await (await login({})).close();
    server.manners.prompts = false;
    for (const given of [
      {},
      { password: null, privateKey: ours.secret },
      { password: null, privateKey: putty.secret },
    ]) {
      const connection = await login(given);
      assert.equal((await connection.list('.')).cut, null);
      await connection.close();
    }
    assert.equal(server.manners.logins, 4);
  });

  it('are tried once for each way that we have, whatever else the server offers', async () => {
    for (const prompts of [false, true]) {
      server.manners.prompts = prompts;
      server.manners.refused = 0;
      await assert.rejects(login({ password: 'wrong', privateKey: newKey().secret }), { code: 'LoginRefused' });
      assert.equal(server.manners.refused, 2);
    }
  });

  it('are not tried with a key that cannot be read: what to do is said', () => {
    const tried =
      (privateKey: string, passphrase: string | null = null) =>
      () =>
        requireKey({ id: 'acme/sftp' }, { ...goodLogin, privateKey, passphrase });
    const ed25519 = 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\nAAAA\n';
    assert.throws(tried(ed25519), {
      code: 'DeliveryInvalid',
      message: /PuTTY file of version 3 with ssh-ed25519; only those of version 2 with RSA.*puttygen/,
    });
    assert.throws(tried('no key at all'), {
      code: 'DeliveryInvalid',
      message: /private key of acme\/sftp cannot be used/,
    });
    tried(ours.secret)();
  });

  it('send nothing to a server that shows another host key', async () => {
    const stranger = { ...settings(), hostKeys: [newKey().fingerprint] };
    await assert.rejects(serverOf(stranger, goodLogin).connect(), {
      code: 'HostKeyMismatch',
      message: new RegExp(`shows the host key ${hostKey.fingerprint.replaceAll('+', '\\+')}`),
    });
    assert.deepEqual([server.manners.logins, server.manners.refused], [0, 0]);
  });

  it('and all else print nothing', async () => {
    const printed: unknown[] = [];
    const { log, error } = console;
    Object.assign(console, {
      log: (...all: unknown[]) => printed.push(all),
      error: (...all: unknown[]) => printed.push(all),
    });
    try {
      const connection = await login({});
      server.breakAll();
      await assert.rejects(connection.list('.'), { code: 'ServerUnreachable' });
      await connection.close();
      await (await login({})).close();
      await login({ password: 'wrong' }).catch(() => {});
    } finally {
      Object.assign(console, { log, error });
    }
    assert.deepEqual(printed, []);
  });

  it('end where the server does not answer any more', async () => {
    upload(root, 'silent.csv', 'abc');
    const connection = await serverOf({ ...settings(), timeoutSeconds: 1 }, goodLogin).connect();
    server.manners.silent = true;
    const into = new PassThrough();
    into.on('error', () => {});
    await assert.rejects(connection.read('in/silent.csv', 0, into), {
      code: 'ServerUnreachable',
      message: /No byte came for 1 seconds/,
    });
    await connection.close();
  });
});
