import assert from 'node:assert/strict';
import http from 'node:http';
import { until } from '../support/until.ts';
import { powerQueryHeaders } from './power-query.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City") VALUES (1, 'Ann', NULL, 'Utrecht'), (2, 'Bé "b"', 1, NULL);
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Raw", "AgentId") VALUES (1, 'First', 3, '\\x00ff01', 1), (2, E'Two\\n"q" é', 1, NULL, NULL);
  INSERT INTO feed."Cases" ("Id", "Title", "Priority") SELECT g, 'Title ' || g, g % 7 FROM generate_series(3, 30000) AS g;`;

interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly replyHeaders: Readonly<Record<string, string>>;
  readonly body: string;
}

function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    assert.ok(!(name in headers), `${name} stands twice`);
    headers[name] = line.slice(colon + 2);
  }
  return headers;
}

/** Reads a multipart reply as strictly as RFC 2046 writes it. */
function partsOf(contentType: string | null, text: string): Part[] {
  const boundary = /^multipart\/mixed;boundary=(\S+)$/.exec(contentType ?? '')?.[1];
  assert.ok(boundary, `${contentType}`);
  const pieces = text.split(`--${boundary}`);
  assert.equal(pieces[0], '');
  assert.equal(pieces.pop(), '--\r\n', 'the closing line');
  return pieces.slice(1).map((piece) => {
    assert.ok(piece.startsWith('\r\n') && piece.endsWith('\r\n'));
    const [head = '', message = '', ...rest] = piece.slice(2, -2).split('\r\n\r\n');
    const [line = '', ...lines] = message.split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3}) \S/.exec(line)?.[1];
    assert.ok(status, line);
    const body = rest.join('\r\n\r\n');
    return { headers: headersOf(head), status: Number(status), replyHeaders: headersOf(lines.join('\r\n')), body };
  });
}

describe('http: $batch', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());
  afterEach(() => assert.deepEqual(feed.defects, []));

  const post = (body: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${feed.root}$batch`, { method: 'POST', body, headers });

  const multipart = 'multipart/mixed; boundary=batch_36522ad7';

  function batchOf(...requests: readonly string[]): string {
    const parts = requests.map(
      (request) =>
        `--batch_36522ad7\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n${request}\r\n\r\n\r\n`,
    );
    return `${parts.join('')}--batch_36522ad7--\r\n`;
  }

  async function parts(body: string, headers: Record<string, string> = {}): Promise<Part[]> {
    const reply = await post(body, { 'Content-Type': multipart, ...headers });
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    assert.equal(reply.headers.get('odata-version'), '4.0');
    return partsOf(reply.headers.get('content-type'), text);
  }

  interface Answer {
    readonly id?: string;
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body?: unknown;
    readonly atomicityGroup?: string;
  }

  async function json(requests: readonly unknown[], headers: Record<string, string> = {}): Promise<Answer[]> {
    const reply = await post(JSON.stringify({ requests }), { 'Content-Type': 'application/json', ...headers });
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    return (JSON.parse(text) as { responses: Answer[] }).responses;
  }

  function bodyOf<T>(answer: Answer | undefined): T {
    assert.ok(answer?.body !== undefined);
    return answer.body as T;
  }

  const codeOf = (answer: Answer | undefined): string => bodyOf<{ error: { code: string } }>(answer).error.code;

  describe('multipart', () => {
    it('the request of Power BI for a URL that is too long for a request line', async () => {
      const title = 'x'.repeat(9000);
      const url = `${feed.root}Cases?$filter=Id%20le%202%20and%20Title%20ne%20%27${title}%27&$select=Id,Title&$orderby=Id`;
      const inner = `GET ${url} HTTP/1.1\r\nAccept: ${powerQueryHeaders['Accept']}\r\nOData-MaxVersion: 4.0\r\nMaxDataServiceVersion: 3.0`;
      const [part, ...more] = await parts(batchOf(inner), powerQueryHeaders);
      assert.deepEqual(more, []);
      assert.deepEqual(part?.headers, { 'content-type': 'application/http', 'content-transfer-encoding': 'binary' });
      assert.equal(part?.status, 200);
      assert.equal(part?.replyHeaders['odata-version'], '4.0');
      assert.match(part?.replyHeaders['content-type'] ?? '', /^application\/json;odata\.metadata=minimal/);
      assert.deepEqual(JSON.parse(part?.body ?? ''), {
        '@odata.context': `${feed.root}$metadata#Cases(Id,Title)`,
        value: [
          { Id: 1, Title: 'First' },
          { Id: 2, Title: 'Two\n"q" é' },
        ],
      });
    });

    it('takes all forms of URLs, missing versions, preamble, epilogue and bare line feeds', async () => {
      const body = batchOf(
        `GET ${feed.root}Cases(1)?$select=Id HTTP/1.1`,
        'GET /odata/Cases(1)?$select=Id HTTP/1.1\r\nHost: elsewhere',
        'GET Cases(1)?$select=Id',
        'GET Cases/$count HTTP/1.1',
        'GET $metadata HTTP/1.1',
        'GET  HTTP/1.1',
      ).replace('GET  HTTP/1.1', 'GET /odata/ HTTP/1.1');
      for (const text of [body, body.replaceAll('\r\n', '\n'), `preamble\r\n${body}epilogue\r\n--batch_36522ad7`]) {
        const found = await parts(text);
        assert.deepEqual(
          found.map(({ status }) => status),
          [200, 200, 200, 200, 200, 200],
        );
        for (const { body } of found.slice(0, 3)) {
          assert.equal((JSON.parse(body) as { Id: number }).Id, 1);
        }
        assert.equal(found[3]?.body, '30000');
        assert.match(found[4]?.body ?? '', /^<\?xml/);
      }
    });

    it('tells Content-ID back, and takes $id as the URL of the request before', async () => {
      const body = batchOf('GET Cases(1)/Agent HTTP/1.1', 'GET $a.1/Name/$value HTTP/1.1');
      const [first, second] = await parts(body.replace('binary\r\n', 'binary\r\nContent-ID: a.1\r\n'));
      assert.equal(first?.headers['content-id'], 'a.1');
      assert.equal(second?.headers['content-id'], undefined);
      assert.equal(second?.body, 'Ann');
    });

    it('stops after the first error, unless continue-on-error', async () => {
      const body = batchOf('GET Agents(1) HTTP/1.1', 'GET Agents(77) HTTP/1.1', 'GET Agents(2) HTTP/1.1');
      const statuses = async (prefer?: string): Promise<number[]> =>
        (await parts(body, prefer === undefined ? {} : { Prefer: prefer })).map(({ status }) => status);
      assert.deepEqual(await statuses(), [200, 404]);
      assert.deepEqual(await statuses('odata.continue-on-error=false'), [200, 404]);
      assert.deepEqual(await statuses('odata.continue-on-error'), [200, 404, 200]);
      assert.deepEqual(await statuses('continue-on-error=true'), [200, 404, 200]);
      const reply = await post(body, { 'Content-Type': multipart, Prefer: 'continue-on-error' });
      assert.equal(reply.headers.get('preference-applied'), 'odata.continue-on-error=true');
    });

    it('a change set gets one response that refuses it', async () => {
      const set =
        '--batch_36522ad7\r\nContent-Type: multipart/mixed; boundary=cs\r\n\r\n--cs\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST Cases HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"Id":9}\r\n--cs\r\nContent-Type: application/http\r\nContent-ID: 2\r\n\r\nDELETE Cases(1) HTTP/1.1\r\n\r\n\r\n--cs--\r\n';
      const found = await parts(`${set}${batchOf('GET Cases(1) HTTP/1.1')}`, { Prefer: 'continue-on-error' });
      assert.deepEqual(
        found.map(({ status }) => status),
        [501, 200],
      );
      assert.equal((JSON.parse(found[0]?.body ?? '') as { error: { code: string } }).error.code, 'NotImplemented');
    });

    it('a write, a nested batch, a line that is none, another host: each is refused in its place', async () => {
      const found = await parts(
        batchOf(
          'DELETE Cases(1) HTTP/1.1',
          'PATCH Cases(1) HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"Title":"x"}',
          'POST $batch HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"requests":[]}',
          'nothing',
          'GET http://other.example/odata/Cases HTTP/1.1',
          'GET Nope HTTP/1.1',
          'GET $9/Agent HTTP/1.1',
        ),
        { Prefer: 'continue-on-error' },
      );
      assert.deepEqual(
        found.map(({ status }) => status),
        [405, 405, 400, 400, 400, 404, 400],
      );
      assert.equal(found[0]?.replyHeaders['allow'], 'GET, HEAD, OPTIONS');
      for (const { replyHeaders } of found) {
        assert.equal(replyHeaders['odata-version'], '4.0');
      }
      assert.equal((await feed.get('Cases(1)')).status, 200);
    });

    it('HEAD has no body, POST /$query has its options in the body', async () => {
      const [head, query] = await parts(
        batchOf(
          'HEAD Cases(1) HTTP/1.1',
          'POST Cases/$query HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n$select=Id&$filter=Id%20eq%202',
        ),
      );
      assert.equal(head?.body, '');
      assert.deepEqual((JSON.parse(query?.body ?? '') as { value: unknown }).value, [{ Id: 2 }]);
    });

    it('large replies stream; the reply is compressed as a whole', async () => {
      const body = batchOf('GET Cases HTTP/1.1\r\nAccept-Encoding: gzip', 'GET Cases?$skip=20000 HTTP/1.1');
      const found = await parts(body, { 'Accept-Encoding': 'gzip' });
      const counts = found.map(({ body: text }) => (JSON.parse(text) as { value: unknown[] }).value.length);
      assert.deepEqual(counts, [20_000, 10_000]);
      const { 'content-encoding': encoded } = found[0]?.replyHeaders ?? {};
      assert.equal(encoded, undefined);
      const plain = await post(body, { 'Content-Type': multipart, 'Accept-Encoding': 'identity' });
      assert.equal(plain.headers.get('content-length'), null);
      assert.equal(partsOf(plain.headers.get('content-type'), await plain.text()).length, 2);
    });

    it('a reply that fails midway breaks the whole transfer', async () => {
      const inner = 'GET Cases?$compute=1%20div%20(20000%20sub%20Id)%20as%20X&$select=Id,Title,X HTTP/1.1';
      const before = feed.broken.length;
      await assert.rejects(post(batchOf('GET Agents', inner), { 'Content-Type': multipart }).then((r) => r.text()));
      assert.deepEqual(feed.broken.slice(before), ['ComputationFailed', 'BrokenReply']);
    });

    it('a client that hangs up ends what runs', async () => {
      await feed.client.query('BEGIN; LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      const before = feed.log.length;
      try {
        const request = http.request(`${feed.root}$batch`, { method: 'POST', headers: { 'Content-Type': multipart } });
        request.on('error', () => {});
        request.end(batchOf('GET Cases HTTP/1.1'));
        await until('it runs', async () => (await running()) === 1);
        request.destroy();
        await until('it was cancelled', async () => (await running()) === 0);
      } finally {
        await feed.client.query('ROLLBACK');
      }
      await until('both are in the log', () => feed.log.length >= before + 2);
      assert.deepEqual(
        feed.log.slice(before).map(({ status }) => status),
        [499, 499],
      );
    });

    it('refuses what is no batch: GET, other types, no boundary, no closing line, too many requests', async () => {
      const refusals: [Promise<Response>, number, string][] = [
        [feed.get('$batch'), 405, 'MethodNotAllowed'],
        [post('', { 'Content-Type': 'text/plain' }), 415, 'UnsupportedMediaType'],
        [post('', { 'Content-Type': 'multipart/mixed' }), 400, 'BadRequest'],
        [post('--batch_36522ad7\r\n', { 'Content-Type': multipart }), 400, 'BadRequest'],
        [post(batchOf(...Array(101).fill('GET Cases(1)')), { 'Content-Type': multipart }), 400, 'LimitExceeded'],
        [post('x'.repeat(1024 * 1024 + 1), { 'Content-Type': multipart }), 400, 'LimitExceeded'],
        [post('{', { 'Content-Type': 'application/json' }), 400, 'BadRequest'],
        [post('{"requests":[{"id":1}]}', { 'Content-Type': 'application/json' }), 400, 'BadRequest'],
      ];
      for (const [pending, status, code] of refusals) {
        const reply = await pending;
        const { error } = (await reply.json()) as { error: { code: string } };
        assert.deepEqual([reply.status, error.code], [status, code]);
      }
      assert.equal((await feed.get('$batch')).headers.get('allow'), 'POST, OPTIONS');
    });
  });

  describe('JSON', () => {
    it('runs the requests and embeds JSON as JSON, text as strings, other bytes as base64url', async () => {
      const answers = await json([
        { id: '0', method: 'get', url: 'Cases(2)?$select=Id,Title' },
        { id: '1', method: 'GET', url: '/odata/Cases(2)/Title/$value' },
        { id: '2', method: 'get', url: `${feed.root}Cases(1)/Raw/$value` },
        { id: '3', method: 'get', url: 'Cases(2)/Agent' },
        { id: '4', method: 'get', url: '$metadata' },
        { id: '5', method: 'post', url: 'Cases/$query', headers: { 'Content-Type': 'text/plain' }, body: '$top=1' },
      ]);
      assert.deepEqual(
        answers.map(({ id, status }) => [id, status]),
        [
          ['0', 200],
          ['1', 200],
          ['2', 200],
          ['3', 204],
          ['4', 200],
          ['5', 200],
        ],
      );
      const title = 'Two\n"q" é';
      assert.deepEqual(answers[0]?.body, {
        '@odata.context': `${feed.root}$metadata#Cases(Id,Title)/$entity`,
        Id: 2,
        Title: title,
      });
      assert.equal(answers[1]?.body, title);
      assert.deepEqual(Buffer.from(answers[2]?.body as string, 'base64url'), Buffer.from([0, 255, 1]));
      assert.ok(answers[3] !== undefined && !('body' in answers[3]));
      assert.match(Buffer.from(answers[4]?.body as string, 'base64url').toString(), /^<\?xml[\s\S]*<\/edmx:Edmx>\s*$/);
      assert.equal(bodyOf<{ value: unknown[] }>(answers[5]).value.length, 1);
      for (const { headers } of answers) {
        assert.equal(headers['odata-version'], '4.0');
        for (const name of Object.keys(headers)) {
          assert.equal(name, name.toLowerCase());
        }
      }
    });

    it('long texts and bytes keep every character', async () => {
      await feed.client.query(
        `INSERT INTO feed."Cases" ("Id", "Title", "Raw") VALUES (90001, repeat('aé€😀"', 60000), decode(repeat('00ff01', 100000), 'hex'))`,
      );
      try {
        const [text, bytes] = await json([
          { id: '0', method: 'get', url: 'Cases(90001)/Title/$value' },
          { id: '1', method: 'get', url: 'Cases(90001)/Raw/$value' },
        ]);
        assert.equal(text?.body, 'aé€😀"'.repeat(60_000));
        assert.equal(Buffer.from(bytes?.body as string, 'base64url').toString('hex'), '00ff01'.repeat(100_000));
      } finally {
        await feed.client.query('DELETE FROM feed."Cases" WHERE "Id" = 90001');
      }
    });

    it('dependsOn: what depends on a failed request is 424; $id stands for the URL of the request before', async () => {
      const answers = await json([
        { id: 'a', method: 'get', url: 'Cases(1)' },
        { id: 'b', method: 'get', url: '$a/Agent', dependsOn: ['a'] },
        { id: 'c', method: 'get', url: '$b/Name', dependsOn: ['b'] },
        { id: 'd', method: 'get', url: 'Cases(99999)' },
        { id: 'e', method: 'get', url: 'Cases(2)', dependsOn: ['d'] },
        { id: 'f', method: 'get', url: 'Cases(2)', dependsOn: ['e'] },
        { id: 'g', method: 'get', url: '$a/Agent', dependsOn: ['d'] },
        { id: 'h', method: 'get', url: 'Cases(2)/Id', dependsOn: ['d'], if: 'not $d/$succeeded' },
        { id: 'i', method: 'get', url: 'Cases(2)/Id', dependsOn: ['a'], if: '$a/Priority eq 3' },
        { id: 'j', method: 'get', url: 'Cases(2)/Id', dependsOn: ['a'], if: '$a/$succeeded' },
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 404, 424, 424, 424, 200, 424, 200],
      );
      assert.deepEqual(answers[2]?.body, { '@odata.context': `${feed.root}$metadata#Edm.String`, value: 'Ann' });
      assert.equal(codeOf(answers[4]), 'FailedDependency');
    });

    it('atomicity groups are refused, and what depends on them', async () => {
      const answers = await json([
        { id: '1', method: 'post', url: 'Cases', atomicityGroup: 'g', body: { Id: 9 } },
        { id: '2', method: 'patch', url: 'Cases(1)', atomicityGroup: 'g', body: {} },
        { id: '3', method: 'get', url: 'Cases(1)', dependsOn: ['g'] },
        { id: '4', method: 'delete', url: 'Cases(1)' },
      ]);
      assert.deepEqual(
        answers.map(({ status, atomicityGroup }) => [status, atomicityGroup]),
        [
          [501, 'g'],
          [501, 'g'],
          [424, undefined],
          [405, undefined],
        ],
      );
    });

    it('goes on after errors, unless continue-on-error=false', async () => {
      const requests = ['Cases(1)', 'Nope', 'Cases(2)'].map((url, id) => ({ id: `${id}`, method: 'get', url }));
      const statuses = async (prefer: Record<string, string>): Promise<number[]> =>
        (await json(requests, prefer)).map(({ status }) => status);
      assert.deepEqual(await statuses({}), [200, 404, 200]);
      assert.deepEqual(await statuses({ Prefer: 'continue-on-error' }), [200, 404, 200]);
      assert.deepEqual(await statuses({ Prefer: 'odata.continue-on-error=false' }), [200, 404]);
    });

    it('ids must be there, be ids, differ, and dependencies come before', async () => {
      const request = { method: 'get', url: 'Cases(1)' };
      for (const requests of [
        [request],
        [{ ...request, id: 'a b' }],
        [{ ...request, id: '1\r\nX: y' }],
        [
          { ...request, id: '1' },
          { ...request, id: '1' },
        ],
        [{ ...request, id: '1', dependsOn: ['2'] }],
        [{ ...request, id: '1', atomicityGroup: '1' }],
      ]) {
        const reply = await post(JSON.stringify({ requests }), { 'Content-Type': 'application/json' });
        assert.equal(reply.status, 400, JSON.stringify(requests));
      }
    });

    it('Accept chooses the other format, for who knows 4.01', async () => {
      const old = { 'Content-Type': multipart, Accept: 'application/json', 'OData-MaxVersion': '4.0' };
      const kept = await post(batchOf('GET Cases(1)?$select=Id'), old);
      assert.match(kept.headers.get('content-type') ?? '', /^multipart\/mixed/);
      const answers = await post(batchOf('GET Cases(1)?$select=Id'), {
        'Content-Type': multipart,
        Accept: 'application/json',
      });
      const { responses } = (await answers.json()) as { responses: Answer[] };
      assert.equal(bodyOf<{ Id: number }>(responses[0]).Id, 1);
      const body = JSON.stringify({ requests: [{ id: 'x', method: 'get', url: 'Cases(1)?$select=Id' }] });
      const reply = await post(body, { 'Content-Type': 'application/json', Accept: 'multipart/mixed' });
      const [part] = partsOf(reply.headers.get('content-type'), await reply.text());
      assert.equal(part?.headers['content-id'], 'x');
    });
  });

  const running = async (): Promise<number> => {
    await feed.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows: found } = await feed.client.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY%' AND pid <> pg_backend_pid()`,
    );
    return found[0]?.n ?? 0;
  };
});
