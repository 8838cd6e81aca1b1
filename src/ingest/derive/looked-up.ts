import type { StoredSet } from '../../catalogue/catalogue.ts';
import { quoteIdentifier, quoteRelation } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { BoundUnified } from '../../unify/bind-unified.ts';
import { type Leads, leadsOf } from '../../unify/leads.ts';
import type { Looked } from '../../unify/rows-query.ts';
import type { Transaction } from '../../warehouse/database.ts';

/**
 * Which of the sets that references of a unified set are looked up in have rows of which sources now. Most warehouses have one source of each
 * product, so that no other can have the row that counts: each reference would be looked up in vain.
 */
export async function lookedUp(transaction: Transaction, unified: BoundUnified): Promise<Looked> {
  const asked = new Map(
    leads(unified).flatMap((one) => one.sources.map((source) => [nameOf(one.set, source), { ...one, source }])),
  );
  if (asked.size === 0) {
    return () => false;
  }
  const there = [...asked].map(([name, { set, key, source }]) => {
    const column = `t.${quoteIdentifier(key)}`;
    // Keys begin with their source and a colon; a semicolon is the next character.
    const own = `${column} >= ${escapeText(`${source}:`)} COLLATE "C" AND ${column} < ${escapeText(`${source};`)} COLLATE "C"`;
    return `SELECT ${escapeText(name)} AS name WHERE EXISTS (SELECT 1 FROM ${quoteRelation(set.relation)} t WHERE ${own})`;
  });
  const { rows } = await transaction.query<{ name: string }>(there.join(' UNION ALL '));
  const found = new Set(rows.map(({ name }) => name));
  return (set, source) => found.has(nameOf(set, source));
}

const leads = (unified: BoundUnified): readonly Leads[] =>
  unified.contributions.flatMap((bound) =>
    [...bound.columns.keys()].flatMap((property) => leadsOf(unified, bound, property) ?? []),
  );

const nameOf = ({ name }: StoredSet, source: string): string => `${name} ${source}`;
