import fc from 'fast-check';
import { agentOf, agentRows, type CaseRow, caseRows, type MessageRow } from './sample-rows.ts';

/**
 * Random expressions with their own evaluation: OData text on one side, a JavaScript function of the row on the other.
 * The functions say what OData says (URL Conventions 5.1.1) and know nothing of SQL.
 */
export interface Typed<T> {
  readonly text: string;
  readonly of: (row: CaseRow) => T | null;
}

export type BooleanExpression = Typed<boolean>;
export type NumberExpression = Typed<number>;
export type TextExpression = Typed<string>;

const rootCase = (id: number): CaseRow | undefined => caseRows.find((row) => row.Id === id);
const messageOf = (row: CaseRow | undefined, number: number): MessageRow | undefined =>
  row?.Messages.find((one) => one.Number === number);
const lengthsOf = (id: number): (number | null)[] => (rootCase(id)?.Messages ?? []).map((one) => one.Length);

const strict =
  <A, B, R>(work: (a: A, b: B) => R) =>
  (a: A | null, b: B | null): R | null =>
    a === null || b === null ? null : work(a, b);

const property = <T>(text: string, of: (row: CaseRow) => T | null): Typed<T> => ({ text, of });
const clean = (value: number): number => (value === 0 ? 0 : value);
const roundedAway = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const codePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

// ---------------------------------------------------------------- leaves

const wholeConstant = fc
  .integer({ min: -9, max: 9 })
  .map((value): NumberExpression => ({ text: `${value}`, of: () => value }));
const nothing: Typed<never> = { text: 'null', of: () => null };
const words = ['', 'a', 'A', 'b', '%', '_', "'", '\\', 'é', 'ß', 'İ', 'Σ', '😀', ' ', 'Z', '100', 'in', '\u0301'];
const textConstant = fc
  .constantFrom(...words)
  .map((value): TextExpression => ({ text: quoted(value), of: () => value }));

const wholeLeaf: fc.Arbitrary<NumberExpression> = fc.oneof(
  wholeConstant,
  fc.constantFrom(
    property('Priority', (row) => row.Priority),
    property('Small', (row) => row.Small),
    property('Id', (row) => row.Id),
    property('AgentId', (row) => row.AgentId),
    property('Messages/$count', (row) => row.Messages.length),
    property('Messages(1)/Length', (row) => messageOf(row, 1)?.Length ?? null),
    property('Messages(CaseId=3,Number=2)/Length', (row) =>
      row.Id === 3 ? (messageOf(row, 2)?.Length ?? null) : null,
    ),
    property('$root/Cases(6)/Priority', () => rootCase(6)?.Priority ?? null),
    property<number>('$root/Cases(99)/Priority', () => null),
    property('$root/Agents(1)/Team/$count', () => 2),
    property(
      '$root/Cases(4)/Messages/$count($filter=Length ge 0)',
      () => lengthsOf(4).filter((one) => one !== null).length,
    ),
  ),
);
const exactLeaf: fc.Arbitrary<NumberExpression> = fc.oneof(
  fc.constantFrom(0.5, -0.25, 1.5, 2.75, -3.5).map((value) => ({ text: `${value}`, of: () => value })),
  fc.constant(property('Cost', (row) => row.Cost)),
);
const floatLeaf: fc.Arbitrary<NumberExpression> = fc.constant(property('Score', (row) => row.Score));
const textLeaf: fc.Arbitrary<TextExpression> = fc.oneof(
  textConstant,
  fc.constantFrom(
    property('Title', (row) => row.Title),
    property('Agent/Name', (row) => agentOf(row)?.Name ?? null),
    property('Agent/City', (row) => agentOf(row)?.City ?? null),
    property('Messages(Number=2)/Body', (row) => messageOf(row, 2)?.Body ?? null),
    property('Agent/Cases(9)/Title', (row) =>
      agentOf(row) !== null && rootCase(9)?.AgentId === row.AgentId ? (rootCase(9)?.Title ?? null) : null,
    ),
    property('$root/Cases(4)/Messages(1)/Body', () => messageOf(rootCase(4), 1)?.Body ?? null),
    property('$root/Cases(6)/Agent/Name', () => agentRows[0]?.Name ?? null),
    property<string>('$root/Agents(4)/Name', () => null),
  ),
);

// ---------------------------------------------------------------- compositions

const binary =
  <A, R>(operator: string, work: (a: A, b: A) => R) =>
  ([a, b]: readonly [Typed<A>, Typed<A>]): Typed<R> => ({
    text: `(${a.text} ${operator} ${b.text})`,
    of: (row) => strict(work)(a.of(row), b.of(row)),
  });

