import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { copiedLiteral, escapeText, integerLiteral, literal } from '../../src/sql/literal.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { anyCharacter } from '../support/any-character.ts';
import { compiled, part, planOf } from './compile-url.ts';
import { caseRows, insertRows } from './sample-rows.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** Texts that end a literal, a statement or a COPY where values are pasted together. */
const corpus = [
  '\'; DROP TABLE feed."Cases"; --',
  "' OR '1'='1",
  "' OR 1=1 --",
  '\\\'; DROP TABLE feed."Cases"; --',
  "\\' OR TRUE --",
  "\\\\' OR TRUE --",
  "E'\\' OR TRUE --",
  "'' OR ''=''",
  "'/**/OR/**/TRUE/**/--",
  '\') TO STDOUT; DROP TABLE feed."Cases"; --',
  '$$; SELECT 1; $$',
  "$tag$' OR TRUE $tag$",
  "U&'\\0027 OR TRUE --'",
  "x' UNION ALL SELECT 1, 'y",
  "'||(SELECT 'x')||'",
  '\u2019 OR TRUE --',
  '\uff07 OR TRUE --',
  "%' OR '%'='",
  '\\x27 OR TRUE',
  "\n'; ROLLBACK; --",
  "'\u0000'",
  '"; DROP TABLE x; --',
  '\\',
  "'",
  "''",
  "\\'",
];

const hostile = fc.oneof(
  fc.constantFrom(...corpus),
  fc
    .array(fc.constantFrom("'", '\\', '"', '--', ';', '$$', '/*', '*/', ' ', 'E', 'x', '\n', '😀', ')', '::text'), {
      maxLength: 14,
    })
    .map((parts) => parts.join('')),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
);

describe('SQL injection', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  const titles = async (url: string): Promise<unknown[]> =>
    (await feed.read(compiled(url))).map(({ row }) => row['Title'] ?? row['X']);

  async function staysText(text: string): Promise<void> {
    const quoted = part(`'${text.replaceAll("'", "''")}'`);
    const attempt = async (): Promise<void> => {
      const kept = caseRows.filter((row) => row.Title === text).map((row) => row.Title);
      assert.deepEqual(await titles(`Cases?$select=Title&$filter=Title eq ${quoted}`), kept);
      const echoed = await titles(`Cases?$select=X&$compute=${quoted} as X&$top=1`);
      assert.deepEqual(echoed, [text]);
      assert.deepEqual(
        await titles(`Cases?$select=Title&$filter=concat(${quoted},Title) eq ${quoted} and Title ne ''`),
        [],
      );
      const { rows } = await feed.client.query('SELECT count(*)::integer AS n FROM feed."Cases"');
      assert.deepEqual(rows, [{ n: caseRows.length }]);
    };
    // Lone surrogates cannot be percent-encoded, and U+0000 cannot be stored: neither reaches PostgreSQL.
    if (text.includes('\0')) {
      await assert.rejects(attempt, (error) => error instanceof GatewayError && error.status === 400);
    } else {
      await attempt();
    }
  }

  for (const text of corpus) {
    it(`stays text: ${JSON.stringify(text)}`, () => staysText(text));
  }

  it('stays text, whatever the text is', async () => {
    const encodable = hostile.filter((text) => !/\p{Surrogate}/u.test(text));
    await fc.assert(fc.asyncProperty(encodable, staysText), { numRuns: 150 });
  });

  it('stays text in $search', async () => {
    for (const text of corpus.filter((one) => !one.includes('\0') && !one.includes('"'))) {
      const { rows } = await feed.client.query(
        `SELECT phraseto_tsquery('simple', ${escapeText(text)}) IS NOT NULL AS ok`,
      );
      assert.deepEqual(rows, [{ ok: true }]);
    }
  });

  it('stays text in the position of a page', async () => {
    const plan = planOf('Cases?$select=Id&$orderby=Title');
    assert.ok(plan.kind === 'Collection');
    for (const text of corpus.filter((one) => !one.includes('\0'))) {
      const after = { values: [text], rowId: '0', remaining: null };
      const found = await feed.read(compileCollection({ ...plan, after }, catalogue));
      const expected = caseRows.filter(
        (row) => row.Title !== null && Buffer.compare(Buffer.from(row.Title), Buffer.from(text)) >= 0,
      );
      assert.equal(found.length, expected.length, text);
    }
    const after = { values: ['x'], rowId: '0\'; DROP TABLE feed."Cases"; --', remaining: null };
    await assert.rejects(
      feed.read(compileCollection({ ...plan, after }, catalogue)),
      /invalid input syntax for type bigint/,
    );
  });

  it('reads back every text under both settings of standard_conforming_strings', async () => {
    for (const setting of ['on', 'off']) {
      await feed.client.query(`SET standard_conforming_strings = ${setting}`);
      try {
        for (const text of corpus.filter((one) => !one.includes('\0'))) {
          const { rows } = await feed.client.query(`SELECT ${escapeText(text)} AS text`);
          assert.deepEqual(rows, [{ text }]);
        }
      } finally {
        await feed.client.query('RESET standard_conforming_strings');
      }
    }
  });

  it('refuses constants that are not of the form of their type', () => {
    const types: readonly PrimitiveTypeName[] = [
      'Edm.Binary',
      'Edm.Boolean',
      'Edm.Byte',
      'Edm.Date',
      'Edm.DateTimeOffset',
      'Edm.Decimal',
      'Edm.Double',
      'Edm.Duration',
      'Edm.Guid',
      'Edm.Int16',
      'Edm.Int32',
      'Edm.Int64',
      'Edm.SByte',
      'Edm.Single',
      'Edm.TimeOfDay',
    ];
    for (const type of types) {
      for (const value of [...corpus, '1; DROP TABLE x', "1'", '1 --', '(SELECT 1)', 'true OR TRUE', "2024-01-01'"]) {
        assert.throws(() => literal({ type, value }), GatewayError, `${type} ${value}`);
      }
    }
    for (const value of ['1; x', '', '1.5', '1e3', ' 1']) {
      assert.throws(() => integerLiteral(value), GatewayError);
    }
  });

  it('quotes every literal as pg does', async () => {
    const { escapeLiteral, escapeIdentifier } = await import('pg');
    fc.assert(
      fc.property(
        hostile.filter((text) => !text.includes('\0')),
        (text) => {
          assert.equal(escapeText(text), escapeLiteral(text));
          assert.equal(copiedLiteral(text, 'Edm.String'), escapeLiteral(text));
          if (text !== '') {
            assert.equal(quoteIdentifier(text), escapeIdentifier(text));
          }
        },
      ),
    );
  });
});
