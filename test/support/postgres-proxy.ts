import { createConnection, createServer, type Server } from 'node:net';

/** A stand-in for what lies between the gateway and a server: it hides whose process answers, as a pooler does. */
export interface PostgresProxy {
  /** `postgres://...` of the same database by way of the proxy. */
  readonly connectionString: string;
  /** ReadyForQuery messages so far: one for each round trip of a client that waits. */
  roundTrips(): number;
  /** Statements that came by the extended protocol so far. */
  statements(): readonly string[];
  close(): Promise<void>;
}

const backendKeyData = 0x4b;
const readyForQuery = 0x5a;
const parse = 0x50;

/** Listens on 127.0.0.1 and passes bytes both ways; `pooling` falsifies the process id that the server names itself by. */
export async function postgresProxy(connectionString: string, options: { pooling: boolean }): Promise<PostgresProxy> {
  const to = new URL(connectionString.replace(/^postgres:/, 'http:').replace(/@%2F[^:/]*/, '@socket'));
  const folder = /@(%2F[^:/]*)/.exec(connectionString)?.[1];
  let trips = 0;
  const statements: string[] = [];
  const server = createServer((client) => {
    const port = Number(to.port === '' ? 5432 : to.port);
    const upstream =
      folder === undefined
        ? createConnection(port, to.hostname)
        : createConnection(`${decodeURIComponent(folder)}/.s.PGSQL.${port}`);
    let rest = Buffer.alloc(0);
    const seen = (chunk: Buffer): void => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5) {
        const end = 1 + rest.readInt32BE(1);
        if (rest.length < end) {
          return;
        }
        if (rest[0] === readyForQuery) {
          trips += 1;
        }
        if (rest[0] === backendKeyData && options.pooling) {
          rest.writeInt32BE(rest.readInt32BE(5) ^ 1, 5);
        }
        client.write(Buffer.from(rest.subarray(0, end)));
        rest = rest.subarray(end);
      }
    };
    upstream.on('data', seen);
    client.on('data', statementsOf(statements));
    client.pipe(upstream);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const user = `${to.username}:${to.password}`;
  return {
    connectionString: `postgres://${user}@127.0.0.1:${port}${to.pathname}`,
    roundTrips: () => trips,
    statements: () => statements,
    close: () => closed(server),
  };
}

/** Notes the text of each Parse message of one client. */
function statementsOf(statements: string[]): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  // The first message has no type.
  let header = 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= header + 4) {
      const end = header + rest.readInt32BE(header);
      if (rest.length < end) {
        return;
      }
      if (header === 1 && rest[0] === parse) {
        statements.push(rest.toString('utf8', 5, end).split('\0')[1] ?? '');
      }
      rest = rest.subarray(end);
      header = 1;
    }
  };
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
