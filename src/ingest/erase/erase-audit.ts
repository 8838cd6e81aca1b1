import type { Transaction } from '../../warehouse/database.ts';
import type { Persons } from '../personal/persons.ts';
import type { LedgerErasure } from './erase-ledger.ts';

/** Queries read at once. */
const batch = 1000;

/**
 * Takes persons out of the audit of requests: of a query that mentions one, `?` stays. Who asked is not touched: that somebody read is what an audit is for.
 * Resolves to how many rows.
 */
export async function eraseAudit(
  transaction: Transaction,
  { persons, dryRun }: Pick<LedgerErasure, 'persons' | 'dryRun'>,
): Promise<number> {
  await transaction.query(
    `DECLARE audited NO SCROLL CURSOR FOR SELECT query, count(*)::integer AS n FROM gateway.audit_event WHERE query NOT IN ('', '?') GROUP BY query`,
  );
  const found: string[] = [];
  let count = 0;
  for (;;) {
    const { rows } = await transaction.query<{ query: string; n: number }>(`FETCH ${batch} FROM audited`);
    if (rows.length === 0) {
      break;
    }
    for (const { query, n } of rows) {
      if (isOf(persons, query)) {
        found.push(query);
        count += n;
      }
    }
  }
  await transaction.query('CLOSE audited');
  if (!dryRun && found.length > 0) {
    await transaction.query(`UPDATE gateway.audit_event SET query = '?' WHERE query = ANY ($1::text[])`, [found]);
  }
  return count;
}

/** Also by each of its quoted texts: telephone numbers stand close to other digits. */
const isOf = (persons: Persons, query: string): boolean =>
  persons.mentions(query) || (query.match(/'(?:[^']|'')*'/g) ?? []).some((text) => persons.mentions(text));
