import { Socket } from 'node:net';
import pg from 'pg';
import { ReaderSocket } from './reader-socket.ts';
import { type Connection, clientsOf, loginOf } from './server-login.ts';

export interface PoolSettings {
  readonly connection: Connection;
  readonly max: number;
  /** Milliseconds to wait for a free connection. */
  readonly patience: number;
  readonly applicationName: string;
  /** Further settings of each session, `name = value`; asked when a connection is opened. */
  readonly session?: () => readonly string[];
  /** All that is done there is reading for requests. */
  readonly reads?: boolean;
}

/** What only sessions have that read for requests and are nobody else's. The time of a read is watched here. */
const readerSession = ['ROLE gateway_reader', 'statement_timeout = 0'];

/** How values are written, in both directions, and how statements are run. */
const sessionDefaults = [
  'TimeZone = UTC',
  'DateStyle = ISO',
  'IntervalStyle = iso_8601',
  'extra_float_digits = 1',
  'bytea_output = hex',
  // Compiling a statement of a load takes seconds (hundreds of expressions), and running it milliseconds.
  'jit = off',
];

const { builtins } = pg.types;
const asText: ReadonlySet<number> = new Set([
  builtins.DATE,
  builtins.TIMESTAMP,
  builtins.TIMESTAMPTZ,
  builtins.INTERVAL,
]);
/** The arrays of those types: date, timestamp, timestamptz, interval. */
const asTextArray: ReadonlySet<number> = new Set([1182, 1115, 1185, 1187]);
const textArray = 1009;

/** The driver's parsers, but nothing that loses digits or a time zone: bigint, numeric, dates and times stay text. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') => {
    if (asText.has(oid)) {
      return (text: string) => text;
    }
    return pg.types.getTypeParser(asTextArray.has(oid) ? textArray : oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

export function connectionPool(settings: PoolSettings): pg.Pool {
  const { connection } = settings;
  const pool = new pg.Pool({
    ...(typeof connection === 'function' ? { Client: clientsOf(connection) } : loginOf(connection)),
    // Awaited by the pool before anybody gets the connection.
    onConnect: (client) => setUp(client, settings.session?.() ?? [], settings.reads ?? false),
    max: settings.max,
    connectionTimeoutMillis: settings.patience,
    idleTimeoutMillis: 60_000,
    application_name: settings.applicationName,
    keepAlive: true,
    stream: openSocket,
    types,
  });
  pool.on('connect', (client) => {
    // A connection that breaks fails its statement, or is replaced by the pool; without listeners the process would end.
    client.on('error', () => {});
  });
  pool.on('error', () => {});
  return pool;
}

/** Connections whose settings hold for as long as they live. */
const settled = new WeakSet<object>();
/** Those of them on which everything is done as the read role, without a time limit of the server. */
const reading = new WeakSet<object>();

/**
 * A pooler between us and the server gives each transaction any server session it likes. It shows: the process it named
 * when the connection was opened is not the one that runs the statements.
 */
async function setUp(client: pg.ClientBase, more: readonly string[], reads: boolean): Promise<void> {
  await client.query([...sessionDefaults, ...more].map((setting) => `SET ${setting}`).join('; '));
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { processID } = client as pg.ClientBase & { readonly processID: number | null };
  if (rows[0]?.pid !== processID) {
    return;
  }
  settled.add(client);
  if (reads) {
    await client.query(readerSession.map((setting) => `SET ${setting}`).join('; '));
    reading.add(client);
  }
}

/** Whether the settings of its session hold for each transaction. */
export const isSettled = (client: pg.ClientBase): boolean => settled.has(client);

/** Whether all that is done there is done as the read role, without a time limit of the server. */
export const isReading = (client: pg.ClientBase): boolean => reading.has(client);

/** Statements with which a transaction goes on as the read role. `timeout`: milliseconds of each statement; 0: no limit. */
export const asReader = (client: pg.ClientBase, timeout: number): readonly string[] => [
  ...(reading.has(client) ? [] : ['SET LOCAL ROLE gateway_reader']),
  ...(reading.has(client) && timeout === 0 ? [] : [`SET LOCAL statement_timeout = ${String(timeout)}`]),
];

/**
 * The statements that begin a transaction on a connection, one by one. They write values and run statements as `sessionDefaults` says, also where
 * a pooler (transaction pooling) lends a session that knows nothing of it.
 */
export function beginning(client: pg.ClientBase, mode: string): readonly string[] {
  const format = settled.has(client) ? [] : sessionDefaults.map((setting) => `SET LOCAL ${setting}`);
  return [`BEGIN ISOLATION LEVEL ${mode}`, ...format];
}

/** The driver gives its settings, which its types leave out. It lays TLS over a socket, which needs an ordinary one. */
function openSocket(settings?: { readonly ssl?: unknown }): Socket {
  return settings?.ssl ? new Socket() : new ReaderSocket();
}
