import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { GatewayError } from '../errors.ts';
import type { ServerAddress } from './address.ts';

/** Recovery after a crash replays up to `max_wal_size` of log. */
const patience = 120_000;

/**
 * Waits until the server takes connections. `ended` resolves with a reason when the server is
 * gone instead. Throws EmbeddedServerUnavailable with the end of the server's log.
 */
export async function waitUntilReady(address: ServerAddress, ended: Promise<string>, logFile: string): Promise<void> {
  let gone: string | null = null;
  void ended.then((reason) => {
    gone = reason;
  });
  const deadline = performance.now() + patience;
  while (performance.now() < deadline && gone === null) {
    if (await answers(address)) {
      return;
    }
    await sleep(20);
  }
  throw new GatewayError(
    'EmbeddedServerUnavailable',
    `The embedded PostgreSQL did not start (${gone ?? `no answer in ${String(patience / 1000)} s`}). Its log, ${logFile}, ends with: ${lastLines(logFile)}`,
  );
}

async function answers(address: ServerAddress): Promise<boolean> {
  const client = new pg.Client({ ...address, database: 'postgres', connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-4).join(' | ');
  } catch {
    return '(no log)';
  }
}
