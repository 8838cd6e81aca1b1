import type { ComputeItem } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { ComputedProperty } from '../../model/read-plan.ts';
import { bindExpression } from '../expression/expression.ts';
import { type ComputedName, fault, type Scope } from '../scope.ts';

export interface Compute {
  readonly properties: readonly ComputedProperty[];
  readonly names: ReadonlyMap<string, ComputedName>;
}

/** How later places reach a computed value: `$compute` puts its expression there, a transformation makes a column of it. */
export type ComputeForm = 'expression' | 'column';

/**
 * `$compute` and the `compute` transformation (4.01 URL Conventions 5.1.3.1, Data Aggregation 3.4.1): expressions of the
 * row as it was before and of the names computed before them in the list; the new names hold from here on.
 * @throws GatewayError `InvalidOption` where a name is taken, or used before or in its own expression
 */
export function bindCompute(items: readonly ComputeItem[], scope: Scope, form: ComputeForm): Compute {
  const names = new Map<string, ComputedName>();
  const properties: ComputedProperty[] = [];
  if (items.length === 0) {
    return { properties, names };
  }
  const known = new Map(scope.computed);
  const pending = new Set(items.map((item) => item.alias));
  const inside: Scope = { ...scope, computed: known, pending };
  for (const item of items) {
    if (isTaken(item.alias, scope) || names.has(item.alias)) {
      throw fault(scope, 'InvalidOption', `the name '${item.alias}' is already taken.`, item.at);
    }
    const { property, nodes } = bindItem(item, inside);
    const { type, nullable, expression } = property;
    const name: ComputedName = { type, nullable, expression: form === 'expression' ? expression : null, nodes };
    names.set(item.alias, name);
    known.set(item.alias, name);
    pending.delete(item.alias);
    properties.push(property);
  }
  return { properties, names };
}

function bindItem(item: ComputeItem, scope: Scope): { property: ComputedProperty; nodes: number } {
  const { usage } = scope.binding;
  const before = usage.nodes;
  const expression = bindExpression(item.expression, scope);
  // A bare null has no type; text holds it.
  const type = expression.type === 'null' ? 'Edm.String' : expression.type;
  const property = { name: item.alias, type, nullable: canBeNull(expression), expression };
  return { property, nodes: usage.nodes - before };
}

/** True where the name already means a property of the row. */
export function isTaken(name: string, scope: Scope): boolean {
  const type = scope.row?.set.entityType;
  const declared = type !== undefined && (type.properties.has(name) || type.navigationProperties.has(name));
  return declared || scope.computed.has(name) || scope.variables.has(name);
}
