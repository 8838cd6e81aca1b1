import type { PageRows, Recipient, RowSteps } from '../data-source.ts';

/** Before each number behind the token of a feed's page, in which it never is. (What stands behind a dot is the instant of the reply.) */
const mark = '~';

/** What the token of a later page says of the first one. */
export interface JoinedBefore {
  /** For the feed's page; a token that nobody made is left as it is, and refused where it is read. */
  readonly token: string;
  /** Numbers of the `$expand` whose rows are joined here. */
  readonly joined: readonly number[];
}

export function joinedOf(skipToken: string): JoinedBefore {
  const [, token, numbers] = /^([^~]*)((?:~\d{1,4}){1,100})$/.exec(skipToken) ?? [];
  return token === undefined || numbers === undefined
    ? { token: skipToken, joined: [] }
    : { token, joined: numbers.slice(1).split(mark).map(Number) };
}

/**
 * Notes in the token of the next page which `$expand` are joined here: what a feed shows to do may be another when that page is asked for, and its rows have to be
 * asked for as those of the first page were. Whoever changes the numbers has a token for another request.
 */
export class JoinedPages<T> implements Recipient<T> {
  readonly #recipient: Recipient<T>;
  readonly #joined: readonly number[];

  constructor(recipient: Recipient<T>, joined: readonly number[]) {
    this.#recipient = recipient;
    this.#joined = joined;
  }

  get mayHaveCopy(): boolean {
    return this.#recipient.mayHaveCopy;
  }

  recall: Recipient<T>['recall'] = (validator) => this.#recipient.recall(validator);

  take: Recipient<T>['take'] = (reply) => {
    if (reply.kind !== 'page' || this.#joined.length === 0) {
      return this.#recipient.take(reply);
    }
    const begin: typeof reply.begin = async () => noted(await reply.begin(), this.#joined);
    return this.#recipient.take({ ...reply, begin });
  };
}

function noted(rows: PageRows, joined: readonly number[]): PageRows {
  async function* fill(page: Parameters<PageRows['fill']>[0]): RowSteps {
    const end = yield* rows.fill(page);
    return end.skipToken === null ? end : { ...end, skipToken: [end.skipToken, ...joined].join(mark) };
  }
  return { ...rows, fill };
}
