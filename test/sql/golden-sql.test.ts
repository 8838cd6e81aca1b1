import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { compiled } from './compile-url.ts';
import { insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/**
 * One case per rule of the compiler: the SQL is compared letter by letter, then PostgreSQL runs it. After a change that
 * is meant, `UPDATE_GOLDEN=1` writes the file anew; look at its diff before you commit it.
 */
interface GoldenCase {
  readonly rule: string;
  readonly url: string;
  readonly sql: string;
}

const file = new URL('./golden/rules.golden.json', import.meta.url);
const read = (): readonly GoldenCase[] => JSON.parse(readFileSync(file, 'utf8')) as readonly GoldenCase[];
if (process.env['UPDATE_GOLDEN'] === '1') {
  const written = read().map(({ rule, url }) => ({ rule, url, sql: compiled(url, 100).text }));
  writeFileSync(file, `${JSON.stringify(written, null, 2)}\n`);
}
const cases = read();

describe('Golden SQL', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  for (const { rule, url, sql } of cases) {
    it(rule, async () => {
      const query = compiled(url, 100);
      assert.equal(query.text, sql);
      await feed.read(query);
    });
  }
});
