import type { PageEnvelope } from '../json/page-envelope.ts';
import {
  onlyOmitNulls,
  type PageReply,
  type PageRows,
  type Recipient,
  type RowSteps,
  unversioned,
} from './data-source.ts';

/** Rows that come one by one as JSON objects. */
export interface ObjectRows {
  /** Rows of all pages, where they were told before the rows; null: not asked for, or told at the end. */
  readonly count: string | null;
  readonly objects: AsyncIterable<string>;
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

/** Lends rows of JSON as a page; what is not read of them is given up. */
export async function lendObjects<T>(context: string, rows: ObjectRows, recipient: Recipient<T>): Promise<T> {
  let whole = false;
  async function* fill(envelope: PageEnvelope, first: IteratorResult<string>, more: AsyncIterator<string>): RowSteps {
    for (let row = first; row.done !== true; row = await more.next()) {
      envelope.separate();
      envelope.output.appendText(row.value);
      if (envelope.isWorthSending) {
        yield 'full';
      }
    }
    whole = true;
    const { count, next } = rows.end();
    return { count, skipToken: next, deltaToken: null };
  }
  const begin = async (): Promise<PageRows> => {
    const iterator = rows.objects[Symbol.asyncIterator]();
    const first = await iterator.next();
    return { count: rows.count, wait: null, fill: (envelope) => fill(envelope, first, iterator) };
  };
  const page: PageReply = { kind: 'page', context, validator: unversioned, followed: onlyOmitNulls, begin };
  try {
    return await recipient.take(page);
  } finally {
    if (!whole) {
      rows.discard();
    }
  }
}
