import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { parseExpression } from '../../src/uri/parse-uri.ts';
import { compact } from './compact.ts';

const name = (text: string, at: number): object => ({
  kind: 'MemberPath',
  at,
  segments: [{ kind: 'Name', at, name: text, keys: null }],
});

/** What the text is grouped into; the left column is what a client sends. */
const groupings: readonly (readonly [string, string])[] = [
  ['a and b or c', '[[a and b] or c]'],
  ['a or b and c or d', '[[a or [b and c]] or d]'],
  ['a eq 1 and b ne 2', '[[a eq 1] and [b ne 2]]'],
  ['not a eq b', '[[not a] eq b]'],
  ['not (a eq b)', '[not [a eq b]]'],
  ['not(a eq b) and c', '[[not [a eq b]] and c]'],
  ['not contains(a,b) or c', '[[not contains(a,b)] or c]'],
  ['not not a', '[not [not a]]'],
  ['not a in (1,2)', '[not [a in (1,2)]]'],
  ["not a has N.T'X'", '[not [a has enum:X]]'],
  ['a sub (b sub c)', '[a sub [b sub c]]'],
  ['a add b mul c sub d', '[[a add [b mul c]] sub d]'],
  ['a div b mul c mod d', '[[[a div b] mul c] mod d]'],
  ['a divby 2 eq 2.5', '[[a divby 2] eq decimal:2.5]'],
  ['a lt b eq c', '[[a lt b] eq c]'],
  ['a eq b lt c', '[a eq [b lt c]]'],
  ['a add 1 gt b sub 2', '[[a add 1] gt [b sub 2]]'],
  ['-a mul b', '[[neg a] mul b]'],
  ['- a', '[neg a]'],
  ['a sub -5', '[a sub -5]'],
  ['-5 add -x', '[-5 add [neg x]]'],
  ['--5', '[neg -5]'],
  ['-(a add b)', '[neg [a add b]]'],
  ['-now()', '[neg now()]'],
  ['-Items/$count lt 0', '[[neg Items/$count] lt 0]'],
  ['-INFO eq -INF', '[[neg INFO] eq double:-INF]'],
  ['INFO eq INF', '[INFO eq double:INF]'],
  ['a EQ 1 AND NOT b', '[[a eq 1] and [not b]]'],
  ["ToLower(Name) Eq 'x'", "[tolower(Name) eq 'x']"],
  ["Contains(Name,'O''Neil')", "contains(Name,'O'Neil')"],
  ['( a )', 'a'],
  ['eq eq and', '[eq eq and]'],
  ['date(Start) ge 2024-02-29', '[date(Start) ge date:2024-02-29]'],
  ['substring(Name,1,2)', 'substring(Name,1,2)'],
  ['custom(a,b add 1)', 'custom(a,[b add 1])'],
  ["Name in ('a','b')", "[Name in ('a','b')]"],
  ['Name in ["a","b\\u0041"]', "[Name in ('a','bA')]"],
  ['Name in []', '[Name in ()]'],
  ['Name in ()', '[Name in ()]'],
  ['Name in @names', '[Name in @names]'],
  ['Name in Other/Names', '[Name in Other/Names]'],
  ['(a) in (1)', '[a in (1)]'],
  ['Items/any()', 'Items/any()'],
  ['Items/Any(i:i/A gt 1)', 'Items/any(i:[i/A gt 1])'],
  ['Items/all(i:i/Parts/any(p:p/X eq i/Y and $it/Z))', 'Items/all(i:i/Parts/any(p:[[p/X eq i/Y] and $it/Z]))'],
  ['Items/$count gt 3', '[Items/$count gt 3]'],
  ['Items/$count($filter=A eq 1;search=x)', 'Items/$count(filter [A eq 1])(search)'],
  ['Items/$filter(A eq 1)/$count', 'Items/$filter([A eq 1])/$count'],
  ["Items('x')/Name", "Items('x')/Name"],
  ["Items(A=1,B='y')/Name", "Items(A=1,B='y')/Name"],
  ['$it', '$it'],
  ['$this/A', '$this/A'],
  ["$root/Set('k')/A", "$root/Set('k')/A"],
  ['Ns.Type/Name', 'Ns.Type/Name'],
  ['cast(A,Edm.String)', 'cast(A,<Edm.String>)'],
  ['isof(Ns.Type)', 'isof(<Ns.Type>)'],
  ['cast(A add 1,Collection(Edm.Int32))', 'cast([A add 1],<Collection(Edm.Int32)>)'],
  ['case(A gt 0:1,true:-1)', 'case([A gt 0],1,boolean:true,-1)'],
  ['A eq {"x":[1,null]}', '[A eq json:{"x":[1,null]}]'],
  ['hassubset([4,1],[[1]])', 'hassubset((4,1),json:[[1]])'],
  ['Größe eq 1', '[Größe eq 1]'],
  ['A\teq  1', '[A eq 1]'],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /found the end at position 0, expected an operand/],
  ['a eq', /at position 1/],
  ['a eq ', /found the end at position 5, expected an operand/],
  ['a = 1', /found ' = 1' at position 1/],
  ['a+eq+1', /found '\+eq\+1' at position 1.*a plus sign is no blank in OData; write '%20'/],
  ["a eq 'x", /closing quote for the string that starts here/],
  ['a eq "x"', /expected an operand/],
  ['(a', /expected '\)'/],
  ['a)', /found '\)' at position 1/],
  ['a eq (1,2)', /expected '\)'/],
  ['contains(a)', /expected 2 arguments of contains/],
  ['substring(a)', /expected 2 or 3 arguments of substring/],
  ['now(1)', /expected 0 arguments of now/],
  ['Items/all()', /a lambda variable/],
  ['Items/any(i)', /expected ':'/],
  ['Ns.Type', /after a qualified name/],
  ['$it.x', /at position 3/],
  ['$count', /only '\$it', '\$this' and '\$root'/],
  ['a//b', /at position 2/],
  ['a/', /found the end at position 2/],
  ["datetime'2020-01-01'", /expected the OData 4 form 2020-01-01T00:00:00Z/],
  ["guid'01234567-89ab-cdef-0123-456789abcdef'", /the OData 4 form 01234567/],
  ['1.5L', /the end of the decimal literal/],
  ['1e5M', /the end of the double literal/],
  ['5Lx', /the end of the integer literal/],
  ['5L5', /the end of the integer literal/],
  ['1.', /the end of the integer literal/],
  ['.5', /expected an operand/],
  ['a eq 1 b', /found ' b' at position 6/],
  [`${'n'.repeat(129)} eq 1`, /at most 128 characters/],
];

