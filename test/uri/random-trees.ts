import fc from 'fast-check';
import { canonicalFunctions } from '../../src/uri/expression/canonical-functions.ts';
import type { Expression, KeyPredicate, Literal, MemberSegment, SearchExpression } from '../../src/uri/syntax.ts';

const at = 0;
const reserved = new Set(['null', 'true', 'false', 'not', 'inf', 'nan', 'any', 'all', 'case', 'cast', 'isof']);
const isPlainName = (text: string): boolean =>
  !reserved.has(text.toLowerCase()) && !canonicalFunctions.has(text.toLowerCase());

export const anyName = fc.stringMatching(/^[A-Za-zÀ-ÖØ-öΑ-Ρ_][A-Za-z0-9_]{0,7}$/).filter(isPlainName);
const qualified = fc.tuple(anyName, anyName).map(([space, name]) => `${space}.${name}`);

const literal = (type: Literal['type'], text: fc.Arbitrary<string>): fc.Arbitrary<Literal> =>
  text.map((found) => ({ kind: 'Literal', at, type, text: found }));
const two = (most: number, least = 0): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((number) => String(number).padStart(2, '0'));
const date = fc.tuple(fc.integer({ min: 1000, max: 9999 }), two(12, 1), two(28, 1)).map((parts) => parts.join('-'));
const time = fc
  .tuple(two(23), two(59), two(59), fc.stringMatching(/^(\.\d{1,12})?$/))
  .map(([hour, minute, second, fraction]) => `${hour}:${minute}:${second}${fraction}`);
const zone = fc.oneof(
  fc.constant('Z'),
  fc.tuple(two(14), two(59)).map(([hour, minute]) => `+${hour}:${minute}`),
);

export const anyLiteral: fc.Arbitrary<Literal> = fc.oneof(
  literal('null', fc.constant('null')),
  literal('boolean', fc.constantFrom('true', 'false')),
  literal('integer', fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String)),
  literal('decimal', fc.stringMatching(/^-?\d{1,6}\.\d{1,6}$/)),
  literal(
    'double',
    fc.oneof(fc.stringMatching(/^-?\d{1,3}(\.\d{1,3})?[eE][+-]?\d{1,3}$/), fc.constantFrom('INF', '-INF', 'NaN')),
  ),
  literal('string', fc.string({ unit: 'grapheme' })),
  literal('date', date),
  literal(
    'dateTimeOffset',
    fc.tuple(date, time, zone).map(([day, clock, offset]) => `${day}T${clock}${offset}`),
  ),
  literal('timeOfDay', time),
  literal('duration', fc.constantFrom('PT1H', 'P1DT2H3M4.5S', '-P7D', 'PT0S')),
  literal('guid', fc.uuid()),
  literal('binary', fc.constantFrom('', 'AQID', 'Zg==', 'Zg', '-_-_')),
  fc
    .tuple(qualified, fc.array(anyName, { minLength: 1, maxLength: 2 }))
    .map(([typeName, members]): Literal => ({ kind: 'Literal', at, type: 'enum', text: members.join(','), typeName })),
);

const alias = anyName.map((name): Expression & { kind: 'ParameterAlias' } => ({ kind: 'ParameterAlias', at, name }));
const keys: fc.Arbitrary<KeyPredicate> = fc.oneof(
  fc.oneof(anyLiteral, alias).map((value): KeyPredicate => ({ kind: 'Positional', at, value })),
  fc
    .array(fc.record({ name: anyName, value: anyLiteral }), { maxLength: 2 })
    .map((pairs): KeyPredicate => ({ kind: 'Named', at, pairs })),
);
const nameSegment = fc
  .tuple(anyName, fc.option(keys, { nil: null, freq: 6 }))
  .map(([name, found]): MemberSegment => ({ kind: 'Name', at, name, keys: found }));
const variable = fc
  .constantFrom('$it', '$this')
  .map((name: '$it' | '$this'): MemberSegment => ({ kind: 'Variable', at, name }));

