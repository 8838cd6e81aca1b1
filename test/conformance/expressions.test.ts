import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

/** Expressions of OData 4.01 beyond the usual functions, each compared with a predicate over the served rows. */
describe('Conformance: expressions', () => {
  let feed: LoadedFeed;
  let results: readonly Row[];
  let users: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    results = await feed.all('TracebuzzResults');
    users = await feed.all('TracebuzzUsers');
  });

  /** Asserts that a filter keeps the rows that the predicate keeps, and that it keeps some and drops some. */
  async function keeps(set: string, filter: string, predicate: (row: Row) => boolean): Promise<void> {
    const rows = await feed.all(set);
    const expected = rows.filter(predicate);
    assert.deepEqual(await feed.rows(`${set}?$filter=${encodeURIComponent(filter)}`), expected, filter);
    const some = expected.length > 0 && expected.length < rows.length;
    assert.ok(some, `${filter} keeps ${expected.length} of ${rows.length}`);
  }

  const number = (row: Row, name: string): number => (row[name] === null ? Number.NaN : Number(row[name]));
  const text = (row: Row, name: string): string | null => row[name] as string | null;

  it('matchesPattern: regular expressions of ECMAScript, what is not done is named', async () => {
    const set = 'SparkcentralMessages';
    const name = (row: Row) => text(row, 'AgentName') ?? '';
    const named = (await feed.all(set)).find((row) => /^[A-Z]/.test(name(row)));
    const initial = name(named ?? {}).slice(0, 1);
    for (const pattern of [`^[${initial}].*\\w$`, `\\b${initial}`, `(?:${initial}|\\d{3})\\S+?\\s`]) {
      await keeps(set, `matchesPattern(AgentName,'${pattern}')`, (row) => new RegExp(pattern, 'u').test(name(row)));
    }
    const query = `${set}?$filter=matchesPattern(AgentName,@p)&@p=${encodeURIComponent("'(?=S)'")}`;
    await feed.refused(query, { status: 501, code: 'NotImplemented', naming: 'lookahead' });
    const broken = `${set}?$filter=${encodeURIComponent("matchesPattern(AgentName,'[[:alpha:]]')")}`;
    await feed.refused(broken, { status: 400, code: 'InvalidOption', naming: "'[[:alpha:]]'" });
    const large = `${set}?$filter=${encodeURIComponent("matchesPattern(AgentName,'(?:(?:a?){15}){15}')")}`;
    await feed.refused(large, { status: 400, code: 'LimitExceeded', naming: 'optional parts' });
    // Only PostgreSQL can tell that word boundaries in a row are too much for it.
    const boundaries = `${set}?$filter=${encodeURIComponent("matchesPattern(AgentName,'(?:\\ba?){40}x')")}`;
    await feed.refused(boundaries, { status: 400, code: 'LimitExceeded', naming: 'too complex' });
  });

  it('isof: of values as cast takes them, of entities by their type; null is of none', async () => {
    const set = 'TracebuzzResults';
    await keeps(set, 'isof(Sentiment,Edm.Int64)', (row) => row['Sentiment'] !== null);
    const times = Math.ceil(256 / Math.max(...results.map((row) => number(row, 'Likes')).filter(Number.isFinite)));
    await keeps(set, `isof(Likes mul ${times},Edm.Byte)`, (row) => number(row, 'Likes') * times <= 255);
    await keeps(set, 'isof(TbRank mul 1000 sub 0.5,Edm.Int16)', (row) => number(row, 'TbRank') * 1000 - 0.5 < 32768);
    assert.deepEqual(await feed.rows(`${set}?$filter=isof(Gateway.TracebuzzResult)`), results);
    assert.deepEqual(await feed.rows(`${set}?$filter=isof(Gateway.TracebuzzCase) or isof(Likes,Edm.Guid) eq null`), []);
    const known = new Set(users.map((row) => row['UserId']));
    await keeps('TracebuzzCases', 'isof(HandlerUser,Gateway.TracebuzzUser)', (row) => known.has(row['HandlerUserId']));
    await feed.refused(`${set}?$filter=isof(Gateway.Nothing)`, {
      status: 400,
      code: 'InvalidOption',
      naming: 'no type',
    });
    await feed.refused(`${set}?$filter=isof(Title,Edm.Int32)`, { status: 501, code: 'NotImplemented', naming: 'isof' });
  });

  it('$compute from names of the same list, in any option; a name that comes later is refused', async () => {
    const list = 'Likes mul 2 as Twice,Twice add 1 as More,More sub Twice as One';
    const found = await feed.rows(
      `TracebuzzResults?$compute=${list}&$select=ResultId,More,One&$filter=More gt 20&$orderby=More desc`,
    );
    const expected = results
      .filter((row) => number(row, 'Likes') * 2 + 1 > 20)
      .map((row) => ({ ResultId: row['ResultId'], More: number(row, 'Likes') * 2 + 1, One: 1 }))
      .toSorted((a, b) => b.More - a.More);
    assert.deepEqual(found, expected);
    assert.ok(expected.length > 3);
    const applied = await feed.rows(`TracebuzzResults?$apply=compute(${list})/aggregate(More with sum as All)`);
    const likes = results.filter((row) => row['Likes'] !== null).map((row) => number(row, 'Likes') * 2 + 1);
    assert.deepEqual(
      applied.map(({ All }) => All),
      [likes.reduce((sum, more) => sum + more, 0)],
    );
    for (const turned of ['More as Twice,Likes as More', 'Twice add 1 as Twice', 'More as Twice,Twice as More']) {
      await feed.refused(`TracebuzzResults?$compute=${turned}`, {
        status: 400,
        code: 'InvalidOption',
        naming: 'later',
      });
    }
  });
});
