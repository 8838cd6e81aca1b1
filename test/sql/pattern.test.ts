import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePattern } from '../../src/plan/pattern/parse-pattern.ts';
import { costOf } from '../../src/plan/pattern/pattern.ts';
import { advancedRegularExpression } from '../../src/sql/expression/pattern.ts';
import { compiled, part } from './compile-url.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const translated: readonly (readonly [pattern: string, regularExpression: string])[] = [
  ['', ''],
  ['^A.*e$', '^A[\\u0001-\\u0009\\u000b-\\u000c\\u000e-\\u2027\\u202a-\\U0010ffff]*e$'],
  ['a|b', 'a|b'],
  ['x(a|b)y', 'x(?:a|b)y'],
  ['(?:ab)+?', '(?:ab)+'],
  ['\\d{2,}-\\w', '[0-9]{2,}\\u002d[0-9A-Z\\u005fa-z]'],
  ['[^\\s\\S]', '(?!)'],
  ['[]*', '(?:(?!))*'],
  ['[^]', '[\\u0001-\\U0010ffff]'],
  ['[[:alpha:]', '[\\u003a\\u005bahlp]'],
  ['\\bw\\B', '\\yw\\Y'],
  ['[\\b]', '\\u0008'],
  ['\\*\\*\\*:', '\\u002a\\u002a\\u002a\\u003a'],
  ['(a*)*', '(?:a*)*'],
  ['(\\b|$){2,9}(^){0,3}a', '(?:\\y|$)a'],
  ['\\ud83d\\ude00|\\u{1F600}|\u{1f600}', '\\U0001f600|\\U0001f600|\\U0001f600'],
  ["é'", '\\u00e9\\u0027'],
  ['\\cJ\\x41\\u0042\\/', '\\u000aAB\\u002f'],
];

/** Texts in which the patterns below find something: word ends, line ends, signs of both dialects, astral characters. */
const signs = [
  'a',
  'b',
  'B',
  '0',
  '7',
  '_',
  ' ',
  '\n',
  '\r',
  '\u2028',
  '\t',
  '\u00a0',
  '\ufeff',
  'é',
  'ß',
  '\u{1f600}',
];
const punctuation = ['.', '-', ']', '[', '^', '$', '\\', '|', '(', '*', '+', '?', '{', '}', ':', "'", '/', '\u0008'];
const alphabet = [...signs, ...punctuation];
const texts: readonly string[] = [
  ...[
    '',
    'a',
    'ab',
    'aab',
    'a\n',
    '\na',
    'a\nb',
    '[:alpha:]',
    '***:a',
    '(?i)a',
    'a{2}',
    'B-0',
    "it's",
    'éa',
    'aé',
    'A',
  ],
  ...fc.sample(fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 }), { numRuns: 240, seed: 11 }),
];

const literal = fc.constantFrom(...signs.filter((sign) => sign !== '\n'));
const escapedSign = fc
  .constantFrom('.', ']', '[', '^', '$', '\\', '|', '(', '*', '+', '?', '{', '}', '/')
  .map((c) => `\\${c}`);
const escapes = fc.constantFrom(
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\t',
  '\\n',
  '\\r',
  '\\cJ',
  '\\x61',
  '\\u00e9',
  '\\u{1f600}',
);
const classMember = fc.oneof(
  literal,
  escapedSign,
  escapes,
  fc.constantFrom('a-b', '0-9', 'A-Z', '\\u00a0-\\u2028', '\\u{1f5ff}-\\u{1f601}', '\\-', '\\b', '.', '$', ':'),
);
const characterClass = fc
  .tuple(fc.boolean(), fc.array(classMember, { maxLength: 4 }))
  .map(([negated, members]) => `[${negated ? '^' : ''}${members.join('')}]`);
const quantifier = fc.constantFrom(
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{0}',
  '{1}',
  '{2}',
  '{0,2}',
  '{1,3}?',
  '{2,}',
  '{0,0}',
);

