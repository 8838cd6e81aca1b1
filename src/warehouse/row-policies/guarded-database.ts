import type { BroughtRows, Database, ReadOptions, ReadSession } from '../database.ts';
import type { RowPolicies } from './row-policies.ts';

/** Milliseconds more than a standby may be behind after which it has a policy, however it is looked after. */
const reserve = 20_000;

/**
 * A database whose reads find the policies that they speak of. On a standby a policy is a while later than here, and until then who has it would see
 * no rows: such reads are done by the primary. `maxLag`: milliseconds that a standby may be behind.
 */
export function guardedDatabase(
  database: Database,
  policies: RowPolicies,
  { maxLag }: { readonly maxLag: number },
): Database {
  const ready = async <T>(options: ReadOptions<T>): Promise<ReadOptions<T>> => {
    const wanted = options.rights?.policies ?? [];
    if (policies.age(wanted) === null) {
      await policies.put(wanted, options.signal);
    }
    const age = policies.age(wanted);
    return age === null || age < maxLag + reserve ? { ...options, recency: 'latest' } : options;
  };
  return {
    query: database.query.bind(database),
    transaction: database.transaction.bind(database),
    snapshot: database.snapshot.bind(database),
    exclusively: database.exclusively.bind(database),
    occupancy: database.occupancy.bind(database),
    close: database.close.bind(database),
    read: async <T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions<T>): Promise<T> =>
      database.read(work, await ready(options)),
    readWith: async <T>(
      brought: readonly BroughtRows[],
      work: (session: ReadSession) => Promise<T>,
      options: ReadOptions<T>,
    ): Promise<T> => database.readWith(brought, work, await ready(options)),
  };
}
