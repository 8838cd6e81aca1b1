/** Peer: what one writes without a library, `pg-cursor` and JSON.stringify over node:http. Its routes are the workloads. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import pg from 'pg';
import { conversations, countFrom, messageColumns, messages, selectAll, selectMonth } from '../support/messages.ts';

const pool = new pg.Pool({ connectionString: process.argv[2], max: 20 });
const batch = 1000;

type Row = Record<string, unknown>;

/** The package has no types. */
const Cursor = createRequire(import.meta.url)('pg-cursor') as new (
  sql: string,
) => pg.Submittable & {
  read(count: number): Promise<Row[]>;
  close(): Promise<void>;
};

async function stream(response: ServerResponse, sql: string): Promise<void> {
  const client = await pool.connect();
  const cursor = client.query(new Cursor(sql));
  response.writeHead(200, { 'Content-Type': 'application/json' });
  let separator = '{"value":[';
  for (;;) {
    const rows = await cursor.read(batch);
    if (rows.length === 0) {
      break;
    }
    const text = separator + rows.map((row) => JSON.stringify(row)).join(',');
    separator = ',';
    if (!response.write(text)) {
      await new Promise((resolve) => response.once('drain', resolve));
    }
  }
  response.end(separator === ',' ? ']}' : '{"value":[]}');
  await cursor.close();
  client.release();
}

const children = messageColumns.map(([name]) => `"${name}"`).join(', ');

async function expand(response: ServerResponse): Promise<void> {
  const parents = await pool.query<Row>(
    `SELECT "ConversationId", "Medium", "CreatedAt" FROM feed."${conversations}" ORDER BY _row LIMIT 1000`,
  );
  const { rows } = await pool.query<Row>(
    `SELECT ${children} FROM feed."${messages}" WHERE "ConversationId" = ANY($1) ORDER BY _row`,
    [parents.rows.map((row) => row['ConversationId'])],
  );
  const byParent = new Map<unknown, Row[]>();
  for (const row of rows) {
    const siblings = byParent.get(row['ConversationId']);
    if (siblings === undefined) {
      byParent.set(row['ConversationId'], [row]);
    } else {
      siblings.push(row);
    }
  }
  const value = parents.rows.map((row) => ({ ...row, Messages: byParent.get(row['ConversationId']) ?? [] }));
  const body = Buffer.from(JSON.stringify({ value }));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
}

async function count(response: ServerResponse, second: number): Promise<void> {
  const { rows } = await pool.query<{ count: string }>(countFrom(second));
  response.writeHead(200, { 'Content-Type': 'text/plain' }).end(rows[0]?.count);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://peer');
  const after = Number(url.searchParams.get('after') ?? '0');
  if (url.pathname === '/full') {
    await stream(response, selectAll);
  } else if (url.pathname === '/month') {
    await stream(response, selectMonth);
  } else if (url.pathname === '/page') {
    await stream(response, `${selectAll} WHERE _row > ${after} ORDER BY _row LIMIT 100`);
  } else if (url.pathname === '/skip') {
    await stream(
      response,
      `${selectAll} ORDER BY _row LIMIT 100 OFFSET ${Number(url.searchParams.get('skip') ?? '0')}`,
    );
  } else if (url.pathname === '/count') {
    await count(response, Number(url.searchParams.get('from') ?? '0'));
  } else {
    await expand(response);
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    response.destroy();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
process.on('disconnect', () => process.exit());
