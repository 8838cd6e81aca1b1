import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { parseODataUri, parseQueryOptions } from '../../src/uri/parse-uri.ts';
import { anyCharacter } from '../support/any-character.ts';
import { assertGrowsLinearly } from '../support/growth.ts';

const valid: readonly string[] = [
  "Set('a')/Nav(1,2)?$filter=A eq 1 and not (B lt 2.5e3 or contains(Name,'O''Neil'))&$top=3&$skip=4&$count=true",
  'Set?%24filter=D%20ge%202021-02-03T04%3A05%3A06.123Z&%24select=A%2CB%2FC&%24orderby=A%20desc',
  'Set?$expand=A($select=X,Y;$expand=B/$ref;$filter=Items/any(i:i/P in (1,2,3)))&$search="a b" OR NOT (c AND d)',
  'Set?$apply=filter(A gt 1)/groupby((A,B/C),aggregate(X with sum as T,$count as N))/topcount(2,T)',
  'Set(K=01234567-89ab-cdef-0123-456789abcdef,L=duration\'PT1H\')/$value?@a={"x":[1,"y"]}&$compute=A add 1 as B',
  'Set/$filter(@f)/$count?@f=cast(A,Edm.Int32) eq case(true:1)&$format=json&$skiptoken=abc&custom=1',
];
const pieces = [
  ...`()'"/,;:=&?$@%+- .[]{}#*`,
  '%27',
  '%2',
  '%F0%9F',
  '%00',
  ' and ',
  ' in ',
  'not ',
  '$it',
  '999',
  'é',
  '\u{1F600}',
  '\ud800',
  '/any(x:',
  '$count(',
  ')/',
  "''",
];

/** Anything but a GatewayError that a client can act on is a crash. */
function refusesOrAccepts(text: string): void {
  try {
    parseODataUri(text);
  } catch (error) {
    assert.ok(error instanceof GatewayError, `${JSON.stringify(text)}: ${String(error)}`);
    assert.ok(error.status < 500 || error.status === 501, error.message);
    assert.ok(error.message.length < 1000, 'a short message');
  }
}

const mutation = fc.record({
  base: fc.constantFrom(...valid),
  edits: fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.constantFrom(...pieces, '')), { minLength: 1, maxLength: 6 }),
});

/** Texts that make naive parsers recurse or scan again and again; each is cut to the length wanted. */
const repeated: Readonly<Record<string, readonly [start: string, unit: string]>> = {
  parentheses: ['$filter=', '('],
  nots: ['$filter=', 'not '],
  'minus signs': ['$filter=', '-'],
  brackets: ['@a=', '['],
  braces: ['@a=', '{"a":'],
  quotes: ['$filter=', "'"],
  'quoted pairs': ['$filter=A eq ', "''"],
  path: ['$filter=', 'a/'],
  ors: ['$filter=', 'a or '],
  mixed: ['$filter=', 'a add b mul c or '],
  list: ['$filter=A in (1', ',1'],
  strings: ["$filter=A in ('1'", ",'1'"],
  calls: ['$filter=', 'tolower('],
  names: ['$filter=', 'f(x='],
  lambdas: ['$filter=', 'a/any(b:'],
  'keys after keys': ['$filter=$these', '(1)'],
  blanks: ['$filter=a', ' '],
  digits: ['$filter=', '1'],
  'dashed digits': ['$filter=', '1-'],
  'hexadecimal digits': ['$filter=', 'abcdef01-'],
  letters: ['$filter=', 'n'],
  dots: ['$filter=', 'n.'],
  expand: ['$expand=', 'a($expand='],
  'expanded items': ['$expand=', 'a,'],
  select: ['$select=', 'a('],
  'search words': ['$search=', 'a '],
  'search operators': ['$search=', 'AND '],
  'search nots': ['$search=', 'NOT '],
  'search parentheses': ['$search=', '('],
  'search quotes': ['$search=', '"\\"'],
  'search semicolons': ['$search="', '\\";'],
  'search typed': ["$search='", "a ''"],
  apply: ['$apply=', 'concat('],
  'apply steps': ['$apply=', 'identity/'],
  'group by': ['$apply=', 'groupby((a),'],
  froms: ['$apply=aggregate(a', ' from b with sum'],
  options: ['', 'a=1&'],
  ampersands: ['', '&'],
  percents: ['a=', '%41'],
  'json strings': ['@a=["', '\\\\'],
  orderby: ['$orderby=', 'a desc,'],
};

describe('hostile text', () => {
  it('mutated URLs end in a tree or a GatewayError', () => {
    fc.assert(
      fc.property(mutation, ({ base, edits }) => {
        const text = edits.reduce((current, [position, removed, inserted]) => {
          const at = position % (current.length + 1);
          return current.slice(0, at) + inserted + current.slice(at + removed);
        }, base);
        refusesOrAccepts(text);
      }),
      { numRuns: 6000 },
    );
  });

  it('random characters end in a tree or a GatewayError', () => {
    const any = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.string({ unit: fc.constantFrom(...pieces), maxLength: 40 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('', 'S?$filter=', 'S?$expand=', 'S?$apply=', 'S?$search=', 'S?@a='),
        any,
        (start, text) => refusesOrAccepts(start + text),
      ),
      { numRuns: 4000 },
    );
  });

  for (const [name, [start, unit]] of Object.entries(repeated)) {
    it(`250,000 characters of ${name}: work grows with their number, and no stack`, () => {
      assertGrowsLinearly(250_000, (length) => {
        try {
          parseQueryOptions(start + unit.repeat(length / unit.length), {
            expressionNodes: 1_000_000,
            listLength: 1_000_000,
          });
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
      });
    });
  }

  it('the path: many segments, many parts of $filter, many quotes', () => {
    const limits = { urlLength: 300_000 };
    for (const unit of ['a/', '$filter(/', "a('", '%27/', '(((/', 'a()()']) {
      assert.throws(() => parseODataUri(unit.repeat(250_000 / unit.length), limits), GatewayError);
      // A part of it may be short enough to be taken.
      assertGrowsLinearly(250_000, (length) => {
        try {
          parseODataUri(unit.repeat(length / unit.length), limits);
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
      });
    }
  });

  it('the limits hold whatever else the text is', () => {
    const code = (text: string, limits = {}): string => {
      try {
        parseODataUri(text, limits);
        return 'accepted';
      } catch (error) {
        return error instanceof GatewayError ? error.code : String(error);
      }
    };
    assert.equal(code(`S?x=${'a'.repeat(16_381)}`), 'UrlTooLong');
    assert.equal(code(`S?x=${'a'.repeat(16_380)}`), 'accepted');
    assert.equal(code(`S?$filter=${'('.repeat(100)}a${')'.repeat(100)}`), 'accepted');
    assert.equal(code(`S?$filter=${'('.repeat(101)}a${')'.repeat(101)}`), 'LimitExceeded');
    assert.equal(code(`S?$filter=A in (${'1,'.repeat(1999)}1)`), 'accepted');
    assert.equal(code(`S?$filter=A in (${'1,'.repeat(2000)}1)`), 'LimitExceeded');
    assert.equal(code('S?$filter=a or b or c', { expressionNodes: 5 }), 'accepted');
    assert.equal(code('S?$filter=a or b or c', { expressionNodes: 4 }), 'LimitExceeded');
    assert.equal(code('S?$filter=a&@b=c or d', { expressionNodes: 3 }), 'LimitExceeded');
  });
});
