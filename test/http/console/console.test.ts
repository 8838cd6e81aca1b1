import assert from 'node:assert/strict';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { type ConsoleFeed, consoleRoutes } from '../../../src/http/console/console-routes.ts';
import type { ConsoleService, RejectChoice } from '../../../src/http/console/console-service.ts';
import { operatorRule } from '../../../src/http/console/operators.ts';
import { authentication, openToAll } from '../../../src/http/sign-in/authentication.ts';
import { bindGrants } from '../../../src/plan/bind/grants.ts';
import { everything, type Grants, wholeSets } from '../../../src/plan/grants.ts';
import { namedPrincipal, type Principal, type PrincipalKind } from '../../../src/sign-in/principal.ts';
import { catalogue } from '../../sql/small-model.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

/** With a source for each that the sets name. */
const whole: Catalogue = {
  ...catalogue,
  withheld: new Map([['Later', 'it has no address yet']]),
  sources: new Map(
    [...catalogue.sets.values()].map(({ source }) => [
      source,
      { name: source, title: source, description: '', kind: 'files', prefix: '' },
    ]),
  ),
};
const encoder = new TextEncoder();
const html = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

interface Served extends TestServer {
  readonly orders: unknown[];
  readonly log: TestServer['log'];
}

describe('http: the console', () => {
  let open: Served;
  let guarded: Served;
  let narrow: Grants = everything;
  const guard = authentication(
    { basic: { check: async (name, password) => (password === 'secret' ? name : null) }, keys: null },
    'api-key',
  );

  async function server(more: Partial<ConsoleFeed>, rules: Partial<ConsoleService> = {}): Promise<Served> {
    const log: TestServer['log'] = [];
    const orders: unknown[] = [];
    const feed: ConsoleFeed = {
      catalogue: () => whole,
      grantsOf: () => narrow,
      authentication: openToAll,
      settings: { pageSize: 10, publicUrl: null },
      observe: (event) => void (event.event === 'request' && log.push(event)),
      ...more,
    };
    const service: ConsoleService = {
      version: '1.2.3',
      reportingTimeZone: 'Europe/Amsterdam',
      files: async () => [
        { name: 'console-A1.js', contents: encoder.encode('let a = 1;'.repeat(50)) },
        { name: 'console-B2.css', contents: encoder.encode('b{}') },
      ],
      feeds: async () =>
        [['Agents'], ['Later'], ['Nothing'], ['Cases', 'Messages']].map((sets) => ({
          ...{ source: `${sets[0]}`, title: `${sets[0]}`, sets, state: 'off', host: null, metadataReadAt: null },
          ...{
            differences: [`${sets.at(-1)} has no Body.`],
            troubles: [{ since: null, message: `${sets.at(-1)} fails` }],
          },
          signIn: { kind: 'none', endsOn: null, todo: null },
        })),
      model: () => [
        {
          ...{ set: 'Cases', description: 'x', from: ['Messages', 'Agents'] },
          columns: [{ name: 'Id', said: ['a', 'b'] }],
          gathered: [{ set: 'Agents', text: 'c' }],
        },
      ],
      mayOperate: () => true,
      replay: async (which: RejectChoice) => {
        orders.push({ replay: which });
        return { asked: 2, tried: 2, replayed: 1, removed: 0 };
      },
      dismiss: async (which, word) => {
        orders.push({ dismiss: which, word });
        return 3;
      },
      ...rules,
    };
    const started = await startTestServer({
      authentication: feed.authentication,
      beside: (app) => consoleRoutes(app, feed, service),
    });
    return { ...started, log, orders };
  }

  before(async () => {
    open = await server({});
    guarded = await server(
      { authentication: guard, settings: { pageSize: 10, publicUrl: 'https://feed.example/behind' } },
      { mayOperate: (principal) => principal?.name === 'ann' },
    );
  });
  after(async () => {
    await open.close();
    await guarded.close();
  });

  const at = (from: TestServer, path: string): URL => new URL(path, from.root);
  const as = (name: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`,
  });
  const codeOf = async (reply: Response): Promise<string> =>
    `${reply.status} ${((await reply.json()) as { error: { code: string } }).error.code}`;

  it('stands at / for who asks for HTML by name; all others are sent to the feed, as before', async () => {
    const page = await fetch(at(open, '/'), { headers: html });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(page.headers.get('odata-version'), null);
    const text = await page.text();
    assert.ok(text.includes('src="console/console-A1.js"') && text.includes('href="console/console-B2.css"'), text);
    for (const accept of ['*/*', 'application/json', 'application/json;odata.metadata=minimal', 'text/html;q=0', '']) {
      const reply = await fetch(at(open, '/'), { headers: { Accept: accept }, redirect: 'manual' });
      assert.deepEqual([reply.status, reply.headers.get('location')], [302, 'odata/'], accept);
      assert.equal(reply.headers.get('vary'), 'Accept, Origin');
    }
    const service = await fetch(at(open, '/odata/'), { headers: html });
    assert.match(service.headers.get('content-type') ?? '', /^application\/json/);
    const posted = await fetch(at(open, '/'), { method: 'POST', headers: html, body: 'x' });
    assert.equal(await codeOf(posted), '404 ResourceNotFound');
  });

  it('runs nothing but its own files: no inline script, and a policy that lets nothing else in or out', async () => {
    const page = await fetch(at(open, '/'), { headers: html });
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(part), policy);
    }
    assert.doesNotMatch(policy, /unsafe|https?:|\*|data:|blob:/);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.doesNotMatch(await page.text(), /<script(?![^>]* src=)|<style| on\w+=| style=|https?:/);
  });

  it('has each file once for good, compressed where that is taken, and the page anew with a tag', async () => {
    const script = await fetch(at(open, '/console/console-A1.js'), { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(script.headers.get('content-encoding'), 'gzip');
    assert.equal(await script.text(), 'let a = 1;'.repeat(50));
    const tag = script.headers.get('etag') ?? '';
    const plain = await raw(open, '/console/console-A1.js', {});
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.notEqual(plain.headers.etag, tag);
    const sent = await raw(open, '/console/console-A1.js', { 'Accept-Encoding': 'gzip' });
    assert.equal(gunzipSync(sent.body).toString(), 'let a = 1;'.repeat(50));
    const known = await raw(open, '/console/console-A1.js', { 'Accept-Encoding': 'gzip', 'If-None-Match': tag });
    assert.deepEqual([known.status, known.body.length], [304, 0]);
    const page = await raw(open, '/', html);
    assert.equal(page.headers['cache-control'], 'no-cache');
    assert.equal((await raw(open, '/', { ...html, 'If-None-Match': page.headers.etag ?? '' })).status, 304);
    assert.equal(await codeOf(await fetch(at(open, '/console/console-old.js'))), '404 ResourceNotFound');
    assert.equal(
      await codeOf(await fetch(at(open, '/console/console-A1.js'), { method: 'PUT' })),
      '405 MethodNotAllowed',
    );
    const head = await raw(open, '/console/console-A1.js', {}, 'HEAD');
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '500', 0]);
  });

  it('shows its page to everybody, and data to those alone whom the feed lets in', async () => {
    assert.equal((await fetch(at(guarded, '/'), { headers: html })).status, 200);
    for (const name of ['start', 'feeds', 'model', 'nothing']) {
      const refused = await fetch(at(guarded, `/console/data/${name}`));
      assert.equal(refused.headers.get('www-authenticate'), 'Basic realm="gateway", charset="UTF-8"');
      assert.equal(await codeOf(refused), '401 Unauthorized');
    }
    const start = await fetch(at(guarded, '/console/data/start'), { headers: as('jan') });
    assert.equal(start.headers.get('cache-control'), 'private, no-store');
    const { address, user, mayOperate, timeZone } = (await start.json()) as Record<string, unknown>;
    assert.deepEqual(
      [address, user, mayOperate, timeZone],
      ['https://feed.example/behind/odata/', 'jan', false, 'Europe/Amsterdam'],
    );
    assert.equal(
      await codeOf(await fetch(at(guarded, '/console/data/nothing'), { headers: as('jan') })),
      '404 ResourceNotFound',
    );
  });

  it('is told apart from other names of this machine where nobody signs in', async () => {
    for (const path of ['/', '/console/console-A1.js', '/console/data/start']) {
      assert.equal((await raw(open, path, { ...html, Host: 'evil.example' })).status, 421, path);
    }
  });

  it('has nothing of sets that somebody may not see', async () => {
    const model = async (): Promise<unknown> => (await fetch(at(open, '/console/data/model'))).json();
    assert.equal(JSON.stringify(await model()).includes('Agents'), true);
    const feeds = async (): Promise<string[]> => {
      const reply = await (await fetch(at(open, '/console/data/feeds'))).text();
      assert.doesNotMatch(reply, /sets/);
      return (JSON.parse(reply) as { feeds: { title: string }[] }).feeds.map(({ title }) => title);
    };
    assert.deepEqual(await feeds(), ['Agents', 'Later', 'Cases'], 'one whose sets are not served now is told of, too');
    narrow = wholeSets(['Cases', 'Messages']);
    try {
      assert.deepEqual(await model(), {
        sections: [
          {
            ...{ set: 'Cases', description: 'x', from: ['Messages'] },
            columns: [{ name: 'Id', said: ['a'] }],
            gathered: [],
          },
        ],
      });
      assert.deepEqual(await feeds(), ['Cases']);
      const { groups } = (await (await fetch(at(open, '/console/data/start'))).json()) as {
        groups: { sets: string[] }[];
      };
      assert.deepEqual(groups.flatMap(({ sets }) => sets).sort(), ['Cases', 'Messages']);
    } finally {
      narrow = everything;
    }
  });

  it('tells what is odd about a feed to whoever sees all of it', async () => {
    const told = async (): Promise<string> => (await fetch(at(open, '/console/data/feeds'))).text();
    try {
      for (const [grants, isTold] of [
        [everything, true],
        [wholeSets(['Cases', 'Messages']), true],
        [wholeSets(['Cases']), false],
        [
          bindGrants(
            new Map([
              ['Cases', {}],
              ['Messages', { properties: ['CaseId', 'Number'] }],
            ]),
            whole,
          ),
          false,
        ],
      ] as const) {
        narrow = grants;
        const text = await told();
        assert.match(text, /"title":"Cases"/);
        assert.deepEqual([/Messages has no Body/.test(text), /Messages fails/.test(text)], [isTold, isTold], text);
        assert.equal(isTold || /Something is wrong with the feed/.test(text), true);
      }
    } finally {
      narrow = everything;
    }
  });

  describe('orders', () => {
    const order = (
      from: Served,
      path: string,
      body: unknown,
      headers: Record<string, string> = {},
    ): Promise<Response> =>
      fetch(at(from, `/console/data/rejects/${path}`), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: new URL(from.root).origin, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });

    it('are carried out for the rows that are named, in the name of who gives them', async () => {
      const replayed = await order(open, 'replay', { source: 'a', code: 'B' });
      assert.deepEqual(await replayed.json(), { asked: 2, tried: 2, replayed: 1, removed: 0 });
      const dismissed = await order(guarded, 'dismiss', { ids: ['7', '8'], reason: ' a total ' }, as('ann'));
      assert.deepEqual(await dismissed.json(), { dismissed: 3 });
      assert.deepEqual(open.orders, [{ replay: { source: 'a', code: 'B' } }]);
      assert.deepEqual(guarded.orders, [{ dismiss: { ids: ['7', '8'] }, word: { by: 'ann', reason: 'a total' } }]);
    });

    it('are refused from any other page, however it asks', async () => {
      const before = open.orders.length;
      const own = new URL(open.root).origin;
      for (const [headers, code] of [
        [{ Origin: 'https://evil.example' }, 'OriginRefused'],
        [{ Origin: 'null' }, 'OriginRefused'],
        [{ Origin: own.replace('127.0.0.1', 'localhost') }, 'OriginRefused'],
        [{ Origin: `${own}0` }, 'OriginRefused'],
        [{ Origin: `${own}.evil.example` }, 'OriginRefused'],
        [{ 'Sec-Fetch-Site': 'cross-site' }, 'OriginRefused'],
        [{ 'Sec-Fetch-Site': 'same-site' }, 'OriginRefused'],
        [{ 'Sec-Fetch-Site': 'none' }, 'OriginRefused'],
        [{ 'Content-Type': 'text/plain' }, 'UnsupportedMediaType'],
        [{ 'Content-Type': 'application/x-www-form-urlencoded' }, 'UnsupportedMediaType'],
        [{ 'Content-Type': 'multipart/form-data; boundary=x' }, 'UnsupportedMediaType'],
      ] as const) {
        const reply = await raw(
          open,
          '/console/data/rejects/replay',
          { 'Content-Type': 'application/json', Origin: own, ...headers },
          'POST',
          '{"code":"B"}',
        );
        assert.equal(JSON.parse(reply.body.toString()).error.code, code, JSON.stringify(headers));
      }
      const silent = await raw(
        open,
        '/console/data/rejects/replay',
        { 'Content-Type': 'application/json' },
        'POST',
        '{}',
      );
      assert.equal(silent.status, 403);
      const get = await fetch(at(open, '/console/data/rejects/replay'));
      assert.equal(get.headers.get('allow'), 'POST');
      assert.equal(await codeOf(get), '405 MethodNotAllowed');
      assert.equal(open.orders.length, before);
      const behind = await order(guarded, 'replay', { code: 'B' }, { ...as('ann'), Origin: 'https://feed.example' });
      assert.equal(behind.status, 200);
    });

    it('are refused to who is no operator, before anything of them is read', async () => {
      assert.equal(await codeOf(await order(guarded, 'replay', { code: 'B' })), '401 Unauthorized');
      assert.equal(await codeOf(await order(guarded, 'replay', 'no JSON', as('jan'))), '403 OperatorsOnly');
    });

    it('that name no rows, or cannot be read, do nothing', async () => {
      const before = open.orders.length;
      for (const body of [
        '',
        '{',
        '[]',
        '{}',
        '{"ids":[]}',
        '{"ids":["0"]}',
        '{"ids":[7]}',
        '{"code":""}',
        '{"code":7}',
        'null',
      ]) {
        assert.equal(await codeOf(await order(open, 'replay', body)), '400 BadRequest', body);
      }
      assert.equal(await codeOf(await order(open, 'dismiss', { code: 'B', reason: '  ' })), '400 BadRequest');
      assert.equal(await codeOf(await order(open, 'dismiss', { code: 'B' })), '400 BadRequest');
      assert.equal(await codeOf(await order(open, 'replay', { code: 'x'.repeat(70_000) })), '400 LimitExceeded');
      assert.equal(open.orders.length, before);
    });
  });

  it('is for those whom OPERATORS names, and without sign-in for this machine alone', () => {
    const rule = (publicUrl: string | null, signsIn = false, host = '127.0.0.1') =>
      operatorRule({ operators: ['ann', 'entra:t:7'], signsIn, host, publicUrl });
    const principal = (kind: PrincipalKind, id: string, name: string): Principal => ({
      ...namedPrincipal('basic', name),
      ...{ kind, id },
    });
    assert.equal(rule(null)(null), true);
    assert.equal(rule('http://localhost:8080')(null), true);
    assert.equal(rule('https://feed.example')(null), false);
    assert.equal(rule('http://localhost:8080', false, '0.0.0.0')(null), false);
    const closed = rule(null, true);
    assert.equal(closed(null), false);
    assert.equal(closed(principal('basic', 'basic:ann', 'ann')), true);
    assert.equal(closed(principal('key', 'key:ann', 'ann')), true);
    assert.equal(closed(principal('basic', 'basic:jan', 'jan')), false);
    assert.equal(closed(principal('entra', 'entra:t:7', 'Jan')), true);
    assert.equal(closed(principal('entra', 'entra:t:8', 'ann')), false, 'a name elsewhere is nobody in particular');
  });

  it('is told in the log as other requests', async () => {
    await fetch(at(open, '/console/data/start?api-key=secret'));
    assert.deepEqual(
      (({ path, options, status }) => [path, options, status])(open.log.at(-1) ?? { path: '', options: [], status: 0 }),
      ['/console/data/start', [], 200],
    );
    await fetch(at(open, '/console/Jan%20Jansen'));
    assert.equal(open.log.at(-1)?.path, '/console/?');
  });
});

interface RawReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As a browser sends it: `fetch` sets some headers itself and does not let others be set. */
function raw(
  from: TestServer,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  body?: string,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: from.port, path, method, headers }, async (reply) => {
      const parts: Buffer[] = [];
      for await (const part of reply) {
        parts.push(part as Buffer);
      }
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(parts) });
    });
    request.on('error', reject);
    request.end(body);
  });
}
