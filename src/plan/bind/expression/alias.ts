import type { Expression, Literal, ParameterAlias } from '../../../uri/syntax.ts';
import type { Constant } from '../../model/read-plan.ts';
import { type Binding, fault, type Operand, type Scope } from '../scope.ts';
import { bindOperand } from './expression.ts';
import { constantOf, nullConstant } from './literal.ts';

/**
 * The value of `@p`, bound where it is used (4.01 URL Conventions 5.3). An alias without a value is null.
 * @throws GatewayError `InvalidOption` where an alias needs itself
 */
export function resolveAlias(alias: ParameterAlias, scope: Scope): Operand {
  const value = scope.binding.aliases.get(alias.name);
  if (value === undefined) {
    return nullConstant;
  }
  if (scope.resolving.includes(alias.name)) {
    throw fault(scope, 'InvalidOption', `the parameter alias '@${alias.name}' needs its own value.`, alias.at);
  }
  return bindOperand(value, { ...scope, resolving: [...scope.resolving, alias.name] });
}

/** What an alias finally stands for, other aliases followed; null where it has no value. */
export function aliasedExpression(alias: ParameterAlias, binding: Binding): Expression | null {
  let value: Expression | undefined = binding.aliases.get(alias.name);
  for (let steps = 0; value?.kind === 'ParameterAlias'; steps++) {
    if (steps > binding.aliases.size) {
      return null;
    }
    value = binding.aliases.get(value.name);
  }
  return value ?? null;
}

/** A literal or an alias of one as a constant; null where the alias stands for something else. */
export function constantValue(value: Literal | ParameterAlias, binding: Binding): Constant | null {
  if (value.kind === 'Literal') {
    return constantOf(value);
  }
  const aliased = aliasedExpression(value, binding);
  if (aliased === null) {
    return nullConstant;
  }
  return aliased.kind === 'Literal' ? constantOf(aliased) : null;
}
