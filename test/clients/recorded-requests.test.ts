import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { by, byDescending, column, type LoadedFeed, loadedFeed, type Row } from '../conformance/loaded-feed.ts';

/**
 * Requests letter by letter as clients sent them that cannot be installed here for good (their licences, or what they need of a browser). They were
 * recorded from DevExtreme 26.1.5, @syncfusion/ej2-data 34.2.8, odata-fluent-query 2.7.3, odata-query 8.1.0, ts-odata-client 2.0.2,
 * @progress/kendo-data-query 1.7.4, ag-grid-odata 1.0.43 and ts-odatajs 4.0.9; only keys are put in where they stand.
 */
describe('Requests as clients of OData were recorded to write them', () => {
  let feed: LoadedFeed;
  let messages: readonly Row[];
  let results: readonly Row[];
  let cases: readonly Row[];
  before(async () => {
    feed = await loadedFeed();
    [messages, results, cases] = await Promise.all([
      feed.all('SparkcentralMessages'),
      feed.all('TracebuzzResults'),
      feed.all('TracebuzzCases'),
    ]);
  });

  const likes = (row: Row) => Number(row['Likes'] ?? Number.NaN);

  async function rows(query: string): Promise<readonly Row[]> {
    return (await feed.json(query))['value'] as readonly Row[];
  }

  describe('ids that look like GUIDs and are texts, without quotation marks', () => {
    const id = () => String(messages[3]?.['MessageId']);

    it('DevExtreme: byKey', async () => {
      const { '@odata.context': _, ...row } = await feed.json(`SparkcentralMessages(${id()})`);
      assert.deepEqual(row, messages[3]);
    });

    it('DevExtreme: a filter with what it read in another row', async () => {
      const conversation = messages[3]?.['ConversationId'];
      const found = await rows(`SparkcentralMessages?%24filter=ConversationId%20eq%20${conversation}`);
      assert.deepEqual(
        found,
        messages.filter((row) => row['ConversationId'] === conversation),
      );
      assert.ok(found.length > 0);
    });

    it('Syncfusion: equal, and startswith, which its filter bar asks for', async () => {
      for (const filter of [`MessageId%20eq%20${id()}`, `startswith(MessageId,${id()})`]) {
        const query = `SparkcentralMessages/?$count=true&$filter=${filter}&$format=json`;
        assert.deepEqual(await rows(query), [messages[3]], query);
      }
    });

    it('odata-fluent-query: equals, and notEquals', async () => {
      assert.deepEqual(await rows(`SparkcentralMessages?$filter=MessageId eq ${id()}`), [messages[3]]);
      assert.deepEqual(
        await rows(`SparkcentralMessages?$filter=MessageId ne ${id()}`),
        messages.filter((row) => row['MessageId'] !== id()),
      );
    });
  });

  describe('numbers with the suffix of their type', () => {
    it('DevExtreme, told that the key is Int64', async () => {
      const { '@odata.context': _, ...row } = await feed.json('TracebuzzCases(50123L)');
      assert.deepEqual(
        row,
        cases.find((each) => each['CaseId'] === 50123),
      );
    });

    it('odata-query, told that the value is a decimal', async () => {
      assert.deepEqual(
        await rows('TracebuzzResults?$filter=Likes gt 1.5M'),
        results.filter((row) => likes(row) > 1.5),
      );
    });
  });

  it('DevExtreme: a page, in order, with the count', async () => {
    const query = 'TracebuzzResults?%24orderby=TbRank%20desc&%24skip=1&%24top=2&%24count=true';
    const page = await feed.json(query, { Accept: 'application/json;odata=verbose,text/plain' });
    assert.equal(page['@odata.count'], results.length);
    assert.deepEqual(page['value'], results.toSorted(byDescending('TbRank')).slice(1, 3));
  });

  it('Syncfusion: conditions in more parentheses than are needed, behind a set with a slash', async () => {
    const accept = { Accept: 'application/json, text/javascript, */*; q=0.01' };
    const query =
      'TracebuzzResults/?$count=true&$top=1&$filter=((Status%20eq%201)%20or%20(Status%20eq%202))%20and%20Likes%20gt%203&$format=json';
    const kept = results.filter((row) => (row['Status'] === 1 || row['Status'] === 2) && likes(row) > 3);
    const page = await feed.json(query, accept);
    assert.deepEqual([page['@odata.count'], page['value']], [kept.length, kept.slice(0, 1)]);
  });

  it('Kendo: letters folded on the side of the property, and a text that another one is not part of', async () => {
    const count = async (filter: string): Promise<unknown> =>
      (await feed.json(`SparkcentralMessages?$skip=0&$top=10&$filter=${filter}&$count=true`))['@odata.count'];
    const there = messages.filter((row) => row['Medium'] === 'WhatsApp').length;
    assert.ok(there > 0);
    assert.equal(await count("(tolower(Medium) eq 'whatsapp' and Medium ne null)"), there);
    // As it writes what a person typed with a capital letter.
    assert.equal(await count("tolower(Medium) eq 'WhatsApp'"), 0);
    const others = messages.filter((row) => row['Medium'] !== null).length - there;
    assert.equal(await count("indexof(tolower(Medium),'whatsapp') eq -1"), others);
  });

  it('ag-grid-odata: a form-encoded query, a number as text', async () => {
    const query = 'TracebuzzResults?%24count=true&%24top=20&%24filter=Status+eq+%272%27';
    const kept = results.filter((row) => row['Status'] === 2);
    const page = await feed.json(query);
    assert.deepEqual([page['@odata.count'], page['value']], [kept.length, kept.slice(0, 20)]);
  });

  it('ag-grid-odata: groups whose sum has the name of what is summed up', async () => {
    const query =
      'TracebuzzResults?%24top=20&%24apply=groupby%28%28Status%29%2Caggregate%28%24count+as+childCount%2CLikes+with+sum+as+Likes%29%29';
    const found = (await rows(query)).map(({ Status, childCount, Likes }) => ({ Status, childCount, Likes }));
    const expected = [...new Set(column(results, 'Status'))].map((Status) => {
      const group = results.filter((row) => row['Status'] === Status);
      const known = group.map(likes).filter((each) => !Number.isNaN(each));
      const sum = known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
      return { Status, childCount: group.length, Likes: sum };
    });
    assert.deepEqual(found.toSorted(by('Status')), expected.toSorted(by('Status')));
  });

  it('ts-odata-client: a lambda with its own variable', async () => {
    const query = 'TracebuzzCases?$filter=Results%2Fany(p0%3A%20(p0%2FLikes%20gt%203%20and%20p0%2FStatus%20eq%202))';
    const owners = new Set(results.filter((row) => likes(row) > 3 && row['Status'] === 2).map((row) => row['CaseId']));
    assert.deepEqual(
      await rows(query),
      cases.filter((row) => owners.has(row['CaseId'])),
    );
  });

  it('ts-odatajs: a batch that begins with a line end', async () => {
    const part = (url: string) =>
      `\r\n--batch_0a2b-c3d9-9a58\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET ${url} HTTP/1.1\r\n` +
      'Accept: application/json;q=0.9, */*;q=0.1\r\nOData-MaxVersion: 4.0\r\n\r\n';
    const reply = await fetch(`${feed.root}$batch`, {
      method: 'POST',
      headers: {
        'Content-Type': 'multipart/mixed;boundary=batch_0a2b-c3d9-9a58',
        Accept: 'multipart/mixed',
        'OData-MaxVersion': '4.0',
      },
      body: `${part('TracebuzzResults?$top=1&$select=ResultId')}${part(`${feed.root}TracebuzzCases/$count`)}\r\n--batch_0a2b-c3d9-9a58--\r\n`,
    });
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200']);
    assert.ok(text.includes(`"ResultId":${results[0]?.['ResultId']}`), text);
    assert.ok(text.includes(`\r\n\r\n${cases.length}\r\n`), text);
  });
});
