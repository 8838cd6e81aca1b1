import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { allRowsPolicy, type RowPolicy } from '../../sql/row-policy.ts';
import type { Database } from '../database.ts';
import { lockNotAvailable, sqlState } from '../postgres-errors.ts';
import { putPolicy } from './put-policy.ts';
import { removeUnwanted, type StandingPolicy, standingPolicies } from './remove-policies.ts';

/** Milliseconds that a read waits for a policy that is not there yet, and between two tries to put it. */
const patience = 30_000;
const between = 500;

/**
 * Milliseconds after its last read in which a policy counts as there without another look. Far less than the days after which one that nobody wants is taken away: who says that a
 * policy is there has said so to the others, too.
 */
const sureFor = 86_400_000;

/** Milliseconds until the others are told again what this gateway wants, and what nobody wants is looked for. */
const tellingEvery = 600_000;

/** When it was found, and when it was wanted last: `performance.now()`. */
interface KnownPolicy {
  readonly found: number;
  read: number;
}

/**
 * The policies of PostgreSQL for rows of served tables. A policy is of a rule, and those of several files of rules, and of several gateways, stand side by side: a transaction
 * says by tokens which of them are its own. So rules and policies change together, by what each read says, and a policy is put before the
 * first read that needs it.
 */
export class RowPolicies {
  readonly #database: Database;
  /** Those that this gateway has said it wants, and found or put, by token. */
  #there = new Map<string, KnownPolicy>();
  readonly #coming = new Map<string, Promise<void>>();

  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds of a clock. */
  constructor(database: Database, now = (): number => performance.now()) {
    this.#database = database;
    this.#now = now;
  }

  /** The youngest of these, as milliseconds that it has been there for; null: one of them is not, as far as is known. */
  age(policies: readonly RowPolicy[]): number | null {
    const now = this.#now();
    let latest = 0;
    for (const { token } of policies) {
      const known = this.#there.get(token);
      if (known === undefined) {
        return null;
      }
      known.read = now;
      latest = Math.max(latest, known.found);
    }
    return now - latest;
  }

  /** Resolves when all of them are there. Throws GatewayError Busy where a table is read without a pause. */
  async put(policies: readonly RowPolicy[], signal: AbortSignal): Promise<void> {
    for (const policy of policies) {
      if (!this.#there.has(policy.token)) {
        await this.#one(policy);
        signal.throwIfAborted();
      }
    }
  }

  /**
   * All tables of the catalogue have policies, so that whoever says nothing sees nothing; what was found is looked at anew. A table that is being read now is left for the
   * next time; whoever needs its policies waits for them.
   */
  async follow(catalogue: Catalogue): Promise<void> {
    const asked = this.#now();
    const standing = await standingPolicies(this.#database);
    const enabled = new Set(standing.filter((one) => one.enabled).map(({ token }) => token));
    const tables = [...catalogue.sets.values()].flatMap((set) =>
      set.kind === 'stored' && set.role !== 'ledger' ? [allRowsPolicy(set.relation)] : [],
    );
    const own = new Set(tables.map(({ token }) => token));
    const now = this.#now();
    for (const [token, { found, read }] of this.#there) {
      const lacks = !enabled.has(token) && found < asked;
      if (lacks || (!own.has(token) && read < now - sureFor)) {
        this.#there.delete(token);
      }
    }
    for (const policy of tables.filter(({ token }) => !this.#there.has(token))) {
      await this.#tried(policy);
    }
    if (now - this.#toldAt >= tellingEvery) {
      await this.#tell(standing);
      this.#toldAt = now;
    }
  }

  async #tell(standing: readonly StandingPolicy[]): Promise<void> {
    await this.#database.query(
      'UPDATE gateway.row_policy SET wanted_at = clock_timestamp() WHERE token = ANY ($1::text[])',
      [[...this.#there.keys()]],
    );
    // The one of a table alone, of a set that is served no more, keeps it closed.
    const rules = standing.filter((one) => !this.#there.has(one.token) && allRowsPolicy(one).token !== one.token);
    await removeUnwanted(this.#database, rules);
  }

  #one(policy: RowPolicy): Promise<void> {
    const { token } = policy;
    const coming = this.#coming.get(token) ?? this.#put(policy).finally(() => this.#coming.delete(token));
    this.#coming.set(token, coming);
    return coming;
  }

  async #put(policy: RowPolicy): Promise<void> {
    const until = this.#now() + patience;
    while (!(await this.#tried(policy))) {
      if (this.#now() > until) {
        throw new GatewayError('Busy', 'A rule is new to the database, and its table is being read without a pause.');
      }
      await pause(between);
    }
  }

  /** false: its table is being read. */
  async #tried(policy: RowPolicy): Promise<boolean> {
    try {
      await putPolicy(this.#database, policy);
    } catch (error) {
      if (sqlState(error) !== lockNotAvailable) {
        throw error;
      }
      return false;
    }
    const now = this.#now();
    this.#there.set(policy.token, { found: now, read: now });
    return true;
  }
}
