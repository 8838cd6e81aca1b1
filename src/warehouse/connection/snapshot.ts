import type pg from 'pg';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import type { Observe } from '../../observation/observe.ts';
import type { RowBatch, Snapshot } from '../database.ts';
import { postgresError } from '../postgres-errors.ts';
import { CopyOut } from './copy-out.ts';
import { tellStatement } from './tell-statement.ts';
import { ask } from './transaction.ts';

interface SnapshotOptions {
  readonly observe: Observe<WarehouseEvent>;
  /** Ends what runs on the connection, from another one. */
  cancel(client: pg.PoolClient): Promise<void>;
}

/** What the owner may do in a transaction that only reads and is open on `client`. */
export function snapshotOn(client: pg.PoolClient, options: SnapshotOptions): Snapshot {
  const { observe } = options;
  return {
    query: (text, values) => {
      tellStatement(observe, 'owner', text);
      return ask(client, text, values);
    },
    copyOut: (select) => copyText(client, select, options),
  };
}

const lineFeed = 0x0a;

async function* copyText(
  client: pg.PoolClient,
  select: string,
  { observe, cancel }: SnapshotOptions,
): AsyncGenerator<Buffer, void, undefined> {
  tellStatement(observe, 'owner', select);
  const copy = client.query(new CopyOut(select, { before: [], after: [] }));
  try {
    for (let batch = await copy.next(); batch !== null; batch = await copy.next()) {
      yield lines(batch);
    }
  } catch (error) {
    throw postgresError(error);
  } finally {
    if (!copy.finished) {
      copy.fail(new Error('The rows are not wanted any more.'));
      await cancel(client);
    } else {
      copy.dispose();
    }
  }
}

/** The rows of a batch as COPY text, in memory of their own. */
function lines({ buffer, starts, ends, count }: RowBatch): Buffer {
  let size = 0;
  for (let row = 0; row < count; row += 1) {
    size += (ends[row] ?? 0) - (starts[row] ?? 0) + 1;
  }
  const text = Buffer.allocUnsafe(size);
  let at = 0;
  for (let row = 0; row < count; row += 1) {
    at += buffer.copy(text, at, starts[row], ends[row]);
    text[at] = lineFeed;
    at += 1;
  }
  return text;
}
