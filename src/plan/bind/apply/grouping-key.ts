import type { MemberPath } from '../../../uri/syntax.ts';
import type { BoundExpression, GroupingKey } from '../../model/read-plan.ts';
import { bindOperand } from '../expression/expression.ts';
import { fault, type Scope } from '../scope.ts';

interface KeyPlace {
  readonly rollup: number | null;
  readonly at: number;
}

/** The names that rows are served with: a cast, which alone has a dot in its name, is none of them. */
export const withoutCasts = (path: readonly string[]): readonly string[] => path.filter((name) => !name.includes('.'));

/** One key: a property or an entity, over to-one navigations, or an earlier computed property. */
export function groupingKey(written: readonly string[], scope: Scope, { rollup, at }: KeyPlace): GroupingKey {
  const segments = written.map((name) => ({ kind: 'Name', at, name, keys: null }) as const);
  const member: MemberPath = { kind: 'MemberPath', at, segments };
  const expression = bindOperand(member, scope);
  const path = withoutCasts(written);
  if (path.length === 0) {
    throw fault(scope, 'InvalidOption', `'${written.join('/')}' is a type: group by a property of it.`, at);
  }
  if (expression.kind === 'Row') {
    const { row } = expression;
    const set = row.steps.at(-1)?.set ?? row.variable.set;
    const exists: BoundExpression = { kind: 'RowExists', type: 'Edm.Boolean', nullable: false, row };
    const variable = { name: path.join('/'), set, optional: true };
    return { path, expression: exists, rollup, entity: { row, variable } };
  }
  return { path, expression, rollup };
}
