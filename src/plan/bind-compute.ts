import type { ComputeItem } from '../uri/syntax.ts';
import { bindExpression } from './bind-expression.ts';
import { isNullable } from './promotion.ts';
import type { ComputedProperty } from './read-plan.ts';
import { type ComputedName, fault, type Scope } from './scope.ts';

export interface Compute {
  readonly properties: readonly ComputedProperty[];
  readonly names: ReadonlyMap<string, ComputedName>;
}

/**
 * `$compute` and the `compute` transformation (4.01 Protocol 11.2.5.3): expressions of the row as it was before; the
 * new names hold from here on.
 * @throws GatewayError `InvalidOption` where a name is taken
 */
export function bindCompute(items: readonly ComputeItem[], scope: Scope): Compute {
  const names = new Map<string, ComputedName>();
  const properties: ComputedProperty[] = [];
  for (const item of items) {
    if (isTaken(item.alias, scope) || names.has(item.alias)) {
      throw fault(scope, 'InvalidOption', `the name '${item.alias}' is already taken.`, item.at);
    }
    const expression = bindExpression(item.expression, scope);
    // A bare null has no type; text holds it.
    const type = expression.type === 'null' ? 'Edm.String' : expression.type;
    const nullable = isNullable(expression);
    names.set(item.alias, { type, nullable, expression });
    properties.push({ name: item.alias, type, nullable, expression });
  }
  return { properties, names };
}

/** True where the name already means a property of the row. */
export function isTaken(name: string, scope: Scope): boolean {
  const type = scope.row?.set.entityType;
  const declared = type !== undefined && (type.properties.has(name) || type.navigationProperties.has(name));
  return declared || scope.computed.has(name);
}
