import { readFile } from 'node:fs/promises';
import { Client } from 'basic-ftp';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { reasonOf } from './faults.ts';
import { FtpConnection } from './ftp-connection.ts';
import { type FtpStage, ftpError } from './ftp-errors.ts';
import type { Login, RemoteConnection, RemoteServer } from './remote-server.ts';

/** An FTP server, with TLS where the delivery says so: never without it then, whatever the server offers. */
export class FtpServer implements RemoteServer {
  readonly #settings: DeliverySettings;
  readonly #login: Login;

  constructor(settings: DeliverySettings, login: Login) {
    this.#settings = settings;
    this.#login = login;
  }

  async connect(): Promise<RemoteConnection> {
    const { host, port, tls, timeoutSeconds } = this.#settings;
    const secure = tls === 'none' ? {} : { host, ...(await authorities(this.#settings)) };
    const client = new Client(timeoutSeconds * 1000);
    // Otherwise it would print each command where somebody sets `verbose`.
    client.ftp.log = () => {};
    let stage: FtpStage = 'connecting';
    try {
      if (tls === 'implicit') {
        stage = 'encrypting';
        await client.connectImplicitTLS(host, port, secure);
      } else {
        await client.connect(host, port);
      }
      if (tls === 'explicit') {
        stage = 'encrypting';
        await client.useTLS(secure);
      }
      stage = 'logging in';
      await client.sendIgnoringError('OPTS UTF8 ON');
      await client.login(this.#login.user, this.#login.password ?? '');
      stage = 'working';
      await client.useDefaultSettings();
      return new FtpConnection(client, await client.pwd(), this.#settings);
    } catch (error) {
      client.close();
      throw ftpError(error, stage, this.#settings);
    }
  }
}

/** The authorities that are trusted. Throws DeliveryInvalid. */
export async function authorities({ id, caFile }: DeliverySettings): Promise<{ readonly ca?: string }> {
  if (caFile === null) {
    return {};
  }
  const ca = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('DeliveryInvalid', `caFile of ${id} cannot be read: ${reasonOf(cause)}`, {
      target: id,
      cause,
    });
  });
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new GatewayError('DeliveryInvalid', `caFile of ${id} (${caFile}) holds no certificate in PEM`, {
      target: id,
    });
  }
  return { ca };
}
