import type { RowBlock } from '../json/reading/plain-rows.ts';
import {
  onlyOmitNulls,
  type PageReply,
  type PageRows,
  type Recipient,
  type RowPage,
  type RowSteps,
  unversioned,
} from './data-source.ts';

/** Rows that come one by one as JSON objects. */
export interface ObjectRows {
  /** Rows of all pages, where they were told before the rows; null: not asked for, or told at the end. */
  readonly count: string | null;
  readonly objects: AsyncIterable<string>;
  /** The same rows many at a time; one of both is read. */
  readonly blocks?: AsyncIterable<RowBlock>;
  /** Frees what the rows come from when they will not be read to their end. */
  discard(): void;
  /** To be asked after the last row. */
  end(): ObjectRowsEnd;
}

export interface ObjectRowsEnd {
  /** Rows of all pages, where they became known with the last row. */
  readonly count: string | null;
  /** Text of `$skiptoken`; null: no further page. */
  readonly next: string | null;
}

/** Rows whose first ones are there. */
interface Begun<Item> {
  readonly first: IteratorResult<Item>;
  readonly more: AsyncIterator<Item>;
  readonly append: (envelope: RowPage, item: Item) => void;
}

const appendObject = (envelope: RowPage, object: string): void => envelope.object(object);

const appendBlock = (envelope: RowPage, { bytes, rows }: RowBlock): void => envelope.appendRows(bytes, rows);

/** Lends rows of JSON as a page; what is not read of them is given up. */
export async function lendObjects<T>(context: string, rows: ObjectRows, recipient: Recipient<T>): Promise<T> {
  let whole = false;
  async function* fill<Item>(envelope: RowPage, { first, more, append }: Begun<Item>): RowSteps {
    for (let item = first; item.done !== true; item = await more.next()) {
      append(envelope, item.value);
      if (envelope.isWorthSending) {
        yield 'full';
      }
    }
    whole = true;
    const { count, next } = rows.end();
    return { count, skipToken: next, deltaToken: null };
  }
  async function begun<Item>(items: AsyncIterable<Item>, append: Begun<Item>['append']): Promise<PageRows> {
    const more = items[Symbol.asyncIterator]();
    const first = await more.next();
    return { count: rows.count, wait: null, fill: (envelope) => fill(envelope, { first, more, append }) };
  }
  const begin = (): Promise<PageRows> =>
    rows.blocks === undefined ? begun(rows.objects, appendObject) : begun(rows.blocks, appendBlock);
  const page: PageReply = { kind: 'page', context, validator: unversioned, followed: onlyOmitNulls, begin };
  try {
    return await recipient.take(page);
  } finally {
    if (!whole) {
      rows.discard();
    }
  }
}
