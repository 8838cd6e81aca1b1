import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** Stands between a program and its PostgreSQL, and can be shut. */
export interface DatabaseGate {
  /** `postgres://...` of the same database by way of the gate. */
  readonly connectionString: string;
  /** `refuses`: nobody listens, and what was open is broken; `silent`: connections are taken, and nothing comes through. */
  set(state: 'open' | 'refuses' | 'silent'): void;
  close(): Promise<void>;
}

export async function databaseGate(connectionString: string): Promise<DatabaseGate> {
  const to = new URL(connectionString.replace(/^postgres(ql)?:/, 'http:').replace(/@%2F[^:/]*/, '@socket'));
  const folder = /@(%2F[^:/]*)/.exec(connectionString)?.[1];
  const port = Number(to.port === '' ? 5432 : to.port);
  const open = new Set<Socket>();
  let state: 'open' | 'refuses' | 'silent' = 'open';
  const server = createServer((client) => {
    if (state === 'refuses') {
      return void client.destroy();
    }
    const upstream =
      folder === undefined
        ? createConnection(port, to.hostname)
        : createConnection(`${decodeURIComponent(folder)}/.s.PGSQL.${port}`);
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (chunk: Buffer) => state === 'open' && into.write(chunk));
      from.on('error', () => from.destroy());
      from.on('close', () => {
        open.delete(from);
        into.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as AddressInfo).port;
  const breakAll = (): void => {
    for (const socket of open) {
      socket.destroy();
    }
  };
  return {
    connectionString: `postgres://${to.username}:${to.password}@127.0.0.1:${own}${to.pathname}`,
    set: (next) => {
      state = next;
      if (next === 'refuses') {
        breakAll();
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        breakAll();
      }),
  };
}
