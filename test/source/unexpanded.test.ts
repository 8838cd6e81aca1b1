import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { answerAs, refuseRelated } from './pass-over.ts';
import { feeds, more, requests, ways } from './unexpanded-ways.ts';

/** A feed that does not expand what it declares: its rows are joined here. */
describe('an $expand that a feed does not do', () => {
  let gateway: EvaluatedGateway;

  const open = async (way: keyof typeof feeds, options: Partial<Parameters<typeof evaluatedGateway>[0]> = {}) => {
    gateway = await evaluatedGateway({ rows: `${rows}${messages}${more}`, readsOptions: false, ...options });
    answerAs(gateway, feeds[way]);
  };

  afterEach(() => gateway.close());

  it('is joined here, in whatever way it is not done', async () => {
    await open('passes over $expand');
    // Each request with one way: each with every way is the long twin.
    for (const [number, way] of ways.entries()) {
      answerAs(gateway, feeds[way]);
      gateway.time.at += 25 * 3_600_000;
      for (const request of requests.filter((_, at) => at % ways.length === number)) {
        const right = await gateway.rows(gateway.stored, request);
        assert.deepEqual(await gateway.rows(gateway.evaluated, request), right, `${way}: ${request}`);
      }
    }
  });

  it('is asked for by the keys of the rows, and tried once a day', async () => {
    await open('passes over $expand');
    const request =
      'Cases?$select=Title&$filter=Id le 20&$expand=Messages($select=Body;$filter=Length gt 5;$orderby=Number)';
    await gateway.rows(gateway.evaluated, request);
    gateway.asked.length = 0;
    const rightly = [
      'Cases?$select=Title,Id&$filter=Id le 20',
      'Messages?$select=Body,CaseId&$filter=(CaseId in (10,20)) and Length gt 5&$orderby=Number',
    ];
    await gateway.rows(gateway.evaluated, request);
    assert.deepEqual(gateway.asked, rightly);
    gateway.time.at += 25 * 3_600_000;
    await gateway.rows(gateway.evaluated, request);
    assert.ok(gateway.asked.some((asked) => asked.includes('$expand')));
    assert.deepEqual(gateway.asked.slice(-2), rightly);
  });

  it('is tried with a row that is known to lead to another, where none seems to', async () => {
    await open('writes empty ones for what it does not look for');
    const keys = [10, 20, 40, 101, 102, 103, 104, 105, 106, 107];
    await gateway.rows(gateway.evaluated, 'Cases?$select=Id&$filter=Id eq 10&$expand=Messages($select=Number)');
    assert.deepEqual(gateway.asked.slice(0, 3), [
      'Cases?$select=Id&$filter=Messages/any()&$top=50&$expand=Messages($select=CaseId,Number;$top=1)',
      'Messages?$select=CaseId&$filter=CaseId ne null&$top=50',
      `Cases?$select=Id&$filter=${keys.map((key) => `Id eq ${key}`).join(' or ')}&$top=50&$expand=Messages($select=CaseId,Number;$top=1)`,
    ]);
  });

  it('gives each page of what leads to them, until the last', async () => {
    await open('passes over $expand', { pageSize: 20 });
    const request = 'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)';
    const pages: string[] = [];
    for (let link: string | undefined = `${gateway.evaluated.root}${request}`; link !== undefined; ) {
      const reply = (await (await fetch(link)).json()) as {
        readonly value: readonly unknown[];
        readonly '@odata.nextLink'?: string;
      };
      pages.push(String(reply.value.length));
      link = reply['@odata.nextLink'];
      // What was known of the feed at the first page holds for the others.
      gateway.time.at += 25 * 3_600_000;
    }
    assert.deepEqual(pages, ['20', '20', '20', '4']);
    const found = await gateway.rows(gateway.evaluated, request);
    assert.deepEqual(found, await gateway.rows(gateway.stored, request));
  });

  /** Pages of a request; `between`: before each one but the first. The last may be a refusal. */
  const pagesOf = async (request: string, between: () => Promise<void>): Promise<readonly string[]> => {
    const pages: string[] = [];
    for (let link: string | undefined = `${gateway.evaluated.root}${request}`; link !== undefined; ) {
      const reply = await fetch(link);
      const page = (await reply.json()) as {
        readonly value?: readonly unknown[];
        readonly error?: { readonly code: string };
        readonly '@odata.nextLink'?: string;
      };
      pages.push(page.value === undefined ? `${reply.status} ${page.error?.code ?? ''}` : JSON.stringify(page.value));
      link = page['@odata.nextLink'];
      await between();
    }
    return pages;
  };

  it('gives the same pages to the end where the feed shows to do it after the first one', async () => {
    for (const request of [
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)',
      'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name;$expand=Cases($select=Id;$orderby=Id)),Messages($select=Number;$filter=Length gt 5;$orderby=Number)',
    ]) {
      await open('passes over $expand', { pageSize: 20 });
      const right = (await gateway.rows(gateway.stored, request)) as { readonly value: unknown };
      const pages = await pagesOf(request, async () => {
        gateway.onRequest = null;
        gateway.time.at += 25 * 3_600_000;
        await gateway.rows(gateway.evaluated, request);
      });
      assert.deepEqual(
        pages.slice(0, -1).filter((page) => !page.startsWith('[')),
        [],
      );
      assert.equal(pages.length, 4, pages.at(-1));
      assert.deepEqual(
        pages.flatMap((page) => JSON.parse(page) as unknown[]),
        right.value,
      );
      await gateway.close();
    }
    await open('passes over $expand');
  });

  it('says that pages have to be read again where the feed does it no longer', async () => {
    await open('passes over $expand', { pageSize: 20 });
    gateway.onRequest = null;
    const request = 'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)';
    const pages = await pagesOf(request, () => {
      answerAs(gateway, feeds['passes over $expand']);
      return Promise.resolve();
    });
    assert.deepEqual(pages.slice(1), ['410 PagesChanged']);
    const { value } = (await gateway.rows(gateway.stored, request)) as { readonly value: unknown };
    assert.deepEqual(((await gateway.rows(gateway.evaluated, request)) as { readonly value: unknown }).value, value);
  });

  it('takes no token whose numbers somebody changed', async () => {
    await open('passes over $expand', { pageSize: 20 });
    const request = 'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number),Agent($select=Name)';
    const page = (await (await gateway.evaluated.get(request)).json()) as { readonly '@odata.nextLink': string };
    const link = page['@odata.nextLink'];
    assert.match(link, /~0~1$/);
    for (const changed of ['', '~0', '~1', '~9', '~0~1~', '~']) {
      const reply = await fetch(link.replace('~0~1', changed));
      assert.deepEqual([changed, reply.status], [changed, 400]);
      await reply.text();
    }
  });

  it('has no row that whoever asks may not see', async () => {
    const rules = new Map([
      ['Cases', { rows: 'Id lt 40', properties: ['Id'] }],
      ['Messages', { rows: 'Length gt 5', properties: ['CaseId', 'Number'] }],
    ]);
    for (const way of ['passes over $expand', 'passes over what stands in the parentheses of $expand'] as const) {
      await open(way, { grants: bindGrants(rules, catalogue) });
      const value = async (request: string): Promise<unknown> =>
        ((await gateway.rows(gateway.evaluated, request)) as { readonly value: unknown }).value;
      assert.deepEqual(await value('Cases?$orderby=Id&$expand=Messages'), [
        { Id: 10, Messages: [{ CaseId: 10, Number: 2 }] },
        { Id: 20, Messages: [] },
        { Id: 30, Messages: [] },
      ]);
      const counts = await value('Cases?$orderby=Id&$expand=Messages/$count');
      assert.deepEqual(
        (counts as readonly Readonly<Record<string, unknown>>[]).map((row) => row['Messages@odata.count']),
        [1, 0, 0],
      );
      await gateway.close();
    }
  });

  it('is joined from the next request on where rows come without it', async () => {
    await open('leaves out what is empty');
    gateway.onRequest = null;
    const request = 'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)';
    const right = await gateway.rows(gateway.stored, request);
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), right);
    answerAs(gateway, feeds['leaves out what is empty']);
    await assert.rejects(gateway.rows(gateway.evaluated, request), /the expanded Messages is missing/);
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), right);
  });

  it('is joined where what an option inside leaves empty is left out, though each row leads to one', async () => {
    await open('leaves out what is empty');
    const request = 'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$filter=Id eq 10)';
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), await gateway.rows(gateway.stored, request));
  });

  it('is tried from either end, where the rows that come first lead to none that is there', async () => {
    const lost = `
      INSERT INTO feed."Cases" ("Id", "AgentId") SELECT -n, 500 + n FROM generate_series(1, 60) AS n;
      INSERT INTO feed."Messages" ("CaseId", "Number") SELECT -100 - n, 1 FROM generate_series(1, 60) AS n;`;
    gateway = await evaluatedGateway({ rows: `${lost}${rows}${messages}`, readsOptions: false });
    for (const way of ['passes over $expand', 'writes empty ones for what it does not look for'] as const) {
      answerAs(gateway, feeds[way]);
      refuseRelated(gateway);
      gateway.time.at += 25 * 3_600_000;
      for (const request of [
        'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name)',
        'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number)',
      ]) {
        const right = await gateway.rows(gateway.stored, request);
        assert.deepEqual(await gateway.rows(gateway.evaluated, request), right, `${way}: ${request}`);
      }
    }
  });

  it('is no fault before the first row', async () => {
    await open('passes over $expand');
    gateway.onRequest = null;
    const request = 'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)';
    const right = await gateway.rows(gateway.stored, request);
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), right);
    answerAs(gateway, feeds['passes over $expand']);
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), right);
  });
});
