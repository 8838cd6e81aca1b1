import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Authentication, authentication } from '../../../src/http/sign-in/authentication.ts';
import { type PostgresProxy, postgresProxy } from '../../support/postgres-proxy.ts';
import { until } from '../../support/until.ts';
import { knownKeys, knownPasswords } from '../signing-in.ts';
import { type CacheServer, inflated, startCacheServer, type WireReply } from './cache-server.ts';

/** Headers that say what a reply is, not when and how it was sent. */
function saying({ headers }: WireReply): Record<string, unknown> {
  const { date, 'x-request-id': id, 'server-timing': timing, 'content-length': length, ...rest } = headers;
  const { 'transfer-encoding': transfer, ...said } = rest;
  return said;
}

const gzip = { 'Accept-Encoding': 'gzip' };
const identity = { 'Accept-Encoding': 'identity' };

describe('http: compressed replies are shared', () => {
  let server: CacheServer;
  let proxy: PostgresProxy;
  before(async () => {
    server = await startCacheServer({
      proxy: async (connectionString) => {
        proxy = await postgresProxy(connectionString, { pooling: false });
        return proxy;
      },
    });
  });
  after(async () => {
    try {
      await server.close();
    } finally {
      await proxy.close();
    }
  });
  beforeEach(() => server.load('Cases', 'SELECT'));

  /** Runs work while no row of Cases can be read. */
  async function unreadable(work: () => Promise<void>): Promise<void> {
    const { client } = server.feed;
    await client.query('REVOKE SELECT ON feed."Cases" FROM gateway_reader');
    try {
      assert.notEqual((await server.wire('Cases?$top=1')).status, 200);
      server.feed.defects.length = 0;
      await work();
    } finally {
      await client.query('GRANT SELECT ON feed."Cases" TO gateway_reader');
    }
  }

  async function first(query: string, headers: Readonly<Record<string, string>> = {}): Promise<WireReply> {
    const reply = await server.wire(query, headers);
    assert.equal(reply.status, 200, reply.body.toString());
    assert.equal(server.fromCache(), false);
    await server.settled();
    return reply;
  }

  /** The same request again gets the kept reply, and as many rows are said in the log. */
  async function second(query: string, headers: Readonly<Record<string, string>> = {}): Promise<WireReply> {
    const rows = server.feed.log.findLast(({ status, method }) => status === 200 && method === 'GET')?.rows;
    const reply = await server.wire(query, headers);
    assert.equal(reply.status, 200, reply.body.toString());
    assert.equal(server.fromCache(), true);
    assert.equal(server.feed.log.at(-1)?.rows, rows);
    return reply;
  }

  for (const encoding of ['gzip', 'deflate']) {
    for (const query of [
      'Cases?$count=true',
      'Cases?$top=3900&$expand=Agent($select=Name)&$orderby=Title',
      '$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id&$expand=Cases,Agents',
      'Cases?$apply=groupby((Title,AgentId),aggregate($count as N))',
    ]) {
      it(`${encoding}: ${query} has the bytes and headers of the first reply, and reads no row`, async () => {
        const headers = { 'Accept-Encoding': encoding, Prefer: 'odata.maxpagesize=3950, omit-values=nulls' };
        const made = await first(query, headers);
        assert.match(inflated(made), /"@odata.context"/);
        const kept = await second(query, headers);
        assert.ok(kept.body.equals(made.body), 'byte for byte');
        assert.deepEqual(saying(kept), saying(made));
        assert.equal(kept.headers['content-encoding'], encoding);
        assert.equal(kept.headers['content-length'], String(made.body.length));
        assert.match(String(kept.headers['preference-applied']), /omit-values=nulls, odata.maxpagesize=3950/);
        for (const stage of ['parse', 'bind', 'compile', 'cache', 'first']) {
          assert.match(String(kept.headers['server-timing']), new RegExp(`${stage};dur=\\d`));
        }
        await unreadable(async () => {
          const again = await server.wire(query, headers);
          assert.equal(server.fromCache(), true);
          assert.ok(again.body.equals(made.body));
        });
      });
    }
  }

  for (const apply of ['aggregate($count as N)', 'groupby((AgentId),aggregate($count as N))']) {
    it(`$apply=${apply}, of a few bytes, is not worked out again before the next load`, async () => {
      const query = `Cases?$apply=${apply}`;
      const made = await first(query);
      assert.ok(made.body.length < 1024, 'small');
      await unreadable(async () => {
        const kept = await server.wire(query, gzip);
        assert.equal(server.fromCache(), true);
        assert.ok(kept.body.equals(made.body), 'byte for byte');
        assert.deepEqual(saying(kept), saying(made));
      });
      await server.load(
        'Cases',
        `INSERT INTO feed."Cases" ("Id", "AgentId") SELECT max("Id") + 1, 1 FROM feed."Cases"`,
      );
      const now = await server.wire(query);
      assert.equal(server.fromCache(), false);
      assert.notEqual(inflated(now), inflated(made));
    });
  }

  it('costs PostgreSQL the data versions alone, and a request that was never made costs one round trip still', async () => {
    // The end of a transaction is not waited for by who answers.
    const quiet = async (): Promise<void> => {
      await until('no transaction is open', async () => {
        const { rows } = await server.feed.client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
        );
        return rows.length === 0;
      });
      // What PostgreSQL says after it is on its way through the proxy.
      await delay(30);
    };
    const trips = async (query: string): Promise<number> => {
      await quiet();
      const before = proxy.roundTrips();
      await server.wire(query);
      await quiet();
      return proxy.roundTrips() - before;
    };
    const query = 'Cases?$select=Id,Title,Priority,AgentId,Open&$filter=Id ne 7';
    // The pool's first connection begins with its settings.
    await server.wire('Cases?$top=1');
    assert.equal(await trips(query), 1);
    await server.settled();
    assert.equal(await trips(query), 2, 'the versions, and the end');
    assert.equal(server.fromCache(), true);
    await server.load('Cases', 'SELECT');
    assert.equal(await trips(query), 2, 'the versions, and the rows with the end');
    assert.equal(server.fromCache(), false);
  });

  it('a load that committed is in the next reply, whichever of the sets it changed', async () => {
    for (const [set, query, statement, shows] of [
      ['Cases', 'Cases', `UPDATE feed."Cases" SET "Title" = 'changed here' WHERE "Id" = 3`, 'changed here'],
      ['Agents', 'Cases?$expand=Agent', `UPDATE feed."Agents" SET "Name" = 'Renamed' WHERE "Id" = 2`, 'Renamed'],
      [
        'Agents',
        'Cases?$filter=Agent/City eq null or Id eq 4',
        `UPDATE feed."Agents" SET "City" = 'Ghent' WHERE "Id" = 1`,
        '"Id":4,',
      ],
      [
        'Messages',
        'Cases?$filter=Messages/$count eq 0',
        `INSERT INTO feed."Messages" ("CaseId", "Number") VALUES (9, 1)`,
        '"Id":8,',
      ],
    ] as const) {
      const before = inflated(await first(query));
      assert.equal(inflated(await second(query)), before);
      await server.load(set, statement);
      const now = await server.wire(query);
      assert.equal(server.fromCache(), false, query);
      assert.ok(inflated(now).includes(shows), query);
      assert.notEqual(inflated(now), before, query);
      assert.equal(inflated(now), (await server.wire(query, { 'Accept-Encoding': 'identity' })).body.toString(), query);
      await server.settled();
      await second(query);
    }
  });

  it('a history that began anew with the same number is not answered from the old one', async () => {
    await first('Cases');
    await server.feed.client.query(
      `UPDATE gateway.set_versions SET epoch = gen_random_uuid() WHERE entity_set = 'Cases'`,
    );
    await server.wire('Cases');
    assert.equal(server.fromCache(), false);
  });

  it('Host, format, preferences and encoding have replies of their own', async () => {
    const variants: readonly Readonly<Record<string, string>>[] = [
      {},
      { Host: 'localhost' },
      { Host: 'localhost:8443' },
      { Accept: 'application/json;odata.metadata=full' },
      { Accept: 'application/json;odata.metadata=none' },
      { Accept: 'application/json;IEEE754Compatible=true' },
      { Prefer: 'omit-values=nulls' },
      { Prefer: 'odata.maxpagesize=3000' },
      { 'Accept-Encoding': 'deflate' },
    ];
    const query = 'Cases?$orderby=Title';
    const made: WireReply[] = [];
    for (const headers of variants) {
      made.push(await first(query, headers));
    }
    for (const [index, headers] of variants.entries()) {
      const kept = await server.wire(query, headers);
      assert.equal(server.fromCache(), true);
      assert.ok(made[index]?.body.equals(kept.body));
      const { Host: host = new URL(server.feed.root).host } = headers;
      const text = inflated(kept);
      for (const [url = ''] of text.matchAll(/http:[^"]*/g)) {
        assert.ok(url.startsWith(`http://${host}/odata/`), url);
      }
      if (headers['Accept']?.includes('none') !== true) {
        assert.ok(text.includes(`"http://${host}/odata/$metadata`));
      }
    }
    const next = new RegExp(`"@odata.nextLink":"${server.feed.root}Cases\\?`);
    assert.match(inflated(made[7] as WireReply), next);
  });

  it('304 and HEAD are as before', async () => {
    const query = 'Cases?$filter=Id gt 0';
    const { headers } = await first(query);
    const known = await server.wire(query, { 'If-None-Match': String(headers.etag) });
    assert.deepEqual([known.status, known.body.length, server.fromCache()], [304, 0, false]);
    const head = await server.wire(query, {}, 'HEAD');
    assert.deepEqual([head.status, head.body.length, server.fromCache()], [200, 0, false]);
    assert.equal(head.headers.etag, headers.etag);
    assert.equal(head.headers['content-length'], undefined);
  });

  it('files have no name, and nobody else may read them', async function () {
    await first('Cases');
    assert.deepEqual(readdirSync(server.folder), []);
    if (process.platform !== 'linux') {
      return this.skip();
    }
    assert.equal(statSync(server.folder).mode & 0o777, 0o700);
    const open = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(server.folder);
      } catch {
        return false;
      }
    });
    assert.equal(open.length, server.cache.size);
    for (const fd of open) {
      assert.equal(statSync(`/proc/self/fd/${fd}`).mode & 0o777, 0o600);
    }
  });
});

