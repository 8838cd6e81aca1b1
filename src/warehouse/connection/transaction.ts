import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { GatewayError } from '../../errors.ts';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import { fencedApart } from '../../sql/apart.ts';
import type { DatabaseRow, QueryResult, Transaction } from '../database.ts';
import { postgresError } from '../postgres-errors.ts';
import { currentClient } from './server-login.ts';
import { tellStatement } from './tell-statement.ts';

/** Runs a statement. Throws what `postgresError` makes of PostgreSQL's errors. */
export async function ask<Row extends DatabaseRow>(
  on: pg.PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> {
  try {
    const answer = await on.query<Row>(text, values === undefined ? undefined : [...values]);
    // A text of several statements, as a migration is, answers with a list, which the driver's types leave out.
    const result = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<Row>;
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  } catch (error) {
    throw postgresError(error);
  }
}

/** The same on a connection of its own. */
export async function askOnce<Row extends DatabaseRow>(
  pool: pg.Pool,
  text: string,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> {
  let client: pg.PoolClient;
  try {
    client = await currentClient(pool);
  } catch (error) {
    throw postgresError(error);
  }
  let failed = true;
  try {
    const result = await ask<Row>(client, text, values);
    failed = false;
    return result;
  } finally {
    // Whether it can be used again after a failure is not looked at.
    client.release(failed);
  }
}

/** What a transaction that is open on `client` may do. */
export function transactionOn(
  client: pg.PoolClient,
  { observe, isDistributed }: { readonly observe: Observe<WarehouseEvent>; readonly isDistributed: boolean },
): Transaction {
  return {
    isDistributed,
    query: (text, values) => {
      const statement = isDistributed ? fencedApart(text) : text;
      tellStatement(observe, 'owner', statement);
      return ask(client, statement, values);
    },
    copyIn: async (text, bytes) => {
      tellStatement(observe, 'owner', text);
      const copy = client.query(copyFrom(text));
      try {
        await pipeline(Readable.from(bytes, { objectMode: false }), copy);
        return copy.rowCount ?? 0;
      } catch (error) {
        throw postgresError(error);
      }
    },
  };
}

/** PostgreSQL answers COMMIT of a transaction with a failed statement by rolling back, without an error: GatewayError Internal. */
export async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command === 'COMMIT') {
    return;
  }
  throw new GatewayError(
    'Internal',
    'The transaction was rolled back: an error of a statement in it was not passed on.',
  );
}
