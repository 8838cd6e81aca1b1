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

  take: Recipient<T>['take'] = (reply) => {
    this.taken = true;
    return this.#recipient.take(reply);
  };
}
