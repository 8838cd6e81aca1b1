import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Formula } from '../catalogue/unified.ts';
import type { EntitySet, PrimitiveTypeName } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { bindExpression } from '../plan/bind/expression/expression.ts';
import { defaultPlanLimits, noUsage } from '../plan/bind/limits.ts';
import { type Binding, type ComputedName, rowScope } from '../plan/bind/scope.ts';
import type { BoundExpression, NavigationStep, RangeVariable } from '../plan/model/read-plan.ts';
import { visitExpression } from '../plan/model/walk.ts';
import { parseExpression } from '../uri/parse-uri.ts';
import { widens } from './safe-types.ts';

/** A formula that is no OData expression over its set, or no value of what it is wanted for. */
export class FormulaFault extends Error {
  readonly formula: Formula;

  constructor(formula: Formula, message: string) {
    super(message);
    this.formula = formula;
  }
}

/** What names mean in a formula. */
export interface FormulaScope {
  readonly catalogue: Catalogue;
  /** Its properties are meant by bare names. */
  readonly variable: RangeVariable;
  /** Values that were gathered before. */
  readonly gathered: ReadonlyMap<string, ComputedName>;
}

export const variableOf = (set: EntitySet): RangeVariable => ({ name: '$it', set });

/**
 * The typed expression that a formula means. Every row has a value: a formula that could fail for one would cost the whole file that
 * the row stands in, so division by what may be zero and reading of texts as something else are refused.
 * @throws FormulaFault
 */
export function bindFormula(formula: Formula, { catalogue, variable, gathered }: FormulaScope): BoundExpression {
  const binding: Binding = {
    context: {
      ...{ model: catalogue.model, sets: catalogue.sets, limits: defaultPlanLimits, pageSize: 1 },
      now: () => '2000-01-01T00:00:00.000Z',
    },
    aliases: new Map(),
    usage: noUsage(),
    fingerprint: '',
  };
  try {
    const scope = { ...rowScope(binding, 'the expression', variable), computed: gathered };
    const bound = bindExpression(parseExpression(formula.text), scope);
    const fault = binding.usage.clock ? 'now() changes without a load, so rows would not follow it.' : unsafe(bound);
    if (fault !== null) {
      throw new FormulaFault(formula, fault);
    }
    return bound;
  } catch (error) {
    if (error instanceof GatewayError) {
      throw new FormulaFault(formula, error.message.replace(/^the expression: /, ''));
    }
    throw error;
  }
}

function unsafe(bound: BoundExpression): string | null {
  const found: string[] = [];
  visitExpression(bound, {
    expression: (node) => {
      const fault = unsafeNode(node);
      if (fault !== null) {
        found.push(fault);
      }
    },
    collection: () => {
      found.push('Values of many rows are brought by "gather".');
    },
    row: ({ steps }) => {
      if (steps.length > 1) {
        found.push('A formula follows one navigation property at a time.');
      }
    },
  });
  return found[0] ?? null;
}

function unsafeNode(node: BoundExpression): string | null {
  if (node.kind === 'Arithmetic' && ['div', 'divby', 'mod'].includes(node.operator)) {
    const { right } = node;
    return right.kind === 'Constant' && right.value !== null && Number(right.value) !== 0
      ? null
      : 'Only a number that is not 0 can be divided by, written out.';
  }
  if (node.kind !== 'Convert' || node.operand.kind === 'Constant') {
    return null;
  }
  const { type: from } = node.operand;
  return node.type === 'Edm.String' || widens(from, node.type) ? null : `Not every ${from} is a value of ${node.type}.`;
}

/** The navigation properties to one that an expression follows. */
export function stepsOf(expressions: readonly BoundExpression[]): readonly NavigationStep[] {
  const found = new Map<string, NavigationStep>();
  for (const expression of expressions) {
    visitExpression(expression, { step: (step) => void found.set(step.navigation.name, step) });
  }
  return [...found.values()];
}

/**
 * The formula as a value of a property.
 * @throws FormulaFault where its values are of another type
 */
export function bindAs(formula: Formula, type: PrimitiveTypeName, scope: FormulaScope): BoundExpression {
  const bound = bindFormula(formula, scope);
  if (bound.type === type || bound.type === 'null' || widens(bound.type, type)) {
    return bound;
  }
  // A cast is no way out: it could fail for a row. The column's own type rejects the one row that has such a value.
  const remedy = widens(type, bound.type)
    ? ` Give the columns that it is made of the type ${type.slice('Edm.'.length)}.`
    : '';
  throw new FormulaFault(formula, `This is ${bound.type}, and ${type} is wanted.${remedy}`);
}