/** Patterns of the subset that the flag `u` allows, so that the engine of JavaScript can be asked. */
const { pattern } = fc.letrec<{ pattern: string; term: string; atom: string }>((tie) => ({
  pattern: fc
    .array(
      fc.array(tie('term'), { maxLength: 4 }).map((terms) => terms.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((branches) => branches.join('|')),
  term: fc.oneof(
    { depthSize: 'small' },
    { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B') },
    { weight: 4, arbitrary: tie('atom') },
    { weight: 2, arbitrary: fc.tuple(tie('atom'), quantifier).map((parts) => parts.join('')) },
  ),
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: fc.oneof(literal, escapedSign, escapes, fc.constant('.'), characterClass) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.boolean(), tie('pattern')).map(([bare, inner]) => `(${bare ? '?:' : ''}${inner})`),
    },
  ),
}));

/** Optional parts, each with a set of its own. */
const differentSets = (count: number): string =>
  Array.from({ length: count }, (_, at) => `[^\\s${String.fromCharCode(0x4e00 + 2 * at)}]?`).join('');

describe('matchesPattern', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed('');
    await feed.client.query(
      'INSERT INTO feed."Cases" ("Id", "Title") SELECT n, t FROM unnest($1::text[]) WITH ORDINALITY AS v(t, n)',
      [texts],
    );
    await feed.client.query('INSERT INTO feed."Cases" ("Id", "Title") VALUES (100000, NULL)');
  });
  after(async () => feed.close());

  /** The texts of the table that a filter keeps, in order. */
  const kept = async (filter: string): Promise<unknown[]> =>
    (await feed.read(compiled(`Cases?$select=Title&$filter=${part(filter)}`))).map(({ row }) => row['Title']);
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

  /** Word boundaries one after the other, with nothing that must stand between, double the cost: PostgreSQL gives up. */
  const tooComplex = (error: Error): null => {
    assert.match(error.message, /regular expression is too complex/);
    return null;
  };

  for (const [pattern, expected] of translated) {
    it(`${JSON.stringify(pattern)} becomes ${expected}`, () => {
      assert.equal(advancedRegularExpression(parsePattern(pattern)), expected);
    });
  }

  it('is one operator in SQL, its pattern a literal', () => {
    const { text } = compiled(`Cases?$select=Id&$filter=${part("matchesPattern(Title,'^A-')")}`);
    assert.ok(text.includes(`WHERE (t1."Title" ~  E'^A\\\\u002d' COLLATE "C")`), text);
  });

  it('keeps the rows that the engine of JavaScript keeps', async () => {
    let found = 0;
    let refusedToBuild = 0;
    await fc.assert(
      fc.asyncProperty(pattern, async (source) => {
        const expected = texts.filter((text) => new RegExp(source, 'u').test(text));
        found += expected.length > 0 && expected.length < texts.length ? 1 : 0;
        const answer = await kept(`matchesPattern(Title,${quoted(source)})`).catch(tooComplex);
        if (answer === null) {
          refusedToBuild += 1;
        } else {
          assert.deepEqual(answer, expected, source);
        }
      }),
      { numRuns: 600 },
    );
    assert.ok(found > 150, `only ${found} patterns told texts apart`);
    assert.ok(refusedToBuild < 3, `${refusedToBuild} patterns were too complex`);
  });

  it('reads escaped signs as themselves, as JavaScript does without flags', async () => {
    for (const sign of '!"#%&\',-/:;<=>@_`~ ') {
      const expected = texts.filter((text) => new RegExp(`\\${sign}`).test(text));
      assert.deepEqual(await kept(`matchesPattern(Title,${quoted(`\\${sign}`)})`), expected, sign);
    }
  });

  it('of null is null, as of every function: neither kept nor kept by its opposite', async () => {
    assert.deepEqual(await kept("matchesPattern(Title,'^a') eq null"), [null]);
    assert.deepEqual(
      await kept("not matchesPattern(Title,'a')"),
      texts.filter((text) => !text.includes('a')),
    );
    assert.deepEqual(await kept('matchesPattern(Title,null)'), []);
    assert.deepEqual(await kept("matchesPattern('abc','b') and Title eq null"), [null]);
  });

  it('takes the pattern from an alias, and the text from an expression', async () => {
    const query = compiled(
      `Cases?$select=Title&$filter=${part('matchesPattern(toupper(Title),@p)')}&@p=${part("'^A{2}'")}`,
    );
    const expected = texts.filter((text) => /^A{2}/.test(text.toUpperCase()));
    assert.deepEqual(
      (await feed.read(query)).map(({ row }) => row['Title']),
      expected,
    );
    assert.ok(expected.length > 0);
  });

  const refused: readonly (readonly [pattern: string, code: string, message: RegExp])[] = [
    ['(?=a)', 'NotImplemented', /lookahead \(\?=/],
    ['a(?!b)', 'NotImplemented', /lookahead \(\?!.* \(character 2\)/],
    ['(?<=a)b', 'NotImplemented', /lookbehind/],
    ['(?<!a)b', 'NotImplemented', /lookbehind/],
    ['(?<n>a)', 'NotImplemented', /named group/],
    ['(?i)a', 'NotImplemented', /flags/],
    ['(?i:a)', 'NotImplemented', /flags/],
    ['(a)\\1', 'NotImplemented', /backreference \\1/],
    ['\\k<n>', 'NotImplemented', /backreference/],
    ['\\p{L}', 'NotImplemented', /property escape \\p/],
    ['a{256}', 'NotImplemented', /beyond 255/],
    ['***:a', 'InvalidOption', /nothing for '\*' to repeat/],
    ['a**', 'InvalidOption', /nothing for '\*'/],
    ['^*', 'InvalidOption', /nothing for/],
    ['\\Aa\\Z', 'InvalidOption', /\\A has no meaning/],
    ['\\ya', 'InvalidOption', /\\y has no meaning/],
    ['\\ma\\M', 'InvalidOption', /\\m has no meaning/],
    ['(a', 'InvalidOption', /closing '\)'/],
    ['a)', 'InvalidOption', /closes no group/],
    ['[a', 'InvalidOption', /closing '\]'/],
    ['[[:alpha:]]', 'InvalidOption', /'\]' stands alone/],
    ['[b-a]', 'InvalidOption', /higher to the lower/],
    ['[a-\\d]', 'InvalidOption', /cannot bound a range/],
    ['a{', 'InvalidOption', /'\{' stands alone/],
    ['a{2,1}', 'InvalidOption', /out of order/],
    ['{1}', 'InvalidOption', /'\{' stands alone/],
    ['(?a', 'NotImplemented', /flags/],
    ['(?*)', 'InvalidOption', /begins no group/],
    ['\\', 'InvalidOption', /backslash ends/],
    ['\\ud800', 'InvalidOption', /surrogate/],
    ['\\u{110000}', 'InvalidOption', /code point/],
    ['\\0', 'InvalidOption', /U\+0000/],
    ['\\xg1', 'InvalidOption', /hexadecimal/],
    ['('.repeat(51) + ')'.repeat(51), 'InvalidOption', /nested/],
    ['(?:a?){101}', 'LimitExceeded', /optional parts/],
    ['(?:(?:a{40}){40}){2}', 'LimitExceeded', /too large/],
    ['(?:(?:a*){20}){6}', 'LimitExceeded', /optional parts/],
    ['a'.repeat(1001), 'LimitExceeded', /too many characters/],
    [differentSets(95), 'LimitExceeded', /different sets/],
  ];
  for (const [pattern, code, message] of refused) {
    it(`${pattern.slice(0, 30)} is refused: ${code}`, () => {
      assert.throws(
        () => compiled(`Cases?$filter=${part(`matchesPattern(Title,${quoted(pattern)})`)}`),
        (error: Error) => {
          assert.equal((error as Error & { code: string }).code, code, error.message);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('a pattern from a column is refused: each row would have its own', () => {
    assert.throws(() => compiled(`Cases?$filter=${part('matchesPattern(Title,Title)')}`), /not from each row/);
  });

  it('the costliest patterns within the limits are built and run', async () => {
    for (const source of [
      '(?:a?){99}b',
      '(?:a*b?){49}c',
      '(?:a|b*|c?){24}d',
      '(?:[ab]{255}){3}c',
      '(?:(?:a?){9}b?){9}c',
      '(?:.*a){99}b',
      '(?:\\w?\\s?\\W?){33}x',
      differentSets(54),
    ]) {
      const { size, optional } = costOf(parsePattern(source));
      assert.ok(size <= 1000 && optional <= 100, `${source}: ${size} ${optional}`);
      await kept(`matchesPattern(Title,${quoted(source)})`);
    }
  });
});
