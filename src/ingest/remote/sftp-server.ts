import { createHash } from 'node:crypto';
import ssh2, { type AuthHandlerMiddleware, type ConnectConfig } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { reasonOf } from './faults.ts';
import type { Login, RemoteConnection, RemoteServer } from './remote-server.ts';
import { SftpConnection } from './sftp-connection.ts';

/** An SFTP server whose host key is known before. */
export class SftpServer implements RemoteServer {
  readonly #settings: DeliverySettings;
  readonly #login: Login;

  constructor(settings: DeliverySettings, login: Login) {
    this.#settings = settings;
    this.#login = login;
  }

  async connect(): Promise<RemoteConnection> {
    const { id, host, port, user, hostKeys, timeoutSeconds } = this.#settings;
    requireKey(this.#settings, this.#login);
    // Without callbacks of ours it writes to the console.
    const client = new SftpClient(id, { error: () => {}, end: () => {}, close: () => {} });
    let shown: string | null = null;
    let level = '';
    client.on('error', (error: unknown) => {
      // What the library throws has neither this nor a code.
      level = error instanceof Error && 'level' in error ? String(error.level) : level;
    });
    const config: ConnectConfig = {
      host,
      port,
      username: user,
      readyTimeout: timeoutSeconds * 1000,
      keepaliveInterval: (timeoutSeconds * 1000) / 4,
      keepaliveCountMax: 3,
      hostVerifier: (key: Buffer) => {
        shown = fingerprintOf(key);
        return hostKeys.includes(shown);
      },
      authHandler: eachOnce(user, this.#login),
    };
    try {
      const sftp = await client.connect(config);
      return new SftpConnection(client, sftp, this.#settings);
    } catch (error) {
      await client.end().catch(() => {});
      throw this.#error(error, level, shown);
    }
  }

  #error(error: unknown, level: string, shown: string | null): GatewayError {
    const { id, host, port, user, hostKeys } = this.#settings;
    const context = { target: id, cause: error };
    if (shown !== null && !hostKeys.includes(shown)) {
      const pinned = hostKeys.join(', ');
      const message = `${host}:${port} shows the host key ${shown}, and ${pinned} is expected. Nothing was sent to it`;
      return new GatewayError('HostKeyMismatch', message, context);
    }
    if (level === 'client-authentication') {
      const message = `${host}:${port} refuses the login of ${user}: ${reasonOf(error)}`;
      return new GatewayError('LoginRefused', message, context);
    }
    return new GatewayError('ServerUnreachable', `${host}:${port}, while connecting: ${reasonOf(error)}`, context);
  }
}

/** As `ssh-keygen -lf` prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** Throws DeliveryInvalid where the private key cannot be used, before a server is asked. */
export function requireKey({ id }: Pick<DeliverySettings, 'id'>, { privateKey, passphrase }: Login): void {
  if (privateKey === null) {
    return;
  }
  const parsed = ssh2.utils.parseKey(privateKey, passphrase ?? undefined);
  if (!(parsed instanceof Error)) {
    return;
  }
  const putty = /^PuTTY-User-Key-File-(\d+): (\S+)/.exec(privateKey);
  const remedy =
    putty === null
      ? ''
      : `. It is a PuTTY file of version ${putty[1]} with ${putty[2]}; only those of version 2 with RSA can be read: convert it with "puttygen KEY.ppk -O private-openssh -o KEY"`;
  throw new GatewayError('DeliveryInvalid', `The private key of ${id} cannot be used: ${parsed.message}${remedy}`, {
    target: id,
    cause: parsed,
  });
}

/**
 * Each way to log in that we have is tried once, and only where the server offers it: the library would try a wrong password as an answer to a
 * prompt, too, and servers count what fails.
 */
function eachOnce(username: string, { privateKey, passphrase, password }: Login): AuthHandlerMiddleware {
  let asked = false;
  const left = new Set<'publickey' | 'password'>();
  if (privateKey !== null) {
    left.add('publickey');
  }
  if (password !== null) {
    left.add('password');
  }
  return (offered, _partial, next) => {
    if (!asked) {
      asked = true;
      next({ type: 'none', username });
    } else if (privateKey !== null && left.has('publickey') && (offered ?? []).includes('publickey')) {
      left.delete('publickey');
      next({ type: 'publickey', username, key: privateKey, ...(passphrase === null ? {} : { passphrase }) });
    } else if (password !== null && left.delete('password')) {
      if ((offered ?? ['password']).includes('password')) {
        next({ type: 'password', username, password });
      } else {
        const answer = (prompts: readonly unknown[]): string[] => prompts.map(() => password);
        next({
          type: 'keyboard-interactive',
          username,
          prompt: (_name, _instructions, _language, prompts, finish) => finish(answer(prompts)),
        });
      }
    } else {
      // The types leave out that `false` ends it.
      next(false as unknown as 'none');
    }
  };
}
