import { isOrdering } from '../../plan/logic/three-valued.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;
type Call = Extract<BoundExpression, { kind: 'Function' }>;

/**
 * Services of .NET and Java have texts of 16-bit units: characters beyond U+FFFF count twice there, and come before those from U+E000 on. They turn one letter
 * into one when they change its case. These functions are asked of a feed only where that makes no difference.
 */
export const isDelicate = ({ name }: Call): boolean => counts.has(name) || cases.has(name);

const counts: ReadonlySet<string> = new Set(['length', 'indexof']);
const cases: ReadonlySet<string> = new Set(['tolower', 'toupper']);
const searches: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith']);

/** The delicate functions right inside of an expression which give the same for it everywhere. */
export function likeEverywhere(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'Comparison': {
      const { operator, left, right } = expression;
      return [...besideConstant(left, right, operator), ...besideConstant(right, left, mirrored[operator])];
    }
    case 'In':
      return expression.items.every((item) => besideConstant(expression.operand, item, 'eq').length > 0)
        ? [expression.operand]
        : [];
    case 'Function': {
      const [text, part] = expression.args;
      const asked = searches.has(expression.name) && text !== undefined && part !== undefined;
      return asked ? besideConstant(text, part, 'eq') : [];
    }
    default:
      return [];
  }
}

/** Whether texts are put in order that not all services put in the same one. */
export function isOrderedOtherwise({ operator, left, right }: Comparison): boolean {
  return isOrdering(operator) && left.type === 'Edm.String' && ![left, right].some(isBelowSurrogates);
}

const isBelowSurrogates = (side: BoundExpression): boolean => /^[\0-\ud7ff]*$/.test(constantText(side) ?? '\uffff');

const mirrored = { eq: 'eq', ne: 'ne', gt: 'lt', ge: 'le', lt: 'gt', le: 'ge' } as const;

function besideConstant(
  side: BoundExpression,
  other: BoundExpression,
  operator: Comparison['operator'],
): readonly BoundExpression[] {
  const call = side.kind === 'Convert' ? side.operand : side;
  if (call.kind !== 'Function' || !isDelicate(call)) {
    return [];
  }
  if (other.kind === 'Constant' && other.value === null) {
    return [call];
  }
  if (counts.has(call.name)) {
    return other.kind === 'Constant' && tellsNoneApart(operator, Number(other.value)) ? [call] : [];
  }
  const text = constantText(other);
  const alike = !isOrdering(operator) && text !== null && isCasedAlike(call.name, text);
  return alike ? [call, ...(other.kind === 'Function' ? [other] : [])] : [];
}

/** Whether a comparison of a count, or a place, tells but whether it is 0, or -1: the units make no difference there. */
function tellsNoneApart(operator: Comparison['operator'], number: number): boolean {
  return operator === 'ge' || operator === 'lt' ? number <= 1 : number <= 0;
}

/** The text of a constant, or of one whose case is changed; null: it is none. */
function constantText(side: BoundExpression): string | null {
  if (side.kind === 'Constant') {
    return side.type === 'Edm.String' ? side.value : null;
  }
  const [arg] = side.kind === 'Function' && cases.has(side.name) ? side.args : [];
  const text = arg?.kind === 'Constant' ? arg.value : null;
  if (side.kind !== 'Function' || text == null || !/^[\0-\x7f]*$/.test(text)) {
    return null;
  }
  return side.name === 'tolower' ? text.toLowerCase() : text.toUpperCase();
}

/** Whether the same texts become this one everywhere when their case is changed. */
const isCasedAlike = (name: string, text: string): boolean =>
  name === 'tolower' ? !/[\u0307\u03c2\u03c3\u0130]/.test(text) : !expanded.test(text);

/** What several letters come of when one letter is written in capitals. */
const expanded = new RegExp(
  [
    ...new Set(
      Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code).toUpperCase())
        .concat(Array.from({ length: 0x2000 }, (_, at) => String.fromCharCode(0xe000 + at).toUpperCase()))
        .filter(({ length }) => length > 1),
    ),
  ].join('|'),
);
