import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { groups, least, most, numbers, sum } from './grouping.ts';
import { ascending, by, byDescending, column, type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

/** `$apply` (OData Extension for Data Aggregation 4.0, section 3). */
describe('Conformance: $apply', () => {
  let feed: LoadedFeed;
  let results: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    results = await feed.all('TracebuzzResults');
  });

  const apply = (text: string, more = '') => feed.rows(`TracebuzzResults?$apply=${encodeURIComponent(text)}${more}`);
  it('aggregate: sum, min, max, average, countdistinct and $count, without nulls', async () => {
    const likes = numbers(results, 'Likes');
    const [row] = await apply(
      'aggregate(Likes with sum as Sum,Likes with min as Min,Likes with max as Max,Likes with average as Mean,Likes with countdistinct as Different,$count as Rows)',
    );
    const { Mean, ...exact } = row ?? {};
    assert.deepEqual(exact, {
      Sum: sum(likes),
      Min: least(likes),
      Max: most(likes),
      Different: new Set(likes).size,
      Rows: results.length,
    });
    assert.ok(Math.abs(Number(Mean) - (sum(likes) ?? 0) / likes.length) < 1e-9, String(Mean));
    assert.deepEqual(await apply('filter(false)/aggregate(Likes with sum as Sum,$count as Rows)'), [
      { Sum: null, Rows: 0 },
    ]);
  });

  it('aggregate of an expression and over a path to one', async () => {
    const double = numbers(results, 'Likes').map((value) => value * 2);
    assert.deepEqual(await apply('aggregate(Likes mul 2 with sum as Twice)'), [{ Twice: sum(double) }]);
    const cases = new Map((await feed.all('TracebuzzCases')).map((row) => [row['CaseId'], row]));
    const handlers = results
      .map((row) => cases.get(row['CaseId'])?.['HandlerUserId'] ?? null)
      .filter((value) => value !== null);
    assert.deepEqual(await apply('aggregate(Case/HandlerUserId with max as Last)'), [
      { Last: most(handlers.map(Number)) },
    ]);
  });

  it('groupby: groups with null as a value, in the order of the keys', async () => {
    const expected = groups(results, 'Status', 'Type').map(({ key, rows }) => ({
      ...key,
      Rows: rows.length,
      Likes: sum(numbers(rows, 'Likes')),
    }));
    assert.deepEqual(await apply('groupby((Status,Type),aggregate($count as Rows,Likes with sum as Likes))'), expected);
    assert.deepEqual(
      await apply('groupby((Status))'),
      groups(results, 'Status').map(({ key }) => key),
    );
  });

  it('groupby over a path to one nests the property under its navigation', async () => {
    const cases = new Map((await feed.all('TracebuzzCases')).map((row) => [row['CaseId'], row['QueueId']]));
    const rows = results.map((row) => {
      return { QueueId: cases.get(row['CaseId']) ?? null, There: cases.has(row['CaseId']) };
    });
    // No case, and a case without a queue, are two groups (3.2.3.1).
    const expected = groups(rows, 'QueueId', 'There').map(({ key: { QueueId, There }, rows: members }) => {
      return { Case: There === true ? { QueueId } : null, Rows: members.length };
    });
    assert.deepEqual(await apply('groupby((Case/QueueId),aggregate($count as Rows))'), expected);
    assert.ok(expected.some(({ Case }) => Case === null) && expected.some(({ Case }) => Case?.QueueId === null));
  });

  it('filter, search, compute, identity, orderby, top and skip, one after the other', async () => {
    const kept = results.filter((row) => row['Status'] === 2);
    assert.deepEqual(await apply('filter(Status eq 2)'), kept);
    assert.deepEqual(await apply('identity'), results);
    assert.deepEqual(
      await apply('orderby(TbRank desc)/skip(2)/top(5)'),
      results.toSorted(byDescending('TbRank')).slice(2, 7),
    );
    const family = results.filter((row) => /\bfamily\b/i.test(`${row['Title'] ?? ''} ${row['Content'] ?? ''}`));
    assert.deepEqual(await apply('search(family)'), family);
    assert.deepEqual(await apply('search(family)/aggregate($count as Rows)'), [{ Rows: family.length }]);
    const found = await apply(
      'filter(Status eq 2)/compute(Likes mul 2 as Twice)/filter(Twice gt 20)/aggregate(Twice with sum as Sum)',
    );
    const twice = numbers(kept, 'Likes').map((value) => value * 2);
    assert.deepEqual(found, [{ Sum: sum(twice.filter((value) => value > 20)) }]);
  });

  it('the result is filtered, ordered, cut, counted and selected like a set', async () => {
    const all = groups(results, 'Status').map(({ key, rows }) => ({ ...key, Rows: rows.length }));
    const text = 'groupby((Status),aggregate($count as Rows))';
    assert.deepEqual(
      await apply(text, '&$filter=Rows gt 5&$orderby=Rows desc'),
      all.filter((row) => row.Rows > 5).toSorted(byDescending('Rows')),
    );
    assert.deepEqual(
      await apply(text, '&$orderby=Rows desc&$top=1&$select=Rows'),
      all
        .toSorted(byDescending('Rows'))
        .slice(0, 1)
        .map(({ Rows }) => ({ Rows })),
    );
    const counted = await feed.json(`TracebuzzResults?$apply=${encodeURIComponent(text)}&$count=true&$top=1`);
    assert.equal(counted['@odata.count'], all.length);
    assert.equal(counted['@odata.context'], `${feed.root}$metadata#TracebuzzResults(Status,Rows)`);
    const context = async (query: string) => (await feed.json(query))['@odata.context'];
    for (const [query, names] of [
      ['topcount(2,Likes)&$select=ResultId,Likes', '(ResultId,Likes)'],
      ['filter(Likes gt 5)&$top=1', ''],
      ['compute(Likes add 1 as More)&$top=1', '(*,More)'],
      ['top(1)&$select=ResultId&$expand=Case($select=CaseId)', '(ResultId,Case(CaseId))'],
    ]) {
      assert.equal(
        await context(`TracebuzzResults?$apply=${query}`),
        `${feed.root}$metadata#TracebuzzResults${names}`,
        query,
      );
    }
    assert.equal(await feed.text(`TracebuzzResults/$count?$apply=${encodeURIComponent(text)}`), String(all.length));
  });

  it('topcount, toppercent, topsum and their bottom twins, alone and within groups', async () => {
    const ranked = (direction: 1 | -1) =>
      results
        .filter((row) => row['TbRank'] !== null)
        .toSorted((a, b) => direction * ascending(a['TbRank'], b['TbRank']));
    const total = sum(numbers(results, 'TbRank')) ?? 0;
    const until = (rows: readonly Row[], amount: number) => {
      let reached = 0;
      return rows.filter((row) => {
        const taken = reached < amount;
        reached += Number(row['TbRank']);
        return taken;
      });
    };
    const ids = (rows: readonly Row[]) =>
      column(rows, 'ResultId')
        .map(Number)
        .sort((a, b) => a - b);
    const ask = async (text: string) => ids(await apply(text));
    assert.deepEqual(await ask('topcount(5,TbRank)'), ids(ranked(-1).slice(0, 5)));
    assert.deepEqual(await ask('bottomcount(5,TbRank)'), ids(ranked(1).slice(0, 5)));
    assert.deepEqual(await ask('topsum(200,TbRank)'), ids(until(ranked(-1), 200)));
    assert.deepEqual(await ask('bottomsum(200,TbRank)'), ids(until(ranked(1), 200)));
    assert.deepEqual(await ask('toppercent(25,TbRank)'), ids(until(ranked(-1), total * 0.25)));
    assert.deepEqual(await ask('bottompercent(25,TbRank)'), ids(until(ranked(1), total * 0.25)));
    const found = await apply(
      'groupby((Status),topcount(1,TbRank))/groupby((Status),aggregate(TbRank with max as Best))',
    );
    const best = groups(results, 'Status').map(({ key, rows }) => ({ ...key, Best: most(numbers(rows, 'TbRank')) }));
    assert.deepEqual(found, best);
  });

  it('concat: the branches one after the other, counted together', async () => {
    const found = await apply('concat(groupby((Status),aggregate($count as Rows)),aggregate($count as Rows))');
    const grouped = groups(results, 'Status').map(({ key, rows }) => ({ ...key, Rows: rows.length }));
    const key = (row: Row) => JSON.stringify([row['Status'] ?? null, row['Rows']]);
    assert.deepEqual(found.map(key).sort(), [...grouped, { Status: null, Rows: results.length }].map(key).sort());
  });

  it('rollup: subtotals of each level, the grand total where $all asks for it', async () => {
    const total = (rows: readonly Row[]) => sum(numbers(rows, 'Likes'));
    const leaves = groups(results, 'Status', 'Type').map(({ key, rows }) => ({ ...key, Sum: total(rows) }));
    const middle = groups(results, 'Status').map(({ key, rows }) => ({ ...key, Type: null, Sum: total(rows) }));
    const whole = { Status: null, Type: null, Sum: total(results) };
    const key = (row: Row) => JSON.stringify([row['Status'] ?? null, row['Type'] ?? null, row['Sum']]);
    const ask = async (text: string) =>
      (await apply(`groupby((rollup(${text})),aggregate(Likes with sum as Sum))`)).map(key).sort();
    assert.deepEqual(await ask('Status,Type'), [...leaves, ...middle].map(key).sort());
    assert.deepEqual(await ask('$all,Status,Type'), [...leaves, ...middle, whole].map(key).sort());
  });

  it('rollup: several in one groupby, with paths to one and over many, with rows of the groups, after other transformations', async () => {
    const cases = new Map((await feed.all('TracebuzzCases')).map((row) => [row['CaseId'], row['QueueId']]));
    const rows = results.map((row) => {
      return { ...row, Queue: cases.get(row['CaseId']) ?? null, There: cases.has(row['CaseId']) };
    });
    const levels = [['Status', 'Queue', 'Type'], ['Status', 'Queue'], ['Status', 'Type'], ['Status']];
    const text = (row: Row) => JSON.stringify(['Status', 'Queue', 'Type', 'N'].map((name) => row[name] ?? null));
    const flat = (row: Row): Row => ({ ...row, Queue: (row['Case'] as Row | null | undefined)?.['QueueId'] ?? null });
    const likes = (members: readonly Row[]) => members.filter((row) => Number(row['Likes'] ?? 0) > 5);
    const expected = levels.flatMap((names) =>
      groups(likes(rows), ...names, ...(names.includes('Queue') ? ['There'] : [])).map(({ key, rows: members }) => {
        return { ...key, N: members.length };
      }),
    );
    assert.deepEqual(
      (
        await apply(
          'filter(Likes gt 5)/groupby((Status,rollup($all,Case/QueueId),rollup($all,Type)),aggregate($count as N))',
        )
      )
        .map((row) => text(flat(row)))
        .sort(),
      expected.map(text).sort(),
    );
    const best = [['Status', 'Type'], ['Status'], []].flatMap((names) =>
      groups(rows, ...names).map(({ key, rows: members }) => ({ ...key, N: most(numbers(members, 'Likes')) })),
    );
    assert.deepEqual(
      (await apply('groupby((rollup($all,Status,Type)),topcount(1,Likes)/aggregate(Likes with sum as N))'))
        .map(text)
        .sort(),
      best.map(text).sort(),
    );
    const reached = [['Status', 'Type'], ['Status']].flatMap((names) =>
      groups(rows, ...names).map(({ key, rows: members }) => ({
        ...key,
        N: new Set(members.map((row) => row['CaseId']).filter((id) => cases.has(id))).size,
      })),
    );
    assert.deepEqual(
      (await apply('groupby((rollup(Status,Type)),aggregate(Case/$count as N))')).map(text).sort(),
      reached.map(text).sort(),
    );
  });

  it('from: by the finer keys first, then by the group', async () => {
    const found = await apply('groupby((Status),aggregate(Likes with sum from Type with max as Best))');
    const expected = groups(results, 'Status').map(({ key, rows }) => ({
      ...key,
      Best: most(groups(rows, 'Type').flatMap((one) => sum(numbers(one.rows, 'Likes')) ?? [])),
    }));
    assert.deepEqual(found, expected);
  });

  it('aggregated rows are paged without loss', async () => {
    const found: Row[] = [];
    for (
      let next: string | undefined = 'TracebuzzResults?$apply=groupby((PersonId,Type),aggregate($count as Rows))';
      next !== undefined;
    ) {
      const body = await feed.json(next, { Prefer: 'maxpagesize=4' });
      found.push(...(body['value'] as Row[]));
      next = body['@odata.nextLink'] as string | undefined;
    }
    const expected = groups(results, 'PersonId', 'Type').map(({ key, rows }) => ({ ...key, Rows: rows.length }));
    assert.deepEqual(
      found.toSorted((a, b) => by('PersonId')(a, b) || by('Type')(a, b)),
      expected,
    );
  });

  it('what is not computed is refused by name: custom methods, expand, nest, recursive rollups', async () => {
    for (const [text, naming] of [
      ['aggregate(Likes with Gateway.median as M)', 'median'],
      ['expand(Activities,filter(true))', 'expand'],
      ['nest(groupby((Status)) as N)', 'nest'],
      ['addnested(Activities,aggregate($count as N) as A)', 'addnested'],
      ['concat(groupby((Case)),aggregate($count as N))', 'concat'],
      ['groupby((Status),groupby((Case)))', 'groupby'],
      ['traverse($root/TracebuzzLabels,H,LabelId,preorder)', 'traverse'],
    ] as const) {
      const reply = await feed.get(`TracebuzzResults?$apply=${encodeURIComponent(text)}`);
      const body = await reply.text();
      assert.ok([400, 501].includes(reply.status) && body.includes(naming), `${text}: ${body}`);
    }
  });
});