const unary =
  <A, R>(name: string, work: (a: A) => R) =>
  (a: Typed<A>): Typed<R> => ({
    // A bare `-x in (...)` would negate the `in`.
    text: name === '-' ? `(-(${a.text}))` : `${name}(${a.text})`,
    of: (row) => {
      const value = a.of(row);
      return value === null ? null : work(value);
    },
  });

function numbers(leaf: fc.Arbitrary<NumberExpression>): fc.Arbitrary<NumberExpression> {
  const pair = fc.tuple(leaf, leaf);
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    pair.map(binary('add', (a, b) => clean(a + b))),
    pair.map(binary('sub', (a, b) => clean(a - b))),
    pair.map(binary('mul', (a, b) => clean(a * b))),
    leaf.map(unary('-', (a) => clean(-a))),
  );
}

const divided = fc.tuple(numbers(wholeLeaf), fc.constantFrom(1, 2, 3, -2, -3), fc.constantFrom('div', 'mod')).map(
  ([a, by, operator]): NumberExpression => ({
    text: `(${a.text} ${operator} ${by})`,
    of: (row) => {
      const value = a.of(row);
      if (value === null) {
        return null;
      }
      return clean(operator === 'div' ? Math.trunc(value / by) : value % by);
    },
  }),
);

const whole = fc.oneof(numbers(wholeLeaf), divided, numbers(divided));
const exact = fc.oneof(numbers(exactLeaf), numbers(fc.oneof(exactLeaf, wholeLeaf)));
const float = numbers(fc.oneof(floatLeaf, wholeLeaf));

const rounded = fc
  .oneof(exact, float)
  .chain((inner) =>
    fc.constantFrom(
      unary<number, number>('round', (value) => clean(roundedAway(value)))(inner),
      unary<number, number>('floor', (value) => clean(Math.floor(value)))(inner),
      unary<number, number>('ceiling', (value) => clean(Math.ceil(value)))(inner),
    ),
  );

const substring = fc.tuple(textLeaf, fc.integer({ min: -4, max: 6 }), fc.option(fc.integer({ min: -1, max: 5 }))).map(
  ([inner, from, count]): TextExpression => ({
    text: `substring(${inner.text},${from}${count === null ? '' : `,${count}`})`,
    of: (row) => {
      const value = inner.of(row);
      if (value === null) {
        return null;
      }
      const points = [...value];
      const start = from < 0 ? Math.max(points.length + from, 0) : from;
      return points.slice(start, count === null ? undefined : start + Math.max(count, 0)).join('');
    },
  }),
);

export const textExpression: fc.Arbitrary<TextExpression> = fc.oneof(
  textLeaf,
  substring,
  textLeaf.map(unary('tolower', (value) => value.toLowerCase())),
  textLeaf.map(unary('toupper', (value) => value.toUpperCase())),
  textLeaf.map(unary('trim', (value) => value.trim())),
  fc.tuple(textLeaf, substring).map(
    ([a, b]): TextExpression => ({
      text: `concat(${a.text},${b.text})`,
      of: (row) => strict((x: string, y: string) => x + y)(a.of(row), b.of(row)),
    }),
  ),
);

const length = textExpression.map(unary<string, number>('length', (value) => [...value].length));
const indexOf = fc.tuple(textExpression, textConstant).map(
  ([a, b]): NumberExpression => ({
    text: `indexof(${a.text},${b.text})`,
    of: (row) =>
      strict((x: string, y: string) => {
        const at = x.indexOf(y);
        return at < 0 ? -1 : [...x.slice(0, at)].length;
      })(a.of(row), b.of(row)),
  }),
);

export const numberExpression: fc.Arbitrary<NumberExpression> = fc.oneof(whole, exact, float, rounded, length, indexOf);

// ---------------------------------------------------------------- conditions

function compared<T>(operand: fc.Arbitrary<Typed<T>>, order: (a: T, b: T) => number): fc.Arbitrary<BooleanExpression> {
  const side = fc.oneof({ weight: 9, arbitrary: operand }, { weight: 1, arbitrary: fc.constant(nothing) });
  const operators = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
  return fc.tuple(operand, fc.constantFrom(...operators), side).map(([a, operator, b]) => ({
    text: `${a.text} ${operator} ${b.text}`,
    of: (row) => holds(operator, a.of(row), b.of(row), order),
  }));
}

