import { isAlways, joinedBy, negated } from '../../plan/logic/condition.ts';
import { dual } from '../../plan/logic/three-valued.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import { isOtherwise, isSearch, type KnownTexts, textUses } from './text-uses.ts';

const always: BoundExpression = { kind: 'Constant', type: 'Edm.Boolean', value: 'true' };

/**
 * A condition for a feed that compares some texts otherwise, which keeps all rows of which the given one is true here, and may keep more: what takes texts that
 * differ for one keeps those that are the same. What would lose rows is left out; true where nothing is left.
 */
export function widerCondition(condition: BoundExpression, known: KnownTexts): BoundExpression {
  if (!isOtherwise(condition, known)) {
    return condition;
  }
  switch (condition.kind) {
    case 'Logical': {
      const { operator, left, right } = condition;
      return joinedBy(operator, [widerCondition(left, known), widerCondition(right, known)]);
    }
    case 'Not':
      return widerNegation(condition.operand, known);
    case 'Lambda': {
      if (condition.operator === 'all' || condition.predicate === null) {
        return always;
      }
      const predicate = widerCondition(condition.predicate, known);
      return { ...condition, predicate: isAlways(predicate) ? null : predicate };
    }
    case 'Comparison':
      return condition.operator === 'eq' && comparesTexts(condition) ? condition : always;
    case 'In':
      return [condition.operand, ...condition.items].every(isMadeOfTexts) ? condition : always;
    case 'Function':
      return isPlainSearch(condition, known) ? condition : always;
    default:
      return always;
  }
}

/** The same for all rows of which a condition is false. */
function widerNegation(condition: BoundExpression, known: KnownTexts): BoundExpression {
  if (!isOtherwise(condition, known)) {
    return negated(condition);
  }
  switch (condition.kind) {
    case 'Logical': {
      const { operator, left, right } = condition;
      return joinedBy(dual[operator], [widerNegation(left, known), widerNegation(right, known)]);
    }
    case 'Not':
      return widerCondition(condition.operand, known);
    case 'Comparison': {
      return condition.operator === 'ne' && comparesTexts(condition) ? negated(condition) : always;
    }
    default:
      return always;
  }
}

type Call = Extract<BoundExpression, { kind: 'Function' }>;

const comparesTexts = ({ left, right }: Extract<BoundExpression, { kind: 'Comparison' }>): boolean =>
  [left, right].every(isMadeOfTexts);

/** A text, and not of what another comparison gives. */
function isMadeOfTexts(value: BoundExpression): boolean {
  let isPlain = value.type === 'Edm.String' || value.type === 'null';
  visitExpression(value, {
    expression: (node) => {
      isPlain &&= !comparing.has(node.kind) && (node.kind !== 'Function' || !places.has(node.name));
    },
  });
  return isPlain;
}

const comparing: ReadonlySet<BoundExpression['kind']> = new Set([
  'Comparison',
  'In',
  'Case',
  'Lambda',
  'CollectionCount',
  'RowExists',
]);
const places: ReadonlySet<string> = new Set(['length', 'indexof', 'contains', 'startswith', 'endswith']);

/** A search that keeps all that it should: of a text without signs that may stand for others, where there are such. */
function isPlainSearch(call: Call, known: KnownTexts): boolean {
  const [text, part] = call.args;
  if (!isSearch(call.name) || text === undefined || part === undefined || ![text, part].every(isMadeOfTexts)) {
    return false;
  }
  const isPattern = textUses(call).some((use) => known.inPatterns(use));
  return !isPattern || (part.kind === 'Constant' && /^[\p{L}\p{N} ]*$/u.test(part.value ?? ''));
}
