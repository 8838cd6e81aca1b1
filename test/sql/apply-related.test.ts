import assert from 'node:assert/strict';
import { beside, nested, reached, type Served } from './apply-cases.ts';
import { messages, rows } from './apply-rows.ts';
import { compiled } from './compile-url.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** One test for each of them, on a database with these rows. */
function give(served: Served, statements: string): void {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(statements);
  });
  after(() => feed.close());

  for (const [url, expected] of served) {
    it(url, async () => {
      const query = compiled(url);
      const found = await feed.read(query);
      assert.deepEqual(
        found.map(({ row }) => row),
        expected,
        query.text,
      );
    });
  }
}

describe('$apply with joined and grouped entities', () => give(beside, `${rows}${messages}`));

describe('$apply over navigation', () => give(reached, `${rows}${messages}`));

describe('$apply inside of $expand', () => give(nested, rows));
