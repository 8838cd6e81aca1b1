import type { Export } from '../../catalogue/catalogue.ts';
import { documentedHeader, type HeaderMatch } from '../identify/match-header.ts';
import type { Removal } from '../ledger/removal.ts';

/** What decides of the removal of stored rows that a file does not hold. */
export interface RemovalFacts {
  readonly write: Export['write'];
  readonly hasHeader: boolean;
  readonly superseded: boolean;
  /** Rejected rows whose key could not be read. */
  readonly keyless: number;
}

export function removalOf({ write, hasHeader, superseded, keyless }: RemovalFacts): Removal {
  if (!hasHeader) {
    return 'withheld-no-header';
  }
  if (superseded) {
    return 'superseded';
  }
  if (write.mode === 'upsert') {
    return 'none';
  }
  return keyless > 0 ? 'withheld-keyless' : 'done';
}

/** The same in words; null: nothing that an operator should know. */
export function removalMessage(removal: Removal, keyless: number): string | null {
  switch (removal) {
    case 'withheld-no-header':
      return 'The file is empty, without a header: nothing was removed.';
    case 'superseded':
      return 'A newer file of the same period was loaded before: no row of this one counts.';
    case 'withheld-keyless':
      return `Nothing was removed: the keys of ${keyless} rejected rows are not known.`;
    default:
      return null;
  }
}

/** That the file has no column of the `winner`; null: it has, or needs none. */
export function winnerMessage({ export: target, cells, missing }: HeaderMatch): string | null {
  const { write } = target;
  const winner = write.mode === 'upsert' ? target.columns.find(({ property }) => property === write.winner) : undefined;
  if (winner === undefined || cells.length === 0 || !missing.includes(documentedHeader(winner))) {
    return null;
  }
  return `The file lacks ${documentedHeader(winner)}, which tells the newer row: stored rows that have it count as newer, and were filled only where nothing was stated.`;
}

/** Messages one behind the other; null: there is none. */
export const joinedMessages = (messages: readonly (string | null)[]): string | null =>
  messages.filter((message) => message !== null).join(' ') || null;
