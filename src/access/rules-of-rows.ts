import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import { bindGrants } from '../plan/bind/grants.ts';
import type { Grants } from '../plan/grants.ts';
import type { RowRule } from '../plan/model/row-rule.ts';
import type { AccessDocument } from './access-schema.ts';
import { setsOf } from './role-rules.ts';
import { claimTypes, withoutUser } from './user-claims.ts';

/** A rule about rows of a stored set, and the role that has it. */
export interface RoleRows {
  readonly role: string;
  readonly rule: RowRule;
}

/** All rules about rows of stored sets, for claims that are nobody's. What cannot be bound is left out: `readAccess` says it. */
export function rulesOfRows({ roles }: AccessDocument, catalogue: Catalogue): readonly RoleRows[] {
  return Object.entries(roles).flatMap(([role, document]) =>
    (document.read ?? []).flatMap((read) =>
      read.rows === undefined
        ? []
        : setsOf(read, document, catalogue)
            .filter((set) => catalogue.sets.get(set)?.kind === 'stored')
            .flatMap((set) => rowRulesOf(set, read.rows ?? '', catalogue))
            .map((rule) => ({ role, rule })),
    ),
  );
}

function rowRulesOf(set: string, rows: string, catalogue: Catalogue): readonly RowRule[] {
  const condition = withoutUser(rows);
  const bound: Grants[] = [];
  try {
    claimTypes(condition, (aliases) => {
      bound.push(bindGrants(new Map([[set, { rows: condition.text, aliases }]]), catalogue));
    });
  } catch (error) {
    if (error instanceof GatewayError) {
      return [];
    }
    throw error;
  }
  return bound.flatMap(({ sets }) => sets?.get(set)?.rowRules ?? []);
}