const searchWord = fc.stringMatching(/^[a-z0-9,./:*!-]{1,6}$/);
export const anySearch: fc.Arbitrary<SearchExpression> = fc.letrec<{ search: SearchExpression }>((tie) => ({
  search: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    searchWord.map((text): SearchExpression => ({ kind: 'Word', at, text })),
    fc.stringMatching(/^[ -~]{1,8}$/).map((text): SearchExpression => ({ kind: 'Phrase', at, text })),
    tie('search').map((operand): SearchExpression => ({ kind: 'Not', at, operand })),
    fc.tuple(fc.constantFrom('And', 'Or'), tie('search'), tie('search')).map(
      ([kind, left, right]: ['And' | 'Or', SearchExpression, SearchExpression]): SearchExpression => ({
        kind,
        at,
        left,
        right,
      }),
    ),
  ),
})).search;

const operators = [
  'or',
  'and',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'add',
  'sub',
  'mul',
  'div',
  'divby',
  'mod',
] as const;
const functions = [...canonicalFunctions].filter(([name]) => !name.includes('.'));

/** Expression trees as the parser makes them, every kind of node among them. */
export const anyExpression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression; last: MemberSegment }>((tie) => {
  const node = tie('node');
  const path = fc
    .tuple(
      fc.oneof(nameSegment, variable),
      fc.array(nameSegment, { maxLength: 2 }),
      fc.option(tie('last'), { nil: null }),
    )
    .filter(([first, middle, last]) => first.kind !== 'Variable' || middle.length > 0 || last === null)
    .map(
      ([first, middle, last]): Expression => ({
        kind: 'MemberPath',
        at,
        segments: [first, ...middle, ...(last === null ? [] : [last])],
      }),
    );
  return {
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      anyLiteral,
      path,
      alias,
      fc
        .tuple(fc.constantFrom(...operators), node, node)
        .map(([operator, left, right]): Expression => ({ kind: 'Binary', at, operator, left, right })),
      fc.tuple(node, path).map(([left, right]): Expression => ({ kind: 'Binary', at, operator: 'has', left, right })),
      fc
        .tuple(fc.constantFrom('not', 'neg'), node)
        .map(
          ([operator, operand]: ['not' | 'neg', Expression]): Expression => ({ kind: 'Unary', at, operator, operand }),
        ),
      fc
        .tuple(
          node,
          fc.oneof(
            path,
            alias,
            fc.array(node, { maxLength: 3 }).map((items): Expression => ({ kind: 'List', at, items })),
          ),
        )
        .map(([left, right]): Expression => ({ kind: 'In', at, left, right })),
      fc
        .constantFrom(...functions)
        .chain(([name, [least, most]]) =>
          fc
            .array(node, { minLength: least, maxLength: most })
            .map((args): Expression => ({ kind: 'Call', at, name, args })),
        ),
      fc
        .array(fc.tuple(node, node), { minLength: 1, maxLength: 2 })
        .map((pairs): Expression => ({ kind: 'Call', at, name: 'case', args: pairs.flat() })),
      fc.tuple(fc.constantFrom('cast', 'isof'), fc.option(node, { nil: null }), qualified).map(
        ([name, operand, typeName]: ['cast' | 'isof', Expression | null, string]): Expression => ({
          kind: 'TypeCall',
          at,
          name,
          operand,
          typeName,
        }),
      ),
      fc.json({ maxDepth: 2 }).map((text): Expression => ({ kind: 'Json', at, text: `{"x":${text}}` })),
    ),
    last: fc.oneof(
      fc.tuple(fc.constantFrom('any', 'all'), anyName, node).map(
        ([operator, name, predicate]: ['any' | 'all', string, Expression]): MemberSegment => ({
          kind: 'Lambda',
          at,
          operator,
          variable: name,
          predicate,
        }),
      ),
      fc.constant<MemberSegment>({ kind: 'Lambda', at, operator: 'any', variable: null, predicate: null }),
      node.map((condition): MemberSegment => ({ kind: 'FilterSegment', at, condition })),
      fc
        .tuple(fc.option(node, { nil: null }), fc.option(anySearch, { nil: null }))
        .map(([filter, search]): MemberSegment => ({ kind: 'Count', at, filter, search })),
    ),
  };
}).node;