function holds<T>(operator: string, a: T | null, b: T | null, order: (a: T, b: T) => number): boolean {
  if (a === null || b === null) {
    if (operator === 'eq') {
      return a === b;
    }
    return operator === 'ne' ? a !== b : false;
  }
  const sign = Math.sign(order(a, b));
  const results: Record<string, boolean> = {
    eq: sign === 0,
    ne: sign !== 0,
    gt: sign > 0,
    ge: sign >= 0,
    lt: sign < 0,
    le: sign <= 0,
  };
  return results[operator] ?? false;
}

const inList = fc
  .tuple(whole, fc.array(fc.oneof(wholeConstant, fc.constant(nothing)), { minLength: 1, maxLength: 3 }))
  .map(
    ([a, items]): BooleanExpression => ({
      text: `${a.text} in (${items.map((item) => item.text).join(',')})`,
      of: (row) => items.some((item) => item.of(row) === a.of(row)),
    }),
  );

const matched = fc.tuple(fc.constantFrom('contains', 'startswith', 'endswith'), textExpression, textConstant).map(
  ([name, a, b]): BooleanExpression => ({
    text: `${name}(${a.text},${b.text})`,
    of: (row) =>
      strict((x: string, y: string) => {
        if (name === 'contains') {
          return x.includes(y);
        }
        return name === 'startswith' ? x.startsWith(y) : x.endsWith(y);
      })(a.of(row), b.of(row)),
  }),
);

const lambda = fc.tuple(fc.constantFrom('any', 'all'), fc.constantFrom('eq', 'ne', 'gt', 'le'), wholeLeaf).map(
  ([operator, comparison, side]): BooleanExpression => ({
    text: `Messages/${operator}(m:m/Length ${comparison} ${side.text})`,
    of: (row) => {
      const test = (length: number | null): boolean => holds(comparison, length, side.of(row), (a, b) => a - b);
      const lengths = row.Messages.map((one) => one.Length);
      return operator === 'any' ? lengths.some(test) : lengths.every(test);
    },
  }),
);

const leafCondition: fc.Arbitrary<BooleanExpression> = fc.oneof(
  compared(whole, (a, b) => a - b),
  compared(fc.oneof(whole, exact), (a, b) => a - b),
  compared(fc.oneof(float, rounded), (a, b) => a - b),
  compared(textExpression, codePoints),
  compared(fc.oneof(length, indexOf), (a, b) => a - b),
  inList,
  matched,
  lambda,
  fc.constant(property('Open', (row: CaseRow) => row.Open)),
  fc.constantFrom(
    property('Messages(2) ne null', (row: CaseRow) => messageOf(row, 2) !== undefined),
    property('Messages(1) eq null', (row: CaseRow) => messageOf(row, 1) === undefined),
    property('$root/Agents(1) eq null', () => false),
    property('$root/Agents(4) ne null', () => false),
    property('$root/Cases(2)/Agent eq null', () => true),
    property('$root/Agents(3)/Cases/any(c:c/Id eq $it/Id)', (row: CaseRow) => row.AgentId === 3),
    property('$root/Cases(4)/Messages/all(m:m/Length eq $it/Priority)', (row: CaseRow) =>
      lengthsOf(4).every((length) => length === row.Priority),
    ),
  ),
);

const and = (a: boolean | null, b: boolean | null): boolean | null => {
  if (a === false || b === false) {
    return false;
  }
  return a === null || b === null ? null : true;
};
const not = (a: boolean | null): boolean | null => (a === null ? null : !a);
const or = (a: boolean | null, b: boolean | null): boolean | null => not(and(not(a), not(b)));

/** Conditions up to four levels of and, or, not, and of conditions compared with each other. */
export const condition: fc.Arbitrary<BooleanExpression> = fc.letrec<{ node: BooleanExpression }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: leafCondition },
    { weight: 2, arbitrary: fc.tuple(tie('node'), tie('node')).map(([a, b]) => logical('and', a, b)) },
    { weight: 2, arbitrary: fc.tuple(tie('node'), tie('node')).map(([a, b]) => logical('or', a, b)) },
    {
      weight: 2,
      arbitrary: tie('node').map((a) => ({ text: `not (${a.text})`, of: (row: CaseRow) => not(a.of(row)) })),
    },
    { weight: 1, arbitrary: fc.tuple(tie('node'), tie('node')).map(([a, b]) => same(a, b)) },
  ),
})).node;

function logical(operator: 'and' | 'or', a: BooleanExpression, b: BooleanExpression): BooleanExpression {
  const work = operator === 'and' ? and : or;
  return { text: `(${a.text}) ${operator} (${b.text})`, of: (row) => work(a.of(row), b.of(row)) };
}

function same(a: BooleanExpression, b: BooleanExpression): BooleanExpression {
  return { text: `(${a.text}) eq (${b.text})`, of: (row) => a.of(row) === b.of(row) };
}
