import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writesGolden } from '../support/golden.ts';
import { compiled } from './compile-url.ts';
import { formattedSql, tokensOf } from './formatted-sql.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/**
 * One file for each rule of the compiler, `golden/*.sql`: the rule, the URL and the model in a head of comments, then the statement
 * on many lines. It is compared token by token, then PostgreSQL runs it.
 */
interface GoldenCase {
  readonly file: URL;
  readonly rule: string;
  readonly url: string;
  /** With a line break at the end. */
  readonly statement: string;
}

const folder = new URL('golden/', import.meta.url);
const modelFile = 'test/sql/small-model.ts';

const fileText = (rule: string, url: string, sql: string): string =>
  `-- ${rule}\n-- GET ${url}\n-- of ${modelFile}\n\n${formattedSql(sql)}`;

function readCase(name: string): GoldenCase {
  const file = new URL(name, folder);
  const [, rule, url, statement] =
    /^-- ([^\n]+)\n-- GET ([^\n]+)\n-- of \S+\n\n(.*)$/s.exec(readFileSync(file, 'utf8')) ?? [];
  assert.ok(rule !== undefined && url !== undefined && statement !== undefined, `${name} has no head of comments`);
  return { file, rule, url, statement };
}

const read = (): readonly GoldenCase[] => readdirSync(folder).sort().map(readCase);
if (writesGolden()) {
  for (const { file, rule, url } of read()) {
    writeFileSync(file, fileText(rule, url, compiled(url, 100).text));
  }
}

describe('Golden SQL', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  for (const { rule, url, statement } of read()) {
    it(rule, async () => {
      const query = compiled(url, 100);
      assert.equal(formattedSql(query.text), statement);
      assert.deepEqual(tokensOf(query.text), tokensOf(statement), 'a statement loses nothing by being formatted');
      await feed.read(query);
    });
  }

  it('tells statements apart that differ in a blank of a text, a name or between words', () => {
    const differs = (a: string, b: string): void => assert.notDeepEqual(tokensOf(a), tokensOf(b));
    differs(`SELECT 'a b'`, `SELECT 'a  b'`);
    differs(`SELECT "a b"`, `SELECT "ab"`);
    differs('SELECT a b', 'SELECT ab');
    differs('SELECT 1 < = 2', 'SELECT 1 <= 2');
    assert.deepEqual(tokensOf(`SELECT f( 'it''s' )::text`), tokensOf(`SELECT\n  f('it''s')::text`));
  });
});
