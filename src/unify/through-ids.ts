import type { BoundExpression } from '../plan/model/read-plan.ts';
import { visitExpression } from '../plan/model/walk.ts';
import { value } from '../sql/expression/expression.ts';
import { openScope } from '../sql/expression/open-scope.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { joinConditions, type Row, type Scope } from '../sql/scope.ts';
import type { BoundContribution, BoundGathering } from './bind-contribution.ts';
import { type BoundUnified, identityOf } from './bind-unified.ts';
import { joinGathered } from './gathered.ts';
import { idJoin, idPart, idTexts } from './id-parts.ts';
import { selectedIds } from './id-table.ts';
import { type Leads, leadsOf } from './leads.ts';
import { timeColumn } from './local-times.ts';

/**
 * SELECTs of the ids of things whose references are looked up in rows `t` that match a condition. One that tells nothing changes nothing, as an
 * account before it was matched; nor does one that has but its own key to tell, of the reference's own source.
 */
export function throughIds(
  unified: BoundUnified,
  bound: BoundContribution,
  { set, condition }: { readonly set: string; readonly condition: string },
): readonly string[] {
  return [...bound.columns].flatMap(([property, formula]) => {
    const led = leadsOf(unified, bound, property);
    if (led === null || led.set.name !== set) {
      return [];
    }
    return led.sources.map((source) => idsLedTo(unified, bound, { formula, led, source, condition }));
  });
}

interface Leading {
  readonly formula: BoundExpression;
  readonly led: Leads;
  readonly source: string;
  readonly condition: string;
}

function idsLedTo(unified: BoundUnified, bound: BoundContribution, leading: Leading): string {
  const { formula, led, source, condition } = leading;
  const { scope, row, named } = namedBy(unified, bound, formula);
  const [key, told] = [led.key, led.value].map((name) => `t.${quoteIdentifier(name)}`);
  const prefix = escapeText(`${source}:`);
  // The other way round than the key is made, so that an index of the references helps.
  const same = `${idPart(named, formula.type)} = (CASE WHEN starts_with(${key}, ${prefix}) THEN substr(${key}, length(${prefix}) + 1) END) COLLATE "C"`;
  const says = source === bound.contribution.source ? `${told} <> ${key}` : `${told} IS NOT NULL`;
  const where = [condition, says, ...scope.where];
  const from = `${scope.from.join(' ')} JOIN ${quoteRelation(led.set.relation)} t ON ${same}`;
  const parts = idTexts(identityOf(unified, bound), row.alias);
  return selectedIds(unified, bound, { alias: row.alias, parts }, { from, where });
}

interface Named {
  readonly scope: Scope;
  readonly row: Row;
  /** What the reference holds, as SQL; of values that are gathered also what it may have held. */
  readonly named: string;
}

/** Rows of a contribution with what a reference of theirs holds. */
function namedBy(unified: BoundUnified, bound: BoundContribution, formula: BoundExpression): Named {
  const picked = formula.kind === 'ComputedValue' ? pickedFrom(bound, formula.name) : null;
  if (picked !== null) {
    return picksOf(unified, bound, picked);
  }
  const opened = openRows(unified, bound);
  const names = new Set<string>();
  visitExpression(formula, {
    expression: (node) => {
      if (node.kind === 'ComputedValue') {
        names.add(node.name);
      }
    },
  });
  if (bound.gather.some(({ values }) => [...names].some((name) => values.has(name)))) {
    for (const gathering of bound.gather) {
      joinGathered(opened.scope, opened.row, gathering);
    }
  }
  return { ...opened, named: value(formula, opened.scope) };
}

function openRows(unified: BoundUnified, bound: BoundContribution): Pick<Named, 'scope' | 'row'> {
  const scope = openScope(unified.catalogue);
  const row = scope.table(bound.variable.set, bound.variable);
  joinLocal(unified, bound, { scope, row });
  return { scope, row };
}

function joinLocal(
  unified: BoundUnified,
  bound: BoundContribution,
  { scope, row }: Pick<Named, 'scope' | 'row'>,
): void {
  const times = idJoin(identityOf(unified, bound), row.alias);
  if (times !== null) {
    scope.from.push(times);
  }
  for (const name of bound.contribution.times.keys()) {
    row.columns.set(name, timeColumn(row.alias, name));
  }
}

interface Picked {
  readonly gathering: BoundGathering;
  readonly of: BoundExpression;
}

/** Where a gathered value is that of one of the rows: which. */
function pickedFrom({ gather }: BoundContribution, name: string): Picked | null {
  const gathering = gather.find(({ values }) => values.has(name));
  const { method = 'count', of = null } = gathering?.values.get(name) ?? {};
  return gathering === undefined || of === null || method === 'count' || method === 'sum' ? null : { gathering, of };
}

/** The value of any of the rows that are gathered: which one is picked, rows that are made again tell. So no row is looked at that does not have it. */
function picksOf(unified: BoundUnified, bound: BoundContribution, { gathering, of }: Picked): Named {
  const { navigation, variable } = gathering;
  const scope = openScope(unified.catalogue);
  const theirs = scope.table(variable.set, variable);
  const row = scope.table(bound.variable.set, bound.variable);
  joinLocal(unified, bound, { scope, row });
  scope.where.push(...joinConditions(row, theirs, navigation));
  return { scope, row, named: value(of, scope) };
}
