import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { evaluate, type Row, type Value } from './conditions.ts';

/** How a database compares texts. */
export interface Texts {
  /** What of a text counts in comparisons. Absent: all of it. */
  readonly counts?: (text: string) => string;
  /** What of it counts in searches. Absent: as in comparisons. */
  readonly searched?: (text: string) => string;
  /** Signs for signs of a regular expression in searches. Absent: there are none. */
  readonly pattern?: (part: string) => RegExp;
  /** Order of texts that do not count as the same. Absent: by code point. */
  readonly order?: (a: string, b: string) => number;
}

const withoutMarks = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '');
const lower = (text: string): string => text.toLowerCase();

/** Ways that databases are known to have. */
export const databases = {
  'no letter case, no blanks at the end': { counts: (text) => lower(text).trimEnd(), searched: lower },
  'no letter case and no accents': { counts: (text) => lower(withoutMarks(text)) },
  'accents alone are overlooked': { counts: withoutMarks },
  'blanks at the end alone are overlooked': { counts: (text) => text.trimEnd(), searched: (text) => text },
  'searches alone have no letter case': { counts: (text) => text, searched: lower },
  'searches are regular expressions': { pattern: (part) => new RegExp(part, 'i') },
  'searches are patterns of LIKE': {
    counts: (text) => text,
    pattern: (part) =>
      new RegExp(
        part
          .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replaceAll('_', '.')
          .replaceAll('%', '.*'),
        's',
      ),
  },
  'an order of words': { order: (a, b) => a.localeCompare(b, 'en') },
} as const satisfies Readonly<Record<string, Texts>>;

/** As `evaluate`, where texts are compared in such a way. */
export function evaluateAs(expression: BoundExpression, row: Row, texts: Texts): Value {
  const { counts = (text) => text, searched = counts, pattern, order = byCodePoint } = texts;
  const inside = (one: BoundExpression): Value => evaluateAs(one, row, texts);
  switch (expression.kind) {
    case 'Logical': {
      const values = [inside(expression.left), inside(expression.right)];
      const decisive = expression.operator === 'or';
      return values.includes(decisive) ? decisive : values.includes(null) ? null : !decisive;
    }
    case 'Not': {
      const operand = inside(expression.operand);
      return operand === null ? null : !operand;
    }
    case 'In': {
      const [operand, ...items] = [expression.operand, ...expression.items]
        .map(inside)
        .map((value) => folded(value, counts));
      return items.includes(operand ?? null);
    }
    case 'Comparison': {
      const [left, right] = [inside(expression.left), inside(expression.right)];
      if (typeof left !== 'string' || typeof right !== 'string' || expression.left.type !== 'Edm.String') {
        const sides = { left: constant(expression.left.type, left), right: constant(expression.right.type, right) };
        return evaluate({ ...expression, ...sides }, row, 'odata');
      }
      const [l, r] = [counts(left), counts(right)];
      const sign = l === r ? 0 : order(l, r);
      return { eq: l === r, ne: l !== r, gt: sign > 0, ge: sign >= 0, lt: sign < 0, le: sign <= 0 }[
        expression.operator
      ];
    }
    case 'Function': {
      const [text, part] = expression.args.map(inside);
      const name = expression.name as 'contains' | 'startswith' | 'endswith';
      if (
        typeof text !== 'string' ||
        typeof part !== 'string' ||
        !['contains', 'startswith', 'endswith'].includes(name)
      ) {
        return evaluate(expression, row, 'odata');
      }
      const [whole, sought] = [searched(text), searched(part)];
      if (pattern !== undefined) {
        const { source, flags } = pattern(part);
        const ends = { contains: source, startswith: `^(?:${source})`, endswith: `(?:${source})$` };
        return new RegExp(ends[name], flags).test(text);
      }
      return {
        contains: whole.includes(sought),
        startswith: whole.startsWith(sought),
        endswith: whole.endsWith(sought),
      }[name];
    }
    default:
      return evaluate(expression, row, 'odata');
  }
}

const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const folded = (value: Value, counts: (text: string) => string): Value =>
  typeof value === 'string' ? counts(value) : value;

const constant = (type: BoundExpression['type'], value: Value): BoundExpression => ({
  kind: 'Constant',
  type,
  value: value === null ? null : String(value),
});
