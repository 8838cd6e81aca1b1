import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { allRowsPolicy, type RowPolicy } from '../../sql/row-policy.ts';
import type { Database } from '../database.ts';
import { sqlState } from '../postgres-errors.ts';
import { putPolicy } from './put-policy.ts';
import { removePolicies, standingPolicies } from './remove-policies.ts';

/** Milliseconds that a read waits for a policy that is not there yet, and between two tries to put it. */
const patience = 30_000;
const between = 500;

/** Days after which a policy that no gateway wants is taken away: those of before a restore, or of a gateway that is off for the weekend, are there still. */
const keptDays = 7;

/**
 * The policies of PostgreSQL for rows of served tables. A policy is of a rule, and those of several files of rules, and of several gateways, stand side by side: a transaction
 * says by tokens which of them are its own. So rules and policies change together, by what each read says, and a policy is put before the
 * first read that needs it.
 */
export class RowPolicies {
  readonly #database: Database;
  /** By token, when it was found: `performance.now()`. */
  #there = new Map<string, number>();
  readonly #coming = new Map<string, Promise<void>>();
  readonly #wanted = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The youngest of these, as milliseconds that it has been there for; null: one of them is not, as far as is known. */
  age(policies: readonly RowPolicy[]): number | null {
    let latest = 0;
    for (const { token } of policies) {
      const found = this.#there.get(token);
      if (found === undefined) {
        return null;
      }
      latest = Math.max(latest, found);
    }
    return performance.now() - latest;
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
   * All tables of the catalogue have policies, so that whoever says nothing sees nothing; what was found is looked at anew. false: some of them are being read and have none
   * yet; whoever needs one waits for it.
   */
  async follow(catalogue: Catalogue): Promise<boolean> {
    const standing = await standingPolicies(this.#database);
    const there = new Map<string, number>();
    for (const { token, enabled } of standing) {
      if (enabled) {
        there.set(token, this.#there.get(token) ?? performance.now());
      }
    }
    this.#there = there;
    const tables = [...catalogue.sets.values()].flatMap((set) =>
      set.kind === 'stored' && set.role !== 'ledger' ? [allRowsPolicy(set.relation)] : [],
    );
    let read = 0;
    for (const policy of tables.filter(({ token }) => !there.has(token))) {
      read += Number(!(await this.#tried(policy)));
    }
    await this.#database.query(
      'UPDATE gateway.row_policy SET wanted_at = clock_timestamp() WHERE token = ANY ($1::text[])',
      [[...this.#wanted]],
    );
    const own = new Set(tables.map(({ token }) => token));
    const old = standing.filter(({ token, unwanted }) => unwanted > keptDays && !this.#wanted.has(token));
    // The one of a table alone, of a set that is served no more, keeps it closed.
    await removePolicies(
      this.#database,
      old.filter((one) => !own.has(one.token) && allRowsPolicy(one).token !== one.token),
      { disable: false },
    );
    return read === 0;
  }

  #one(policy: RowPolicy): Promise<void> {
    const { token } = policy;
    const coming = this.#coming.get(token) ?? this.#put(policy).finally(() => this.#coming.delete(token));
    this.#coming.set(token, coming);
    return coming;
  }

  async #put(policy: RowPolicy): Promise<void> {
    const until = performance.now() + patience;
    while (!(await this.#tried(policy))) {
      if (performance.now() > until) {
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
      // lock_not_available (PostgreSQL manual, appendix A)
      if (sqlState(error) !== '55P03') {
        throw error;
      }
      return false;
    }
    this.#there.set(policy.token, performance.now());
    this.#wanted.add(policy.token);
    return true;
  }
}