const unsupported: readonly (readonly [string, RegExp])[] = [
  ["geo.distance(A,geography'SRID=4326;Point(1 2)') lt 5", /geography or geometry literal/],
  ['geo.length(A) gt 1', /geo\.length/],
  ['Ns.Func(x=1) eq 2', /function Ns\.Func/],
  ['F(x=1 add 2)', /expression as argument/],
  ['@a/Name eq 1', /alias or annotation @a/],
  ['Price/@Ns.Term eq 1', /annotation @Ns\.Term/],
  ['{"a":B add 1}', /expression inside a JSON value/],
  ['A div $these/aggregate(A with sum)', /\$these/],
  ['Items/$filter(A eq 1)(2)/B', /key predicate after parentheses/],
];

describe('expressions', () => {
  it('a or b and c: and binds tighter than or', () => {
    assert.deepEqual(parseExpression('a or b and c'), {
      kind: 'Binary',
      at: 0,
      operator: 'or',
      left: name('a', 0),
      right: { kind: 'Binary', at: 5, operator: 'and', left: name('b', 5), right: name('c', 11) },
    });
  });

  it('not a and b: not takes only a', () => {
    assert.deepEqual(parseExpression('not a and b'), {
      kind: 'Binary',
      at: 0,
      operator: 'and',
      left: { kind: 'Unary', at: 0, operator: 'not', operand: name('a', 4) },
      right: name('b', 10),
    });
  });

  it('a sub b sub c: from the left', () => {
    assert.deepEqual(parseExpression('a sub b sub c'), {
      kind: 'Binary',
      at: 0,
      operator: 'sub',
      left: { kind: 'Binary', at: 0, operator: 'sub', left: name('a', 0), right: name('b', 6) },
      right: name('c', 12),
    });
  });

  it('a mul b add c: mul binds tighter than add', () => {
    assert.deepEqual(parseExpression('a mul b add c'), {
      kind: 'Binary',
      at: 0,
      operator: 'add',
      left: { kind: 'Binary', at: 0, operator: 'mul', left: name('a', 0), right: name('b', 6) },
      right: name('c', 12),
    });
  });

  it('-a add b: minus takes only a', () => {
    assert.deepEqual(parseExpression('-a add b'), {
      kind: 'Binary',
      at: 0,
      operator: 'add',
      left: { kind: 'Unary', at: 0, operator: 'neg', operand: name('a', 1) },
      right: name('b', 7),
    });
  });

  for (const [text, expected] of groupings) {
    it(`groups ${text}`, () => {
      assert.equal(compact(parseExpression(text)), expected);
    });
  }

  for (const [text, message] of refused) {
    it(`refuses ${text.slice(0, 40)}`, () => {
      assert.throws(
        () => parseExpression(text),
        (error) => error instanceof GatewayError && error.code === 'UriSyntax' && message.test(error.message),
        message.source,
      );
    });
  }

  for (const [text, message] of unsupported) {
    it(`answers 501 for ${text}`, () => {
      assert.throws(
        () => parseExpression(text),
        (error) => error instanceof GatewayError && error.code === 'NotImplemented' && message.test(error.message),
        message.source,
      );
    });
  }

  it('broken text is 400 even behind an unsupported feature', () => {
    assert.throws(
      () => parseExpression("geo.length(geography'SRID=0;Point(1 2)') eq"),
      (error) => error instanceof GatewayError && error.code === 'UriSyntax' && error.offset === 40,
    );
  });
});
