import type { Expression, LiteralType } from '../../uri/syntax.ts';
import type { BoundExpression } from '../model/read-plan.ts';
import type { RowCondition } from '../model/restricted-set.ts';
import type { ClaimForm, ClaimValue, RowRule } from '../model/row-rule.ts';

type Aliases = ReadonlyMap<string, Expression>;

/** The types of literals that claims are read as; of truth values there are two, which stay in the rule. */
const forms: Partial<Record<LiteralType, ClaimForm>> = {
  string: 'string',
  integer: 'number',
  decimal: 'number',
  guid: 'guid',
  date: 'date',
  dateTimeOffset: 'dateTimeOffset',
};

/** The rule that a condition on rows is, with what stands for its aliases told apart. `bind` binds its text with other ones. */
export function rowRuleOf(
  text: string,
  { variable }: Pick<RowCondition, 'variable'>,
  aliases: Aliases,
  bind: (aliases: Aliases) => BoundExpression,
): RowRule {
  const claims = new Map<string, ClaimValue>();
  const fixed = new Map<string, Expression>();
  for (const [name, expression] of aliases) {
    const claim = claimOf(expression);
    if (claim === null) {
      fixed.set(name, expression);
    } else {
      claims.set(name, claim);
    }
  }
  const shape = [...claims].map(([name, { form, list }]) => [name, form, list]);
  const told = [...fixed].map(([name, expression]) => [name, JSON.stringify(expression, withoutPlaces)]);
  return {
    text: shape.length + told.length === 0 ? text : `${text} ${JSON.stringify([shape, told])}`,
    claims,
    variable,
    conditionFor: (others) =>
      bind(new Map([...fixed, ...[...others].map(([name, claim]) => [name, expressionOf(claim)] as const)])),
  };
}

const withoutPlaces = (key: string, value: unknown): unknown => (key === 'at' ? undefined : value);

/** null: it is none that can be told apart from its rule. */
function claimOf(expression: Expression): ClaimValue | null {
  const list = expression.kind === 'List';
  const items = list ? expression.items : [expression];
  const values: string[] = [];
  let found: ClaimForm | null = null;
  for (const item of items) {
    const form = item.kind === 'Literal' ? (forms[item.type] ?? null) : null;
    if (item.kind !== 'Literal' || form === null || (found !== null && form !== found)) {
      return null;
    }
    found = form;
    values.push(item.text);
  }
  return found === null ? null : { form: found, list, values };
}

function expressionOf({ form, list, values }: ClaimValue): Expression {
  const items = values.map((text): Expression => ({ kind: 'Literal', at: 0, type: literalType(form, text), text }));
  const [first] = items;
  return list || first === undefined ? { kind: 'List', at: 0, items } : first;
}

const literalType = (form: ClaimForm, text: string): LiteralType =>
  form === 'number' ? (/^-?\d+$/.test(text) ? 'integer' : 'decimal') : form;
