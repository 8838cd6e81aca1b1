import { type AddressBook, forgottenAfter } from '../../sign-in/password/known-addresses.ts';
import type { Database } from '../../warehouse/database.ts';
import { knownAddresses, noteAddresses } from '../../warehouse/shared/known-addresses.ts';
import type { Beat } from './beat.ts';

/** Seconds of additions that are read again with each beat: one that was slow to commit is not passed over. */
const overlap = 60;

/** Has the addresses that names signed in from known to all gateways, with the beats, while others are there. */
export function shareAddresses(database: Database, beat: Beat, book: AddressBook): void {
  let learned: number | null = null;
  let untold: ReturnType<AddressBook['drain']> = [];
  beat.add(async (others) => {
    untold = [...untold, ...book.drain()];
    if (others === 0) {
      learned = null;
      untold = [];
      return;
    }
    const begun = performance.now();
    const told = learned === null ? book.all() : untold;
    if (told.length > 0) {
      const today = Math.floor(Date.now() / 86_400_000);
      await noteAddresses(database, told, today - forgottenAfter);
    }
    untold = [];
    book.merge(await knownAddresses(database, learned === null ? null : (begun - learned) / 1000 + overlap));
    learned = begun;
  });
}
