import type { Export } from '../../catalogue/catalogue.ts';
import { passedOverNote } from '../identify/data-rows.ts';
import { documentedHeader, type HeaderMatch } from '../identify/match-header.ts';
import type { PassedOver } from '../identify/row-sieve.ts';
import type { LoadOutcome } from '../ledger/ledger.ts';
import type { Removal } from '../ledger/removal.ts';

/** What decides of the removal of stored rows that a file does not hold. */
interface RemovalFacts {
  readonly write: Export['write'];
  readonly hasHeader: boolean;
  readonly superseded: boolean;
  /** Rejected rows whose key could not be read. */
  readonly keyless: number;
}

function removalOf({ write, hasHeader, superseded, keyless }: RemovalFacts): Removal {
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
function removalMessage(removal: Removal, keyless: number): string | null {
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
function winnerMessage({ export: target, cells, missing }: HeaderMatch): string | null {
  const { write } = target;
  const winner = write.mode === 'upsert' ? target.columns.find(({ property }) => property === write.winner) : undefined;
  if (winner === undefined || cells.length === 0 || !missing.includes(documentedHeader(winner))) {
    return null;
  }
  return `The file lacks ${documentedHeader(winner)}, which tells the newer row: stored rows that have it count as newer, and were filled only where nothing was stated.`;
}

const expiredNote = ({ export: { retention } }: HeaderMatch, rows: number): string | null =>
  rows === 0 || retention === null
    ? null
    : `${rows} ${rows === 1 ? 'row was' : 'rows were'} left out: ${retention.by} is longer ago than the ${retention.keep.count} ${retention.keep.unit} that rows are kept.`;

const erasedNote = (rows: number): string | null =>
  rows === 0 ? null : `${rows} ${rows === 1 ? 'row' : 'rows'} of persons who were erased were left out.`;

/** What became of a file's rows, as far as its outcome depends on it. */
export interface OutcomeFacts {
  readonly match: HeaderMatch;
  readonly superseded: boolean;
  readonly keyless: number;
  /** Rows of persons who were erased. */
  readonly erased: number;
  /** Rows older than what is kept. */
  readonly expired: number;
  readonly passedOver: Readonly<PassedOver>;
}

/** What the ledger says of a file that was loaded: the removal as a word, and in words for people what there is to say. */
export function outcomeOf({ match, superseded, keyless, erased, expired, passedOver }: OutcomeFacts): LoadOutcome {
  const removal = removalOf({ write: match.export.write, hasHeader: match.cells.length > 0, superseded, keyless });
  return {
    removal,
    removalMessage: removalMessage(removal, keyless),
    message: joinedMessages([
      winnerMessage(match),
      passedOverNote(passedOver),
      erasedNote(erased),
      expiredNote(match, expired),
    ]),
  };
}

/** Messages one behind the other; null: there is none. */
export const joinedMessages = (messages: readonly (string | null)[]): string | null =>
  messages.filter((message) => message !== null).join(' ') || null;
