import type { EntitySet, NavigationProperty } from '../../../edm/model.ts';
import type { MemberSegment } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { BoundExpression, CollectionPath, RangeVariable, RowPath } from '../../model/read-plan.ts';
import { bindSearch } from '../rows/search.ts';
import { fault, type Scope } from '../scope.ts';
import { balanced, bindCondition } from './expression.ts';

export interface CollectionStart {
  readonly from: RowPath;
  readonly navigation: NavigationProperty;
  readonly set: EntitySet;
}

/**
 * What stands after a to-many navigation: `$filter(...)` any number of times, then `any`, `all` or `$count`
 * (4.01 URL Conventions 5.1.1.13, 4.11, 4.12).
 */
export function bindCollection(start: CollectionStart, rest: readonly MemberSegment[], scope: Scope): BoundExpression {
  const last = rest.at(-1);
  const name = last?.kind === 'Lambda' ? last.variable : null;
  const variable: RangeVariable = { name: name ?? start.navigation.name, set: start.set };
  const inner: Scope = { ...scope, row: variable, computed: new Map(), pending: undefined };
  const conditions: BoundExpression[] = [];
  for (const segment of rest) {
    if (segment === last) {
      break;
    }
    if (segment.kind !== 'FilterSegment') {
      throw misplaced(start, segment, scope);
    }
    conditions.push(bindCondition(segment.condition, inner));
  }
  const over: CollectionPath = { from: start.from, navigation: start.navigation, variable };
  if (last?.kind === 'Count') {
    return count(last, { over, conditions, inner });
  }
  if (last?.kind === 'Lambda') {
    return lambda(last, { over, conditions, inner: { ...scope } });
  }
  throw misplaced(start, last, scope);
}

interface Parts {
  readonly over: CollectionPath;
  readonly conditions: readonly BoundExpression[];
  readonly inner: Scope;
}

function misplaced(start: CollectionStart, segment: MemberSegment | undefined, scope: Scope): Error {
  const name = start.navigation.name;
  const message = `'${name}' is a collection: only ${name}/any(...), ${name}/all(...) or ${name}/$count can be used here.`;
  return fault(scope, 'TypeMismatch', message, segment?.at ?? null);
}

function count(
  segment: Extract<MemberSegment, { kind: 'Count' }>,
  { over, conditions, inner }: Parts,
): BoundExpression {
  const own = segment.filter === null ? [] : [bindCondition(segment.filter, inner)];
  const all = [...conditions, ...own];
  const filter = all.length === 0 ? null : balanced(all, 'and');
  const search = segment.search === null ? null : bindSearch(segment.search, over.variable.set, inner);
  return { kind: 'CollectionCount', type: 'Edm.Int64', nullable: false, over, filter, search };
}

type LambdaSegment = Extract<MemberSegment, { kind: 'Lambda' }>;

/** The variable is visible inside its predicate only, and hides an outer one of its name. */
function lambda(segment: LambdaSegment, { over, conditions, inner }: Parts): BoundExpression {
  const { operator, variable, predicate } = segment;
  const variables = new Map(inner.variables);
  if (variable !== null) {
    variables.set(variable, over.variable);
  }
  const own = predicate === null ? null : bindCondition(predicate, { ...inner, variables });
  const bound = operator === 'any' ? both(conditions, own) : implied(conditions, own);
  if (operator === 'all' && own === null) {
    throw fault(inner, 'InvalidOption', '`all` needs a condition.', segment.at);
  }
  return { kind: 'Lambda', type: 'Edm.Boolean', nullable: false, operator, over, predicate: bound };
}

function both(conditions: readonly BoundExpression[], own: BoundExpression | null): BoundExpression | null {
  const all = own === null ? conditions : [...conditions, own];
  return all.length === 0 ? null : balanced(all, 'and');
}

/** All of the filtered members: a member is out, or the condition holds. */
function implied(conditions: readonly BoundExpression[], own: BoundExpression | null): BoundExpression | null {
  if (own === null || conditions.length === 0) {
    return own;
  }
  const kept: BoundExpression = {
    kind: 'Comparison',
    type: 'Edm.Boolean',
    nullable: false,
    operator: 'eq',
    left: balanced(conditions, 'and'),
    right: { kind: 'Constant', type: 'Edm.Boolean', value: 'true' },
  };
  const out: BoundExpression = { kind: 'Not', type: 'Edm.Boolean', nullable: canBeNull(kept), operand: kept };
  return balanced([out, own], 'or');
}