describe('http: replies that are not shared', () => {
  let server: CacheServer;
  before(async () => {
    server = await startCacheServer();
  });
  after(() => server.close());

  const batch = (encoding: string) =>
    server.feed.get('$metadata').then(() =>
      fetch(new URL('$batch', server.feed.root), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Accept-Encoding': encoding },
        body: JSON.stringify({ requests: [{ id: '1', method: 'get', url: 'Cases', headers: gzip }] }),
      }),
    );
  const requests: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['of a reply that is not compressed', () => server.wire('Cases', identity)],
    ['of HEAD', () => server.wire('Cases', {}, 'HEAD')],
    ['of a small reply', () => server.wire('Cases?$top=20')],
    ['of a few sums, not compressed', () => server.wire('Cases?$apply=aggregate($count as N)', identity)],
    [
      'of a few sums that depend on the clock',
      () => server.wire('Cases?$apply=filter(CreatedAt eq null or CreatedAt lt now())/aggregate($count as N)'),
    ],
    ['of one entity', () => server.wire('Cases(1)')],
    ['of what depends on the clock', () => server.wire('Cases?$filter=CreatedAt eq null or CreatedAt lt now()')],
    [
      'of what depends on the clock in other words',
      () => server.wire('Cases?$filter=CreatedAt eq null or CreatedAt lt %6Eo%57%28)'),
    ],
    ['of what gives a delta link', () => server.wire('Cases', { Prefer: 'odata.track-changes' })],
    ['within a batch', () => batch('gzip').then((reply) => reply.text())],
    [
      'of an asynchronous request',
      async () => {
        const accepted = await server.wire('Cases', { Prefer: 'respond-async' });
        for (let status = accepted.status; status === 202; await delay(10)) {
          status = (await server.wire(String(accepted.headers.location))).status;
        }
      },
    ],
    [
      'of POST /$query',
      () =>
        fetch(new URL('Cases/$query', server.feed.root), {
          method: 'POST',
          headers: { 'Content-Type': 'text/plain', ...gzip },
          body: '$orderby=Id',
        }).then((reply) => reply.text()),
    ],
    ['of an error', () => server.wire('Cases?$filter=1 div (Id sub 1) gt 0&$orderby=Title')],
  ];
  for (const [what, request] of requests) {
    it(what, async () => {
      for (let times = 0; times < 2; times++) {
        await request();
        assert.equal(server.fromCache(), false);
        await server.settled();
        assert.deepEqual([server.cache.size, server.cache.bytes], [0, 0]);
      }
    });
  }

  it('what depends on the clock has no ETag, however it is percent-encoded', async () => {
    for (const now of ['now()', '%6Eo%57%28)', 'N%4fw%28%29']) {
      const reply = await server.wire(`Cases?$filter=CreatedAt eq null or CreatedAt lt ${now}`);
      assert.deepEqual([reply.status, reply.headers.etag], [200, undefined], now);
    }
  });

  it('of a set that has no data version', async () => {
    const { rows } = await server.feed.client.query(
      `DELETE FROM gateway.set_versions WHERE entity_set = 'Cases' RETURNING *`,
    );
    try {
      for (let times = 0; times < 2; times++) {
        assert.equal((await server.wire('Cases')).headers.etag, undefined);
        assert.equal(server.fromCache(), false);
      }
      await server.settled();
      assert.equal(server.cache.size, 0);
    } finally {
      await server.feed.client.query(
        `INSERT INTO gateway.set_versions (entity_set, version) VALUES ('Cases', ${rows[0].version})`,
      );
    }
  });
});

