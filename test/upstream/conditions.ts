import fc from 'fast-check';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { canonicalDateTimeOffset } from '../../src/plan/value/temporal-text.ts';

export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** What a comparison with null gives: false or, of `eq` and `ne`, as of a value (OData); or null (SQL, and services over objects). */
export type NullRule = 'odata' | 'sql';

/** The value of an expression for one row, as far as `conditions`, and what copies and joins ask of feeds, need it. TypeError: it is more. */
export function evaluate(expression: BoundExpression, row: Row, rule: NullRule): Value {
  const value = (one: BoundExpression): Value => evaluate(one, row, rule);
  switch (expression.kind) {
    case 'Constant':
      return constantOf(expression.type, expression.value);
    case 'PropertyValue':
      if (expression.row.steps.length > 0) {
        throw new TypeError('the row has no other rows');
      }
      return valueAs(expression.property.type, row[expression.property.name] ?? null);
    case 'Convert':
      return value(expression.operand);
    case 'Comparison':
      return compare(expression, value(expression.left), value(expression.right), rule);
    case 'Logical': {
      const values = [value(expression.left), value(expression.right)];
      const decisive = expression.operator === 'or';
      return values.includes(decisive) ? decisive : values.includes(null) ? null : !decisive;
    }
    case 'Not': {
      const operand = value(expression.operand);
      return operand === null ? null : !operand;
    }
    case 'In':
      return expression.items.map(value).includes(value(expression.operand));
    case 'Function': {
      const [text, part] = expression.args.map(value);
      if (text === null || text === undefined || part === null) {
        return null;
      }
      if (expression.name === 'tolower') {
        return String(text).toLowerCase();
      }
      if (expression.name === 'toupper') {
        return String(text).toUpperCase();
      }
      const [whole, sought] = [String(text), String(part)];
      const searches = { startswith: whole.startsWith(sought), endswith: whole.endsWith(sought) };
      return expression.name === 'length'
        ? whole.length
        : ({ ...searches, contains: whole.includes(sought) }[expression.name as 'contains'] ?? whole.indexOf(sought));
    }
    case 'Arithmetic': {
      const [left, right] = [value(expression.left), value(expression.right)];
      return left === null || right === null ? null : Number(left) + Number(right);
    }
    default:
      throw new TypeError(`${expression.kind} is not made here`);
  }
}

function constantOf(type: string, text: string | null): Value {
  if (text === null) {
    return null;
  }
  if (type === 'Edm.Boolean') {
    return text === 'true';
  }
  return numbers.has(type) ? Number(text) : valueAs(type, text);
}

const numbers: ReadonlySet<string> = new Set(
  ['Byte', 'SByte', 'Int16', 'Int32', 'Int64', 'Single', 'Double', 'Decimal'].map((name) => `Edm.${name}`),
);

/** Points in time as texts that have the order of these. */
function valueAs(type: string, value: Value): Value {
  if (type !== 'Edm.DateTimeOffset' || value === null) {
    return value;
  }
  const canonical = canonicalDateTimeOffset(String(value)) ?? String(value);
  return canonical.replace(
    /(?:[.](\d+))?Z$/,
    (_, fraction: string | undefined) => `.${(fraction ?? '').padEnd(12, '0')}`,
  );
}

function compare(
  { operator, left: l, right: r }: Extract<BoundExpression, { kind: 'Comparison' }>,
  left: Value,
  right: Value,
  rule: NullRule,
): boolean | null {
  const isNullTest =
    (operator === 'eq' || operator === 'ne') && [l, r].some((one) => one.kind === 'Constant' && one.value === null);
  if ((left === null || right === null) && !(isNullTest && rule === 'sql')) {
    if (rule === 'sql') {
      return null;
    }
    return operator === 'eq' ? left === right : operator === 'ne' ? left !== right : false;
  }
  const order = left === right ? 0 : isBefore(left ?? '', right ?? '') ? -1 : 1;
  return { eq: order === 0, ne: order !== 0, gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[operator];
}

/** Texts by code point. */
const isBefore = (a: Exclude<Value, null>, b: Exclude<Value, null>): boolean =>
  typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b;

const leaf = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('seconds', 'score', 'seconds add 1', 'seconds add score', 'id'),
      fc.constantFrom('eq', 'ne', 'gt', 'le'),
      fc.constantFrom('1', '2', '3', 'score', 'null'),
    )
    .map((parts) => parts.join(' ')),
  fc
    .tuple(
      fc.constantFrom('subject', 'agentId'),
      fc.constantFrom('eq', 'ne'),
      fc.constantFrom("'a'", "'b'", "''", 'state', 'null'),
    )
    .map((parts) => parts.join(' ')),
  fc.constantFrom('isOutbound', 'isOutbound ne true', "contains(subject,'a')", "contains(subject,'a') eq false"),
  fc.constantFrom(
    'seconds in (1,2)',
    "subject in ('a',null)",
    '(seconds gt 1) eq false',
    '(seconds gt 1) ne true',
    'length(subject) gt 0',
    'length(agentId) eq 0',
    'length(state) ne null',
    'seconds in (score,1)',
    'subject in (state,agentId)',
    "(seconds gt 1) eq (subject ne 'a')",
    '(seconds eq score) ne (score gt 1)',
  ),
);
const made = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('filter').map((one) => `not (${one})`),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('filter'), { minLength: 2, maxLength: 5 }))
      .map(([operator, parts]) => parts.map((one) => `(${one})`).join(` ${operator} `)),
  ),
}));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 2 });
/** Conditions on calls, as URL text. */
export const conditions = made.filter;

/** Calls of which most can be null. */
export const callRow = fc.record({
  id: fc.integer({ min: 1, max: 3 }),
  seconds: maybe(fc.integer({ min: 0, max: 3 })),
  score: maybe(fc.integer({ min: 0, max: 3 })),
  subject: maybe(fc.constantFrom('a', 'b', '', 'ba')),
  agentId: maybe(fc.constantFrom('a', 'b', '')),
  state: maybe(fc.constantFrom('a', 'b', '')),
  isOutbound: maybe(fc.boolean()),
});
