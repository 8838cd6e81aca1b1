import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { groups, most, numbers, sum } from './grouping.ts';
import { by, byDescending, type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

/** `$apply` over related rows and inside of groups and of `$expand` (OData Extension for Data Aggregation 4.0, section 3). */
describe('Conformance: $apply over related rows', () => {
  let feed: LoadedFeed;
  let results: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    results = await feed.all('TracebuzzResults');
  });

  const apply = (text: string, more = '') => feed.rows(`TracebuzzResults?$apply=${encodeURIComponent(text)}${more}`);

  async function paged(query: string, size: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let next: string | undefined = query; next !== undefined; ) {
      const body = await feed.json(next, { Prefer: `maxpagesize=${size}` });
      found.push(...(body['value'] as Row[]));
      next = body['@odata.nextLink'] as string | undefined;
    }
    return found;
  }

  it('every transformation inside groupby: on each group apart, and a group that loses its rows is aggregated all the same', async () => {
    const byStatus = groups(results, 'Status');
    const sorted = (rows: readonly Row[]) => rows.toSorted(by('Status'));
    assert.deepEqual(
      sorted(
        await apply(
          'groupby((Status),orderby(TbRank desc)/skip(1)/top(2)/aggregate(TbRank with sum as S,$count as N))',
        ),
      ),
      byStatus.map(({ key, rows }) => {
        const chosen = rows.toSorted(byDescending('TbRank')).slice(1, 3);
        return { ...key, S: sum(numbers(chosen, 'TbRank')), N: chosen.length };
      }),
    );
    // So many that one status has no result with more.
    const many = Math.min(...byStatus.map(({ rows }) => most(numbers(rows, 'Likes')) ?? 0));
    const liked = (rows: readonly Row[]) => rows.filter((row) => Number(row['Likes'] ?? 0) > many);
    assert.ok(
      byStatus.some(({ rows }) => liked(rows).length === 0) && byStatus.some(({ rows }) => liked(rows).length > 0),
    );
    assert.deepEqual(
      sorted(
        await apply(
          `groupby((Status),filter(Likes gt ${many})/topcount(1,Likes)/aggregate(Likes with max as Most,$count as N))`,
        ),
      ),
      byStatus.map(({ key, rows }) => {
        const chosen = liked(rows).toSorted(byDescending('Likes')).slice(0, 1);
        return { ...key, Most: most(numbers(chosen, 'Likes')), N: chosen.length };
      }),
    );
    assert.deepEqual(
      sorted(await apply('groupby((Status),aggregate($count as N)/filter(N gt 4)/compute(N mul 2 as Twice))')),
      byStatus.map(({ key, rows }) => ({ ...key, N: rows.length, Twice: rows.length * 2 })).filter(({ N }) => N > 4),
    );
    const text = (row: Row) => JSON.stringify(['Status', 'Type', 'N'].map((name) => row[name] ?? null));
    assert.deepEqual(
      (await apply('groupby((Status),concat(aggregate($count as N),groupby((Type),aggregate($count as N))))'))
        .map(text)
        .sort(),
      byStatus
        .flatMap(({ key, rows }) => [
          { ...key, N: rows.length },
          ...groups(rows, 'Type').map((inner) => ({ ...key, ...inner.key, N: inner.rows.length })),
        ])
        .map(text)
        .sort(),
    );
    const identical = await apply('groupby((Status),identity)', '&$select=ResultId,Status');
    assert.deepEqual(
      identical,
      results.map(({ ResultId, Status }) => ({ Status, ResultId })),
    );
    await feed.refused(
      'TracebuzzResults?$apply=groupby((Status),groupby((rollup($all,Type)),aggregate($count as N)))',
      {
        status: 501,
        code: 'NotImplemented',
        naming: 'rollup',
      },
    );
  });

  it('paths over navigation: each entity reached counts once in a group, an expression once for each row', async () => {
    const cases = await feed.all('TracebuzzCases');
    const of = (rows: readonly Row[]) =>
      results.filter((result) => rows.some((row) => row['CaseId'] === result['CaseId']));
    const found = await feed.rows(
      'TracebuzzCases?$apply=groupby((QueueId),aggregate(Results/$count as Results,Results/Likes with sum as Likes,$count as Cases))',
    );
    assert.deepEqual(
      found,
      groups(cases, 'QueueId').map(({ key, rows }) => ({
        ...key,
        Results: of(rows).length,
        Likes: sum(numbers(of(rows), 'Likes')),
        Cases: rows.length,
      })),
    );
    assert.ok(found.some((row) => Number(row['Results']) > Number(row['Cases'])));
    const handlers = new Map(cases.map((row) => [row['CaseId'], Number(row['HandlerUserId'] ?? 0)]));
    const reached = [...new Set(results.map((row) => row['CaseId']))].filter((id) => handlers.has(id));
    const [once] = await apply(
      'aggregate(Case/HandlerUserId with sum as Once,Case/HandlerUserId add 0 with sum as Each,Case/$count as Cases)',
    );
    assert.deepEqual(once, {
      Once: sum(reached.map((id) => handlers.get(id) ?? 0)),
      Each: sum(results.map((row) => handlers.get(row['CaseId']) ?? 0)),
      Cases: reached.length,
    });
    assert.notEqual(once?.['Once'], once?.['Each']);
  });

  it('join and outerjoin: each row once for each row that it leads to, named by its alias, expanded where asked, paged', async () => {
    const cases = await feed.all('TracebuzzCases');
    const of = (row: Row) => results.filter((result) => result['CaseId'] === row['CaseId']);
    const pairs = cases.flatMap((row) => of(row).map((result) => ({ row, result })));
    assert.deepEqual(
      await paged('TracebuzzCases?$apply=join(Results as R)&$select=CaseId&$expand=R($select=ResultId)', 5),
      pairs.map(({ row, result }) => ({ CaseId: row['CaseId'], R: { ResultId: result['ResultId'] } })),
    );
    const alone = cases.filter((row) => of(row).length === 0);
    assert.ok(alone.length > 0);
    assert.deepEqual(
      await feed.rows('TracebuzzCases?$apply=outerjoin(Results as R)/filter(R eq null)&$select=CaseId&$expand=R'),
      alone.map((row) => ({ CaseId: row['CaseId'], R: null })),
    );
    assert.deepEqual(
      await feed.rows(
        'TracebuzzCases?$apply=join(Results as R)/groupby((R/Status,QueueId),aggregate(R/Likes with sum as Likes,$count as Rows))',
      ),
      groups(
        pairs.map(({ row, result }) => ({ ...result, QueueId: row['QueueId'] })),
        'Status',
        'QueueId',
      ).map(({ key, rows }) => ({
        R: { Status: key['Status'] },
        QueueId: key['QueueId'],
        Likes: sum(numbers(rows, 'Likes')),
        Rows: rows.length,
      })),
    );
    assert.deepEqual(
      await feed.rows(
        'TracebuzzCases?$apply=outerjoin(Results as T,aggregate(Likes with sum as Likes))/filter(T/Likes gt 5)&$select=CaseId&$expand=T',
      ),
      cases
        .map((row) => ({ CaseId: row['CaseId'], T: { Likes: sum(numbers(of(row), 'Likes')) } }))
        .filter(({ T }) => Number(T.Likes ?? 0) > 5),
    );
  });

  it('groupby an entity: it is expanded by default, narrowed by $expand, filtered and ordered by its properties, paged', async () => {
    const cases = new Map((await feed.all('TracebuzzCases')).map((row) => [row['CaseId'], row]));
    const expected = groups(
      results.map((row) => ({ ...row, Known: cases.has(row['CaseId']) ? row['CaseId'] : null })),
      'Known',
    );
    const flat = (row: Row) => JSON.stringify([(row['Case'] as Row | null)?.['CaseId'] ?? null, row['Rows']]);
    const found = await paged('TracebuzzResults?$apply=groupby((Case),aggregate($count as Rows))', 3);
    assert.deepEqual(
      found.map(flat).sort(),
      expected.map(({ key, rows }) => JSON.stringify([key['Known'], rows.length])).sort(),
    );
    for (const row of found) {
      const one = row['Case'] as Row | null;
      if (one !== null) {
        assert.deepEqual(one, cases.get(one['CaseId']));
      }
    }
    const text = 'groupby((Case),aggregate($count as Rows))/filter(Case/QueueId ne null)';
    const narrowed = await apply(text, '&$orderby=Case/CaseId desc&$select=Rows&$expand=Case($select=CaseId)');
    assert.deepEqual(
      narrowed,
      expected
        .filter(({ key }) => (cases.get(key['Known'])?.['QueueId'] ?? null) !== null)
        .map(({ key, rows }) => ({ Rows: rows.length, Case: { CaseId: key['Known'] } }))
        .toReversed(),
    );
    const body = await feed.json(`TracebuzzResults?$apply=${text}&$top=1&$expand=Case/$ref`);
    assert.equal(body['@odata.context'], `${feed.root}$metadata#TracebuzzResults(Rows,Case)`);
    const [first] = body['value'] as Row[];
    assert.match(JSON.stringify(first?.['Case']), /"@odata.id":".*TracebuzzCases\(\d+\)"/);
    const refused = 'TracebuzzResults?$apply=groupby((Status))&$expand=Case';
    await feed.refused(refused, { status: 501, code: 'NotImplemented', naming: 'aggregated rows' });
  });

  it('$apply inside $expand: the rows of each parent are aggregated apart', async () => {
    const cases = await feed.all('TracebuzzCases');
    const of = (row: Row) => results.filter((result) => result['CaseId'] === row['CaseId']);
    const ask = (options: string) =>
      feed.rows(`TracebuzzCases?$select=CaseId&$expand=Results(${encodeURIComponent(options)})`);
    assert.deepEqual(
      await ask('$apply=groupby((Status),aggregate($count as Rows,Likes with sum as Likes))'),
      cases.map((row) => ({
        CaseId: row['CaseId'],
        Results: groups(of(row), 'Status').map(({ key, rows }) => ({
          ...key,
          Rows: rows.length,
          Likes: sum(numbers(rows, 'Likes')),
        })),
      })),
    );
    assert.ok(cases.some((row) => of(row).length === 0) && cases.some((row) => of(row).length > 1));
    assert.deepEqual(
      await ask('$apply=filter(Likes ne null)/aggregate($count as Rows,Likes with max as Most)'),
      cases.map((row) => {
        const likes = numbers(of(row), 'Likes');
        return { CaseId: row['CaseId'], Results: [{ Rows: likes.length, Most: most(likes) }] };
      }),
    );
    assert.deepEqual(
      await ask(
        '$apply=groupby((Type),aggregate($count as Rows));$filter=Rows gt 0;$orderby=Rows desc,Type;$top=1;$select=Rows',
      ),
      cases.map((row) => ({
        CaseId: row['CaseId'],
        Results: groups(of(row), 'Type')
          .map(({ rows }) => ({ Rows: rows.length }))
          .toSorted(byDescending('Rows'))
          .slice(0, 1),
      })),
    );
    const body = await feed.json(
      'TracebuzzCases?$top=1&$expand=Results($apply=groupby((Status),aggregate($count as Rows)))',
    );
    assert.equal(body['@odata.context'], `${feed.root}$metadata#TracebuzzCases(Results(Status,Rows))`);
  });
});