describe('http: shared replies and who may read', () => {
  const guard: Authentication = authentication(
    { basic: knownPasswords({ secret: 'Ann' }), keys: knownKeys({ 'key-of-bob': 'Bob' }) },
    'api-key',
  );
  let server: CacheServer;
  before(async () => {
    server = await startCacheServer({ authentication: guard, settings: { pageSize: 3000 } });
  });
  after(() => server.close());

  it('two readers share a reply that knows neither of them, nor a key; without credentials it is 401', async () => {
    const basic = { Authorization: `Basic ${Buffer.from('Ann:secret').toString('base64')}` };
    const made = await server.wire('Cases?$orderby=Title', basic);
    await server.settled();
    const others: readonly [string, Record<string, string>][] = [
      ['Cases?$orderby=Title&api-key=key-of-bob', {}],
      ['Cases?Api-Key=key-of-bob&$orderby=Title', {}],
      ['Cases?$orderby=Title', { 'Api-Key': 'key-of-bob' }],
      ['Cases?$orderby=Title', { Authorization: 'Bearer key-of-bob' }],
    ];
    for (const [query, headers] of others) {
      const kept = await server.wire(query, headers);
      assert.equal(server.fromCache(), true, query);
      assert.equal(server.feed.log.at(-1)?.user, 'Bob');
      assert.ok(kept.body.equals(made.body));
    }
    const text = inflated(made);
    assert.match(text, /"@odata.nextLink":"[^"]*\$skiptoken=[^"]*"/);
    assert.ok(!/api-key|key-of-bob|Ann|Bob/i.test(text));
    for (const headers of [{}, { Authorization: 'Bearer other' }, { 'Api-Key': 'secret' }]) {
      const refused = await server.wire('Cases?$orderby=Title', headers as Record<string, string>);
      assert.deepEqual([refused.status, server.fromCache()], [401, false]);
    }
  });

  it('a key in the query of the first reader stays out of what others get', async () => {
    const made = await server.wire('Cases?api-key=key-of-bob&$orderby=Id');
    await server.settled();
    const kept = await server.wire('Cases?$orderby=Id', { 'Api-Key': 'key-of-bob' });
    assert.equal(server.fromCache(), true);
    assert.ok(kept.body.equals(made.body));
    assert.ok(!inflated(kept).includes('key-of-bob'));
  });
});
