import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Cost")
  SELECT g, CASE WHEN g % 2 = 0 THEN 'a b' ELSE 'a+b' END, g % 5, g FROM generate_series(1, 30) AS g;`;

interface Page {
  readonly value: readonly { readonly Id: number }[];
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

describe('http: forms of query options', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows, settings: { pageSize: 7 } });
  });
  after(() => feed.close());
  afterEach(() => assert.deepEqual(feed.defects, []));

  async function page(path: string, headers: Record<string, string> = {}): Promise<Page> {
    const reply = await feed.get(path, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return JSON.parse(text) as Page;
  }

  /** The ids of all pages, by next link. */
  async function allIds(path: string, headers: Record<string, string> = {}): Promise<readonly number[]> {
    const found: number[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const one: Page = await page(next, headers);
      found.push(...one.value.map(({ Id }) => Id));
      next = one['@odata.nextLink'];
    }
    return found;
  }

  const even = Array.from({ length: 15 }, (_, index) => (index + 1) * 2);
  const odd = even.map((id) => id - 1);

  describe('C1 names of options', () => {
    it('a blank before $filter does not switch it off', async () => {
      const { '@odata.count': count } = await page('Cases?$select=Id&%20$filter=Id gt 20&$count=true&$top=0');
      assert.equal(count, 10);
    });

    it('&amp; for & is refused by name', async () => {
      const reply = await feed.get('Cases?$select=Id&amp;$filter=Id%20gt%2020');
      const { error } = (await reply.json()) as Page;
      assert.equal(reply.status, 400);
      assert.match(error?.message ?? '', /if \$filter is meant/);
    });

    it('a next link leaves out $top and $skip that had blanks around their names', async () => {
      assert.equal((await allIds('Cases?$select=Id&%20$top=20&+$skip=2')).length, 20);
    });

    it('in a batch and in the body of $query alike', async () => {
      const requests = ['Cases?%20$filter=Id eq 3&$select=Id', 'Cases?amp;$filter=Id eq 3'].map((url, index) => ({
        id: String(index),
        method: 'get',
        url,
      }));
      const batch = await fetch(`${feed.root}$batch`, {
        method: 'POST',
        body: JSON.stringify({ requests }),
        headers: { 'Content-Type': 'application/json' },
      });
      const { responses } = (await batch.json()) as { responses: { status: number; body: Page }[] };
      assert.deepEqual(
        responses.map(({ status }) => status),
        [200, 400],
      );
      assert.deepEqual(
        responses[0]?.body.value.map(({ Id }) => Id),
        [3],
      );
      const body = await fetch(`${feed.root}Cases/$query`, {
        method: 'POST',
        body: '$select=Id\r\n&\r\n$filter=Id eq 3\r\n',
        headers: { 'Content-Type': 'text/plain' },
      });
      assert.deepEqual(
        ((await body.json()) as Page).value.map(({ Id }) => Id),
        [3],
      );
    });

    it('from and to, which the Temporal extension also takes without $, are 501', async () => {
      for (const query of ['from=2024-01-01', 'TO=2024-01-01', '$at=2024-01-01']) {
        assert.equal((await feed.get(`Cases?${query}`)).status, 501, query);
      }
    });
  });

  describe('C5 blanks written as plus signs', () => {
    const forms = {
      'axios and hand': "$select=Id&$filter=Title+eq+'a+b'",
      URLSearchParams: new URLSearchParams({ $select: 'Id', $filter: "Title eq 'a b'" }).toString(),
      'a blank in a text alone': new URLSearchParams({ $select: 'Id', $filter: "contains(Title,'a b')" }).toString(),
    };
    for (const [writer, query] of Object.entries(forms)) {
      it(`as ${writer} writes them, over all pages`, async () => {
        assert.deepEqual(await allIds(`Cases?${query}`), even);
      });
    }

    it('a plus sign that is one stays one, over all pages', async () => {
      assert.deepEqual(await allIds("Cases?$select=Id&$filter=Title%20eq%20'a+b'"), odd);
      const form = new URLSearchParams({ $select: 'Id', $filter: "contains(Title,'a+b')" }).toString();
      assert.deepEqual(await allIds(`Cases?${form}`), odd);
    });

    it('what a dropped $top alone told apart is still told in the next link', async () => {
      assert.deepEqual(await allIds("Cases?$select=Id&$filter=contains(Title,'a+b')&$top=%2020"), odd);
    });

    it('delta links repeat what was understood', async () => {
      let found = await page("Cases?$filter=Title+eq+'a+b'", { Prefer: 'odata.track-changes,maxpagesize=100' });
      for (let next = found['@odata.nextLink']; next !== undefined; next = found['@odata.nextLink']) {
        found = await page(next, { Prefer: 'maxpagesize=100' });
      }
      const link = found['@odata.deltaLink'];
      if (link === undefined) {
        return;
      }
      assert.deepEqual((await page(link)).value, []);
    });

    it('in a form body of $query, and next to raw blanks as plus signs', async () => {
      const post = async (body: string): Promise<readonly number[]> => {
        const reply = await fetch(`${feed.root}Cases/$query`, {
          method: 'POST',
          body,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded', Prefer: 'maxpagesize=7' },
        });
        const text = await reply.text();
        assert.equal(reply.status, 200, text);
        return (JSON.parse(text) as Page).value.map(({ Id }) => Id);
      };
      assert.deepEqual(await post("$filter=contains(Title,'a+b')"), even.slice(0, 7));
      assert.deepEqual(await post("$filter=Title eq 'a+b'"), odd.slice(0, 7));
    });
  });

  describe('E6, C4 expressions of .NET clients', () => {
    it('blanks between = and the expression', async () => {
      assert.deepEqual(await allIds('Cases?$filter=%20Id eq 5%20&$orderby=%20Id%20&$select=%20Id'), [5]);
    });

    it('blanks before and behind = inside $expand', async () => {
      const { value } = await page('Cases?$select=Id&$top=1&$expand=Agent( $select = Id ; $expand\t=Team($top = 1) )');
      assert.deepEqual(value, [{ Id: 1, Agent: null }]);
      const { error } = (await (await feed.get('Cases?$expand=Agent($select Id)')).json()) as Page;
      assert.match(error?.message ?? '', /expected '='\.$/);
    });
  });
});
