import assert from 'node:assert/strict';
import fc from 'fast-check';
import { withoutLiterals } from '../../src/sql/hidden-literals.ts';
import { escapeText } from '../../src/sql/literal.ts';
import { compiled } from './compile-url.ts';

describe('A statement without its literals', () => {
  const cases: readonly (readonly [sql: string, hidden: string])[] = [
    [`SELECT 'a''b', "it's", x1 FROM "t2"`, `SELECT '?', "it's", x1 FROM "t2"`],
    [`x =  E'a\\'b' AND y = 'c'`, `x = '?' AND y = '?'`],
    [`x =  E'a\\\\' AND y = 'c'`, `x = '?' AND y = '?'`],
    [`x = 'a\\' AND y = 'c'`, `x = '?' AND y = '?'`],
    [`x IN (12, -3.5e-7, .5, 0x1F, 1_000)`, `x IN (?, -?, ?, ?, ?)`],
    [`LIMIT 21 OFFSET 40`, `LIMIT ? OFFSET ?`],
    [`$1::text || $$it's$$ || $tag$ $$ '1' $tag$ || $2`, `$1::text || '?' || '?' || $2`],
    [`B'01' || X'1F' || N'a' || U&'d\\0061' || U&"d\\0061"`, `'?' || '?' || '?' || '?' || U&"d\\0061"`],
    [`a /* 'x' */ = 1 -- 'y'\nAND b`, `a  = ? \nAND b`],
    [`CAST(é1 AS numeric(38, 10)), "q""1'x"`, `CAST(é1 AS numeric(?, ?)), "q""1'x"`],
    [`like'x' OR type'y'`, `like'?' OR type'?'`],
  ];
  for (const [sql, hidden] of cases) {
    it(sql, () => assert.equal(withoutLiterals(sql), hidden));
  }

  it('has no text of a random one, and is the same whatever the text is', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '\\', '"', '$', '$$', 'E', ' ', '§', '\n', '--', '/*', '1') });
    fc.assert(
      fc.property(text, text, (first, second) => {
        const made = (value: string): string => withoutLiterals(`SELECT ${escapeText(value)} AS "a", x1`);
        assert.equal(made(first), `SELECT '?' AS "a", x1`);
        assert.equal(made(first), made(second));
      }),
    );
  });

  const secret = fc
    .string({ unit: fc.constantFrom("'", '\\', '"', '$', '%', '_', 'é', ' ', '(', '4'), maxLength: 8 })
    .map((text) => `§${text}§`);
  const quoted = (value: string): string => encodeURIComponent(`'${value.replaceAll("'", "''")}'`);

  it('keeps the skeleton of a compiled filter, and none of its values', () => {
    const urls = [
      (value: string) => `Cases?$filter=Title eq ${quoted(value)}`,
      (value: string) => `Cases?$filter=contains(Title,${quoted(value)}) or startswith(Title,${quoted(value)})`,
      (value: string) => `Cases?$filter=Title in (${quoted(value)},${quoted(`${value}x`)}) and Id gt 5`,
      (value: string) => `Cases?$filter=Messages/any(m:m/Body ne ${quoted(value)})&$top=3`,
      (value: string) => `Cases?$compute=concat(Title,${quoted(value)}) as X&$select=X&$orderby=X`,
    ];
    for (const url of urls) {
      const expected = withoutLiterals(compiled(url('other')).text);
      assert.doesNotMatch(expected, /other/);
      // Names, key words and brackets are those of the statement.
      const skeleton = (sql: string): string => sql.replace(/ ?\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\b\d+\b/g, '');
      assert.equal(expected.replace(/'\?'|\?/g, ''), skeleton(compiled(url('other')).text));
      fc.assert(
        fc.property(secret, (value) => {
          const hidden = withoutLiterals(compiled(url(value)).text);
          assert.doesNotMatch(hidden, /§/);
          assert.equal(hidden, expected);
        }),
        { numRuns: 50 },
      );
    }
  });
});
