import type { Recipient } from '../data-source.ts';

/** Knows whether a reply was lent: what fails afterwards may have been seen. */
export class WatchedRecipient<T> implements Recipient<T> {
  taken = false;
  readonly #recipient: Recipient<T>;

  constructor(recipient: Recipient<T>) {
    this.#recipient = recipient;
  }

  get mayHaveCopy(): boolean {
    return this.#recipient.mayHaveCopy;
  }

  recall: Recipient<T>['recall'] = (validator) => this.#recipient.recall(validator);

  /** Before the first row of a page is there, nothing of it is seen: a read may begin anew. */
  take: Recipient<T>['take'] = (reply) => {
    if (reply.kind !== 'page') {
      this.taken = true;
      return this.#recipient.take(reply);
    }
    const begin: typeof reply.begin = async () => {
      const rows = await reply.begin();
      this.taken = true;
      return rows;
    };
    return this.#recipient.take({ ...reply, begin });
  };
}
