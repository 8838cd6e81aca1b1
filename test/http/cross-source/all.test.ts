import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { fieldOf, readCsv } from '../csv/read-csv.ts';
import { type JoinedGateway, joinedGateway, judge } from './joined-gateway.ts';

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly '@odata.nextLink'?: string;
  readonly '@odata.count'?: number;
  readonly value: readonly Row[];
}

describe('$all with proxied sets', () => {
  let sandbox: Sandbox;
  let front: Server;
  let gateway: JoinedGateway;
  /** By set, in the order of `$all`: stored sets by name, then proxied ones. */
  const served = new Map<string, readonly Row[]>();
  let proxied: readonly string[];
  /** What the front does to requests for rows: answers, cuts the body in the middle, or fails. */
  let mood: 'well' | 'cut' | 'down' | 'silent' = 'well';
  /** Requests for rows that the front has, in its silent mood. */
  let held = 0;
  /** In the mood to cut it waits until the gateway has begun to answer. */
  let begins = (): void => undefined;
  let answersBegan = Promise.resolve();
  const cuts = (): void => {
    mood = 'cut';
    answersBegan = new Promise<void>((resolve) => {
      begins = resolve;
    });
  };

  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 60, seed: 1 });
    front = createServer(async (request, response) => {
      const url = request.url ?? '';
      const described = url.includes('$metadata');
      const reply = await fetch(new URL(`.${url}`, sandbox.url));
      const body = await reply.text();
      if (mood === 'silent' && !described) {
        held += 1;
        return undefined;
      }
      if (mood === 'down' && !described) {
        return response.writeHead(503).end();
      }
      response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
      if (mood !== 'cut' || described) {
        // The documents name a set that this feed does not have.
        return response.end(described ? body.replace(/<EntitySet Name="Calls".*?<\/EntitySet>/s, '') : body);
      }
      // More than the gateway keeps before it begins to answer.
      const { value } = JSON.parse(body) as Page;
      answersBegan.then(() => response.destroy());
      return response.write(
        `{"value":[${Array.from({ length: 300 }, () => value)
          .flat()
          .map((row) => JSON.stringify(row))
          .join(',')},`,
      );
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    gateway = await joinedGateway({ environment: { BUZZEASY_URL: `http://127.0.0.1:${port}/` }, timeoutSeconds: 120 });
    await judge(
      gateway.database,
      Array.from({ length: 25 }, (_, at) => [at + 1, null, null, at] as const),
    );
    const { sets } = gateway.proxied.catalogue();
    const names = [...sets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    proxied = names.filter((set) => set.kind === 'upstream' && set.upstreamName !== null).map(({ name }) => name);
    for (const name of [...names.filter(({ kind }) => kind === 'stored').map((set) => set.name), ...proxied]) {
      served.set(
        name,
        (await pages(name)).flatMap((page) => page.value),
      );
    }
  });
  after(async () => {
    await gateway?.close();
    front?.close();
    front?.closeAllConnections();
    await sandbox?.close();
  });
  afterEach(() => {
    mood = 'well';
  });

  async function pages(url: string, size?: number): Promise<readonly Page[]> {
    const found: Page[] = [];
    for (let next: string | undefined = url; next !== undefined; ) {
      const reply = await gateway.get(next, size === undefined ? {} : { Prefer: `maxpagesize=${size}` });
      const text = await reply.text();
      assert.equal(reply.status, 200, `${next}: ${text}`);
      const page = JSON.parse(text) as Page;
      found.push(page);
      next = page['@odata.nextLink'];
    }
    return found;
  }

  /** Rows without what `$all` adds, beside the set that they name. */
  const told = (found: readonly Page[]): readonly (readonly [string, Row])[] =>
    found.flatMap(({ value }) =>
      value.map(({ '@odata.context': context, '@odata.type': type, '@odata.id': id, ...row }) => {
        const set = /#(\w+)\/\$entity$/.exec(String(context))?.[1] ?? '';
        assert.ok(String(id).startsWith(`${set}(`) && !String(id).includes(':'), String(id));
        assert.match(String(type), /^#Gateway\.\w+$/);
        return [set, row] as const;
      }),
    );
  const everything = (): readonly (readonly [string, Row])[] =>
    [...served].flatMap(([set, rows]) => rows.map((row) => [set, row] as const));

  it('gives the rows of every set, stored ones first, proxied ones page by page', async () => {
    assert.ok(proxied.length > 5 && !proxied.includes('BuzzeasyCalls'));
    assert.equal(served.get('TracebuzzJudgements')?.length, 25);
    const found = await pages('$all');
    assert.deepEqual(told(found), everything());
    // Stored rows and proxied ones never share a page: what a feed does cannot cut off rows of others.
    for (const page of found) {
      const sets = new Set(told([page]).map(([set]) => set));
      const far = [...sets].filter((set) => proxied.includes(set));
      assert.ok(far.length === 0 || sets.size === 1, [...sets].join());
    }
  });

  it('loses no row with pages of few rows', async () => {
    assert.deepEqual(told(await pages('$all', 17)), everything());
  });

  it('the id of a proxied row leads to it', async () => {
    for (const name of [proxied[0], proxied.at(-1)]) {
      const row = (await pages('$all'))
        .flatMap(({ value }) => value)
        .find((one) => String(one['@odata.context']).endsWith(`#${name}/$entity`));
      const { '@odata.context': _, ...entity } = await gateway.json(String(row?.['@odata.id']));
      assert.deepEqual({ ...row, ...entity }, row);
    }
  });

  it('$count, /$count, $top and $skip reach into the proxied sets', async () => {
    const all = everything();
    const stored = all.filter(([set]) => !proxied.includes(set)).length;
    assert.equal(await (await gateway.get('$all/$count')).text(), String(all.length));
    for (const [skip, top] of [
      [stored - 2, 5],
      [stored + 61, 70],
      [all.length - 1, 4],
    ] as const) {
      const found = await pages(`$all?$skip=${skip}&$top=${top}&$count=true`);
      assert.equal(found[0]?.['@odata.count'], all.length);
      assert.deepEqual(told(found), all.slice(skip, skip + top), `${skip} ${top}`);
    }
  });

  it('references', async () => {
    const found = (await pages('$all/$ref')).flatMap(({ value }) => value);
    assert.equal(found.length, everything().length);
    assert.deepEqual(Object.keys(found.at(-1) ?? {}), ['@odata.id']);
    assert.ok(String(found.at(-1)?.['@odata.id']).startsWith(`${gateway.root}${proxied.at(-1)}(`));
  });

  it('as CSV all of them are one reply: each row says what it is, and has its values under their names', async () => {
    const stored = everything().filter(([set]) => !proxied.includes(set)).length;
    const query = `$all?$skip=${stored - 5}&$top=${5 + 60 + 20}`;
    const reply = await gateway.get(query, { Accept: 'text/csv' });
    const [header = [], ...records] = readCsv(await reply.text());
    const expected = (await pages(query)).flatMap(({ value }) => value);
    assert.deepEqual([records.length, expected.length], [85, 85]);
    assert.ok(header.length > 100);
    assert.deepEqual(
      records.map((record) => header.flatMap((name, at) => (record[at] === null ? [] : [[name, record[at]]]))),
      expected.map((row) =>
        header.flatMap((name) => (fieldOf(row[name ?? '']) === null ? [] : [[name, fieldOf(row[name ?? ''])]])),
      ),
    );
  });

  it('as CSV a proxied set is all its pages, and what is worked out here too', async () => {
    const [set = ''] = proxied;
    const rows = served.get(set) ?? [];
    const [first = ''] = Object.keys(rows[0] ?? {});
    const paths: readonly [path: string, expected: readonly unknown[]][] = [
      [set, rows],
      [`${set}?$top=7&$skip=2&$select=${first}`, rows.slice(2, 9)],
      [
        `${set}?$apply=groupby((${first}))&$orderby=${first}`,
        (await pages(`${set}?$apply=groupby((${first}))&$orderby=${first}`)).flatMap(({ value }) => value),
      ],
    ];
    for (const [path, expected] of paths) {
      const [header = [], ...records] = readCsv(await (await gateway.get(path, { Accept: 'text/csv' })).text());
      assert.deepEqual(
        records,
        expected.map((row) => header.map((name) => fieldOf((row as Row)[name ?? '']))),
        path,
      );
    }
  });

  it('as CSV a feed that breaks off, or is down behind rows of others, breaks the transfer', async () => {
    const faults = async (path: string): Promise<void> => {
      gateway.broken.length = 0;
      const reply = await gateway.get(path, { Accept: 'text/csv' });
      assert.equal(reply.status, 200);
      begins();
      await assert.rejects(reply.text());
      assert.deepEqual(gateway.broken, ['UpstreamUnavailable']);
    };
    cuts();
    await faults(proxied[0] ?? '');
  });

  it('a feed that is down is an error where its rows begin; the pages before it are whole', async () => {
    mood = 'down';
    const first = (await (await gateway.get('$all')).json()) as Page;
    assert.ok(first.value.length > 0);
    const reply = await gateway.get(first['@odata.nextLink'] ?? '');
    const { error } = (await reply.json()) as { error: { code: string } };
    assert.deepEqual([reply.status, error.code], [503, 'UpstreamUnavailable']);
    for (const url of ['$all/$count', '$all?$count=true']) {
      assert.equal((await gateway.get(url)).status, 503, url);
    }
    // It goes on where it stopped.
    mood = 'well';
    gateway.clock.at += 300_000;
    const rest = await pages(first['@odata.nextLink'] ?? '');
    assert.deepEqual(told([first, ...rest]), everything());
  });

  it('a feed that breaks off breaks the transfer, never a whole body with rows missing', async () => {
    const first = (await (await gateway.get('$all')).json()) as Page;
    cuts();
    gateway.broken.length = 0;
    const reply = await gateway.get(first['@odata.nextLink'] ?? '');
    assert.equal(reply.status, 200);
    begins();
    await assert.rejects(reply.text());
    assert.deepEqual(gateway.broken, ['UpstreamUnavailable']);
  });

  it('16 readers of a feed that is silent hold no connection to PostgreSQL, and stored sets answer as ever', async () => {
    mood = 'silent';
    let ended = 0;
    const reads = Array.from({ length: 16 }, async () => {
      const reply = await gateway.get('BuzzeasyChats');
      await reply.text();
      ended += 1;
      return reply.status;
    });
    await until('as many as may are asked', () => held === 8);
    assert.deepEqual([gateway.database.occupancy().largeReads, held], [{ working: 0, waiting: 0 }, 8]);
    for (const { connections, idle, waiting } of Object.values(gateway.database.occupancy().pools)) {
      assert.deepEqual([connections - idle, waiting], [0, 0]);
    }
    assert.equal((await gateway.json('TracebuzzJudgements?$top=5')).value.length, 5);
    assert.equal(ended, 0, 'nobody waited for them');
    front.closeAllConnections();
    mood = 'well';
    assert.deepEqual(new Set(await Promise.all(reads)), new Set([200]));
  });
});
