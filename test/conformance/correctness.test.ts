import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { by, byDescending, column, type LoadedFeed, loadedFeed, type Row } from './loaded-feed.ts';

/** Rules outside section 13 that decide whether a row is right, and the forms of OData JSON. */
describe('Conformance: rows and forms', () => {
  let feed: LoadedFeed;
  before(async () => {
    feed = await loadedFeed();
  });

  it('the rows served are the rows that PostgreSQL holds', async () => {
    for (const set of ['TracebuzzResults', 'TracebuzzCases', 'TracebuzzActivities', 'SparkcentralMessages']) {
      const { rows } = await feed.database.query(`SELECT * FROM feed."${set}" ORDER BY _row`);
      const served = await feed.all(set);
      const [key] = feed.catalogue.model.entitySets.get(set)?.entityType.key ?? [];
      assert.deepEqual(
        column(served, String(key)).map(String),
        rows.map((row) => String(row[String(key)])),
        set,
      );
      for (const [index, row] of served.entries()) {
        for (const [name, value] of Object.entries(row)) {
          if (name in (rows[index] ?? {})) {
            assert.equal(value === null, rows[index]?.[name] === null, `${set} ${index} ${name}`);
          }
        }
      }
    }
  });

  it('nulls come first ascending and last descending', async () => {
    const rows = await feed.all('TracebuzzResults');
    for (const name of ['Status', 'Content', 'PublishedAt', 'IsOwn']) {
      assert.deepEqual(await feed.rows(`TracebuzzResults?$orderby=${name}`), rows.toSorted(by(name)), name);
      assert.deepEqual(
        await feed.rows(`TracebuzzResults?$orderby=${name} desc`),
        rows.toSorted(byDescending(name)),
        name,
      );
    }
  });

  it('text is compared by code point, emoji and accents included', async () => {
    const rows = (await feed.all('TracebuzzNotes')).filter((row) => row['Note'] !== null);
    assert.deepEqual(await feed.rows('TracebuzzNotes?$filter=Note ne null&$orderby=Note'), rows.toSorted(by('Note')));
    const above = rows.filter((row) => Buffer.compare(Buffer.from(String(row['Note'])), Buffer.from('a')) > 0);
    assert.deepEqual(await feed.rows("TracebuzzNotes?$filter=Note gt 'a'"), above);
    assert.ok(above.length > 0 && above.length < rows.length);
  });

  it('null operands: gt is false, so not gt is true; null eq null is true', async () => {
    const rows = await feed.all('TracebuzzResults');
    const total = async (filter: string) => (await feed.rows(`TracebuzzResults?$filter=${filter}`)).length;
    const nulls = rows.filter((row) => row['Sentiment'] === null).length;
    const above = rows.filter((row) => row['Sentiment'] !== null && Number(row['Sentiment']) > 0).length;
    assert.equal(await total('Sentiment gt 0'), above);
    assert.equal(await total('not (Sentiment gt 0)'), rows.length - above);
    assert.equal(await total('Sentiment gt null'), 0);
    assert.equal(await total('Sentiment eq null'), nulls);
    assert.equal(await total('null eq null'), rows.length);
    assert.equal(await total('Sentiment ne null and not (Sentiment gt 0)'), rows.length - above - nulls);
  });

  it('a percent sign, an underscore, a backslash and a quote in text are themselves', async () => {
    const rows = await feed.all('TracebuzzResults');
    for (const sign of ['%', '_', '\\', "'", '"', '+', '&', '#', ';', '🙏']) {
      assert.deepEqual(
        await feed.rows(
          `TracebuzzResults?$filter=contains(Content,'${encodeURIComponent(sign === "'" ? "''" : sign)}')`,
        ),
        rows.filter((row) => String(row['Content'] ?? '').includes(sign)),
        sign,
      );
    }
  });

  it('a page that lies on a long text goes on behind a link that fits into a URL', async () => {
    const notes = (await feed.all('TracebuzzNotes')).length;
    const long = '€'.repeat(30_000);
    const insert = `INSERT INTO feed."TracebuzzNotes" ("NoteKey", "Note", "_load_id", "_loaded_at")
      SELECT 'long' || n, $1 || n, 1, now() FROM generate_series(1, 6) AS n`;
    await feed.database.query(insert, [long]);
    try {
      const found: unknown[] = [];
      for (let next: string | undefined = 'TracebuzzNotes?$orderby=Note desc&$select=NoteKey'; next !== undefined; ) {
        assert.ok(next.length < 4096, `${next.length} characters`);
        const body = await feed.json(next, { Prefer: 'maxpagesize=2' });
        found.push(...column(body['value'] as readonly Row[], 'NoteKey'));
        next = body['@odata.nextLink'] as string | undefined;
      }
      assert.deepEqual([found.length, new Set(found).size], [notes + 6, notes + 6]);
      const grouped: unknown[] = [];
      const groups = "TracebuzzNotes?$apply=filter(startswith(NoteKey,'long'))/groupby((Note))";
      for (let next: string | undefined = groups; next !== undefined; ) {
        assert.ok(next.length < 4096, `${next.length} characters`);
        const body = await feed.json(next, { Prefer: 'maxpagesize=2' });
        grouped.push(...column(body['value'] as readonly Row[], 'Note'));
        next = body['@odata.nextLink'] as string | undefined;
      }
      assert.deepEqual(
        grouped.sort(),
        [1, 2, 3, 4, 5, 6].map((index) => long + index),
      );
    } finally {
      await feed.database.query(`DELETE FROM feed."TracebuzzNotes" WHERE "NoteKey" LIKE 'long%'`);
    }
  });

  it('metadata=none, minimal and full: the same values with none, some and all control information', async () => {
    const ask = async (level: string): Promise<Row> =>
      feed.json(`TracebuzzCases?$top=2&$expand=Person&$format=application/json;metadata=${level}`);
    const [none, minimal, full] = [await ask('none'), await ask('minimal'), await ask('full')];
    const bare = (value: unknown): unknown => {
      if (Array.isArray(value)) {
        return value.map(bare);
      }
      if (typeof value !== 'object' || value === null) {
        return value;
      }
      return Object.fromEntries(
        Object.entries(value).flatMap(([name, one]) => (name.includes('@') ? [] : [[name, bare(one)]])),
      );
    };
    assert.ok(!JSON.stringify(none).includes('@odata'));
    assert.deepEqual(bare(minimal), none);
    assert.deepEqual(bare(full), none);
    const [row] = full['value'] as readonly Row[];
    assert.equal(row?.['@odata.type'], '#Gateway.TracebuzzCase');
    assert.equal(row?.['@odata.id'], `${feed.root}TracebuzzCases(${row?.['CaseId']})`);
    assert.equal(row?.['CaseId@odata.type'], '#Int64');
  });

  it('IEEE754Compatible=true writes Int64 and Decimal as text, and nothing else', async () => {
    const accept = { Accept: 'application/json;IEEE754Compatible=true' };
    const reply = await feed.get('TracebuzzResults?$top=1&$count=true', accept);
    assert.match(reply.headers.get('content-type') ?? '', /IEEE754Compatible=true/);
    const body = (await reply.json()) as Row;
    const [row] = body['value'] as readonly Row[];
    const [plain] = await feed.all('TracebuzzResults');
    const { properties } = feed.catalogue.model.entityTypes.get('TracebuzzResult') ?? { properties: new Map() };
    for (const [name, value] of Object.entries(plain ?? {})) {
      const wide = ['Edm.Int64', 'Edm.Decimal'].includes(properties.get(name)?.type ?? '');
      assert.deepEqual(row?.[name], wide && value !== null ? String(value) : value, name);
    }
    assert.equal(body['@odata.count'], String((await feed.all('TracebuzzResults')).length));
  });

  it('omit-values=nulls leaves nulls out and says so', async () => {
    const reply = await feed.get('TracebuzzCases', { Prefer: 'omit-values=nulls' });
    assert.equal(reply.headers.get('preference-applied'), 'omit-values=nulls');
    const expected = (await feed.all('TracebuzzCases')).map((row) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)),
    );
    assert.deepEqual(((await reply.json()) as Row)['value'], expected);
  });

  it('errors are OData JSON with a code, a message, and the option as target', async () => {
    const reply = await feed.get('TracebuzzCases?$filter=Nothing eq 1');
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    const { error } = (await reply.json()) as { error: Row };
    assert.deepEqual([error['code'], error['target']], ['UnknownProperty', '$filter']);
    assert.match(String(error['message']), /Nothing/);
  });
});
