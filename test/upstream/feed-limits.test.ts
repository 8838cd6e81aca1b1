import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connectUpstream } from '../../src/upstream/connect.ts';
import { untried } from '../../src/upstream/feed-limits.ts';
import { KnownLimits } from '../../src/upstream/known-limits.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { readOptions, tenantCatalogue, tenantSource } from './tenant.ts';
import { catalogue, fails, feeds, json, page } from './told-feed.ts';

/** What a feed allows; what is more is refused with `status`. */
interface Limits {
  readonly takesIn?: boolean;
  readonly longestIn?: number;
  readonly longestChain?: number;
  readonly maxTop?: number;
  readonly longestUrl?: number;
  readonly status?: number;
  /** Rows on a page. */
  readonly pageSize?: number;
  readonly says?: string;
}

const all = Array.from({ length: 400 }, (_, at) => `a${at}`);

/** Agents `a0` to `a399`, in the order of their ids as they were made. */
function answered(query: URLSearchParams, length: number, limits: Limits): readonly string[] | number {
  const filter = query.get('$filter') ?? '';
  const listed = [...(/ in \(([^)]*)\)/.exec(filter)?.[1] ?? '').matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const chained = [...filter.matchAll(/id eq '([^']*)'/g)].map((match) => match[1] ?? '');
  const top = query.get('$top');
  const refused =
    (listed.length > 0 && (limits.takesIn === false || listed.length > (limits.longestIn ?? 1000))) ||
    chained.length > (limits.longestChain ?? 1000) ||
    Number(top ?? 0) > (limits.maxTop ?? 1_000_000);
  if (length > (limits.longestUrl ?? 100_000)) {
    return 414;
  }
  if (refused || filter.includes('broken')) {
    return limits.status ?? 400;
  }
  const wanted = new Set([...listed, ...chained]);
  const rows = filter === '' ? all : all.filter((id) => wanted.has(id));
  const skip = Number(query.get('$skip') ?? 0);
  return rows.slice(skip, top === null ? undefined : skip + Number(top));
}

