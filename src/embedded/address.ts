import { createServer } from 'node:net';

/** How to connect, in the words of `pg`. `host` is a socket folder, or 127.0.0.1 where the platform has no such sockets. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Who made the server: a superuser, which PostgreSQL does not let be anything less. Used to set the server up alone. */
export const administratorName = 'gateway';
/** Who the gateway signs in as: owns the database, and is no superuser. */
export const ownerName = 'gateway_owner';
/** Who files are taken in as: owns the tables of served sets, and writes the ledger. */
export const loaderName = 'gateway_loader';

export const loaderOf = (address: ServerAddress): ServerAddress => ({ ...address, user: loaderName });

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('no TCP address');
  }
  return address.port;
}
