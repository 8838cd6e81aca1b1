import type { EntitySet, Property } from '../../../edm/model.ts';
import type { SearchExpression } from '../../../uri/syntax.ts';
import type { BoundSearch, SearchNode } from '../../model/read-plan.ts';
import { asNode, notImplemented, type Scope } from '../scope.ts';

/**
 * `$search` over the set's searchable properties (4.01 Protocol 11.2.6.6).
 * @throws GatewayError `NotImplemented` where the set has none
 */
export function bindSearch(expression: SearchExpression, set: EntitySet, scope: Scope): BoundSearch {
  const properties: Property[] = [];
  for (const name of set.searchable) {
    const property = set.entityType.properties.get(name);
    if (property !== undefined) {
      properties.push(property);
    }
  }
  if (properties.length === 0) {
    throw notImplemented(scope, 'search', `'${set.name}' has no searchable properties.`);
  }
  return { properties, expression: searchNode(expression, scope) };
}

function searchNode(expression: SearchExpression, scope: Scope): SearchNode {
  return asNode(scope, () => searchNodeOf(expression, scope));
}

function searchNodeOf(expression: SearchExpression, scope: Scope): SearchNode {
  switch (expression.kind) {
    case 'Word':
    case 'Phrase':
      return { kind: expression.kind, text: expression.text };
    case 'Not':
      return { kind: 'Not', operand: searchNode(expression.operand, scope) };
    case 'And':
    case 'Or': {
      const left = searchNode(expression.left, scope);
      return { kind: expression.kind, left, right: searchNode(expression.right, scope) };
    }
  }
}