describe('what a proxied feed takes is learned from what it refuses', () => {
  const { connect, open, dataDir } = feeds();

  let refusals = 0;

  function limited(limits: Limits): Promise<Upstream & { requests: string[] }> {
    return connect(
      (_request, response, url) => {
        const rows = answered(url.searchParams, url.href.length, limits);
        if (typeof rows === 'number') {
          refusals += 1;
          return json(response, JSON.stringify({ error: { message: limits.says ?? 'No.' } }), rows);
        }
        const from = Number(url.searchParams.get('$skiptoken') ?? 0);
        const size = limits.pageSize ?? rows.length;
        const value = JSON.stringify(rows.slice(from, from + size).map((id) => ({ id })));
        const count = url.searchParams.has('$count') ? `"@odata.count":${all.length},` : '';
        url.searchParams.set('$skiptoken', String(from + size));
        const next = from + size < rows.length ? `,"@odata.nextLink":"Agents${url.search}"` : '';
        json(response, `{${count}"value":${value}${next}}`);
      },
      { maxUrlLength: 4000 },
    );
  }

  async function byKeys(upstream: Upstream, ids: readonly string[]): Promise<readonly string[]> {
    const set = catalogue.model.entitySets.get('FarAgents') ?? assert.fail();
    const id = set.entityType.properties.get('id') ?? assert.fail();
    const selection = { set, type: set.entityType, properties: [id], computed: [], expands: [], selected: true };
    const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
    const keys = ids.map((one) => [one]);
    const request = { set, properties: [id], keys, restriction, selection: { ...selection, selectedNavigations: [] } };
    const found: string[] = [];
    for await (const row of upstream.fetchByKeys(request, readOptions())) {
      found.push((JSON.parse(row) as { id: string }).id);
    }
    return found;
  }

  /** Lengths of the lists that were asked for, of chains negative. */
  const lengths = (requests: readonly string[]): readonly number[] =>
    requests.map((one) => (one.match(/'/g)?.length ?? 0) / (one.includes(' in (') ? 2 : -2));

  const cases: readonly (readonly [why: string, limits: Limits, lists: readonly number[]])[] = [
    ['nothing is refused', {}, [300]],
    // Two members tell that `in` is taken, then the middle of what is known.
    ['F2 lists of 100 are taken', { longestIn: 100 }, [300, 2, 151, 76, 113, 94, 103, 94, 34]],
    [
      'F1 in is refused, chains of 16 are taken',
      { takesIn: false, longestChain: 16 },
      [300, 2, -45, -23, -12, -17, -14],
    ],
    ['in is refused with 501', { takesIn: false, status: 501 }, [300, 2, -45]],
    ['in is refused with 500, which is asked about once more', { takesIn: false, status: 500 }, [300, 300, 2, 2, -45]],
    ['no list is taken at all', { takesIn: false, longestChain: 1 }, [60, 2, -45, -23, -12, -6, -3, -2, -1]],
  ];
  for (const [why, limits, lists] of cases) {
    it(`rows by key: ${why}`, async () => {
      const upstream = await limited(limits);
      const ids = all.slice(50, limits.longestChain === 1 ? 110 : 350);
      assert.deepEqual(await byKeys(upstream, ids), ids);
      assert.deepEqual(lengths(upstream.requests).slice(0, lists.length), lists);
      assert.deepEqual(await byKeys(upstream, ids), ids);
      const before = refusals;
      assert.deepEqual(await byKeys(upstream, ids), ids);
      assert.equal(refusals, before, 'all is known by now');
    });
  }

  it('rows by key: an address that is too long is cut', async () => {
    const upstream = await limited({ longestUrl: 900 });
    assert.deepEqual(await byKeys(upstream, all), all);
    const refused = upstream.requests.length;
    assert.deepEqual(await byKeys(upstream, all), all);
    assert.ok(upstream.requests.length - refused < refused, 'known');
  });

  it('rows by key: a refusal that has nothing to do with the list is told as it is, and nothing is learned', async () => {
    const before = limitsKept();
    const upstream = await limited({ takesIn: false, longestChain: 0, says: 'Unknown thing.' });
    await assert.rejects(byKeys(upstream, all.slice(0, 9)), fails('UpstreamRefused', /Unknown thing/));
    assert.deepEqual(limitsKept(), before);
  });

  it('F1 a filter with a list is asked for once more with a chain, and from then on', async () => {
    const upstream = await limited({ takesIn: false });
    const query = "FarAgents?$select=id&$filter=id in ('a1','a2')";
    for (let round = 0; round < 2; round++) {
      assert.deepEqual((await page(upstream, query)).rows, [{ id: 'a1' }, { id: 'a2' }]);
    }
    assert.deepEqual(lengths(upstream.requests), [2, -2, -2]);
    await assert.rejects(page(upstream, "FarAgents?$filter=name eq 'broken'"), fails('UpstreamRefused', /status 400/));
    assert.equal(upstream.requests.length, 4, 'no other form of it');
  });

  it('where in was taken once, a refused list is not asked for with a chain', async () => {
    const upstream = await limited({ longestIn: 3 });
    const ask = (ids: readonly string[]) =>
      page(upstream, `FarAgents?$select=id&$filter=id in (${ids.map((id) => `'${id}'`).join()})`);
    assert.equal((await ask(all.slice(0, 3))).rows.length, 3);
    await assert.rejects(ask(all.slice(0, 4)), fails('UpstreamRefused', /status 400/));
    assert.deepEqual(lengths(upstream.requests), [3, 4]);
  });

  const limitsKept = (): readonly string[] => {
    const folder = path.join(dataDir(), 'upstream');
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.limits.json')) : [];
    return files.map((name) => readFileSync(path.join(folder, name), 'utf8'));
  };

  it('is kept for one address and one $metadata', async () => {
    const place = { dataDir: dataDir(), source: 'far', url: 'http://far.example/' };
    const restored = async (metadata: string, url = place.url) => {
      const limits = new KnownLimits({ ...place, url }, () => undefined);
      await limits.restore(metadata);
      return limits;
    };
    const first = await restored('<a/>');
    first.learn({ ...untried, maxTop: 50 });
    await first.close();
    assert.equal((await restored('<a/>')).known().maxTop, 50);
    assert.deepEqual((await restored('<a/>', 'http://other.example/')).known(), untried);
    assert.deepEqual((await restored('<b/>')).known(), untried);
    await first.restore('<b/>');
    assert.deepEqual(first.known(), untried);
  });

  it('a restart knows what was learned', async () => {
    const upstream = await limited({ takesIn: false });
    const { url } = upstream.state();
    assert.deepEqual(await byKeys(upstream, all.slice(0, 9)), all.slice(0, 9));
    await upstream.close();
    const source = tenantSource({ url });
    const again = await connectUpstream({
      source,
      dataDir: dataDir(),
      catalogue: () => tenantCatalogue(source),
      adopt: () => [],
      readsOptions: true,
    });
    open.push(again);
    const before = upstream.requests.length;
    assert.deepEqual(await byKeys(again, all.slice(0, 9)), all.slice(0, 9));
    assert.deepEqual(lengths(upstream.requests.slice(before)), [-9]);
  });

  describe('F4 $top beyond what a feed gives', () => {
    const ids = (rows: readonly Record<string, unknown>[]) => rows.map((row) => row['id']);
    for (const [says, known] of [
      ["The limit of '50' for Top query has been exceeded. The value from the incoming request is '120'.", 50],
      ['No.', 60],
    ] as const) {
      for (const pageSize of [undefined, 20]) {
        it(`${says} ${pageSize ?? 'no'} rows on a page: several requests`, async () => {
          const upstream = await limited({ maxTop: known, says, ...(pageSize === undefined ? {} : { pageSize }) });
          const found: unknown[] = [];
          let count: string | null = null;
          let skipToken: string | null = null;
          do {
            // Our own next links leave `$top` and `$skip` out.
            const query = `FarAgents?$select=id&$count=true${skipToken === null ? '&$top=120&$skip=3' : ''}`;
            const part: Awaited<ReturnType<typeof page>> = await page(upstream, query, { skipToken });
            found.push(...ids(part.rows));
            count ??= part.count;
            skipToken = part.next;
          } while (skipToken !== null);
          assert.deepEqual(found, all.slice(3, 123));
          assert.equal(count, '400');
          const tops = upstream.requests.map((one) => Number(/\$top=(\d+)/.exec(one)?.[1]));
          assert.deepEqual(tops.slice(0, says === 'No.' ? 4 : 3), says === 'No.' ? [120, 1, 60, 60] : [120, 50, 50]);
          // Parts fit together only in one order.
          assert.match(upstream.requests.at(-1) ?? '', /\$orderby=id/);
        });
      }
    }

    it('a token that was changed is refused', async () => {
      const upstream = await limited({ maxTop: 50 });
      const { next } = await page(upstream, 'FarAgents?$select=id&$top=300');
      const changed = (next ?? '').replace(/^1\.\d+/, '1.7');
      assert.notEqual(changed, next);
      await assert.rejects(
        page(upstream, 'FarAgents?$select=id', { skipToken: changed }),
        fails('InvalidSkipToken', /not one that this feed made/),
      );
    });

    it('within an $expand it is a limit that says so', async () => {
      const upstream = await limited({ maxTop: 50, says: 'At most 50.' });
      await page(upstream, 'FarAgents?$select=id&$top=300');
      await assert.rejects(
        page(upstream, 'FarAgents?$select=id&$expand=Calls($top=51)'),
        fails('LimitExceeded', /at most 50 rows/),
      );
    });

    it('a refusal for another reason is told as it is', async () => {
      const upstream = await limited({ says: 'Position 7.' });
      await assert.rejects(
        page(upstream, "FarAgents?$filter=name eq 'broken'&$top=20"),
        fails('UpstreamRefused', /Position 7/),
      );
      assert.ok(upstream.requests.length <= 3, upstream.requests.join('\n'));
    });
  });
});
