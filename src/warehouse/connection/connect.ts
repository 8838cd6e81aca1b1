import type pg from 'pg';
import { GatewayError } from '../../errors.ts';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import { postgresError } from '../postgres-errors.ts';
import { currentClient } from './server-login.ts';

/** Milliseconds from which a wait is told. */
export const worthTelling = 1;

/**
 * A connection of the pool, once one is free; a wait for it is told.
 * @throws GatewayError Busy where all are in use, DatabaseUnavailable where the server does not answer
 */
export async function connect(pool: pg.Pool, observe: Observe<WarehouseEvent>): Promise<pg.PoolClient> {
  const from = performance.now();
  const client = await freeClient(pool);
  const milliseconds = performance.now() - from;
  if (milliseconds >= worthTelling) {
    observe({ event: 'connection-wait', milliseconds: Math.round(milliseconds) });
  }
  return client;
}

async function freeClient(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await currentClient(pool);
  } catch (error) {
    const { max } = pool.options;
    // The driver has one message for both: nobody gave a connection back, or the server does not answer.
    const allBusy = error instanceof Error && /^timeout exceeded when trying to connect/.test(error.message);
    if (allBusy && pool.totalCount >= (max ?? 0)) {
      throw new GatewayError('Busy', `The gateway is busy: all ${max} connections to PostgreSQL are in use`);
    }
    throw unreachable(error);
  }
}

/** Whatever kept us from a connection, it is not there. */
function unreachable(error: unknown): Error {
  const known = postgresError(error);
  if (known instanceof GatewayError) {
    return known;
  }
  return new GatewayError('DatabaseUnavailable', `PostgreSQL cannot be reached: ${known.message}.`, { cause: error });
}
