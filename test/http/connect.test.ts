import assert from 'node:assert/strict';
import http from 'node:http';
import { GatewayError } from '../../src/errors.ts';
import { type ConnectFeed, connectRoutes } from '../../src/http/connect/connect-routes.ts';
import { authentication, openToAll } from '../../src/http/sign-in/authentication.ts';
import { everything } from '../../src/plan/grants.ts';
import { all, readXml, unzip } from '../connect/decoded-workbook.ts';
import { catalogue } from '../sql/small-model.ts';
import { knownPasswords } from './signing-in.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('http: connect files', () => {
  let open: TestServer;
  let guarded: TestServer;
  const guard = authentication({ basic: knownPasswords({ secret: 'ann' }), keys: null }, 'api-key');

  async function server(more: Partial<ConnectFeed>): Promise<TestServer> {
    const log: TestServer['log'] = [];
    const feed: ConnectFeed = {
      catalogue: () => catalogue,
      grantsOf: () => everything,
      authentication: openToAll,
      settings: { pageSize: 10, publicUrl: null },
      observe: (event) => void (event.event === 'request' && log.push(event)),
      ...more,
    };
    const started = await startTestServer({
      authentication: feed.authentication,
      beside: (app) => connectRoutes(app, feed),
    });
    return { ...started, log };
  }
  before(async () => {
    open = await server({});
    guarded = await server({
      authentication: guard,
      settings: { pageSize: 10, publicUrl: 'https://feed.example/behind' },
    });
  });
  after(async () => {
    await open.close();
    await guarded.close();
  });

  const get = (from: TestServer, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, from.root), init);
  const basic = { headers: { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` } };

  it('have the address that the request came by', async () => {
    const reply = await get(open, '/connect/powerbi.pbids');
    assert.equal(reply.headers.get('content-type'), 'application/json');
    assert.equal(reply.headers.get('content-disposition'), 'attachment; filename="powerbi.pbids"');
    assert.equal(reply.headers.get('cache-control'), 'private, no-store');
    assert.ok((await reply.text()).includes(JSON.stringify(open.root)));
    const named = await new Promise<string>((resolve, reject) => {
      const options = { port: open.port, path: '/connect/Cases.sh', headers: { Host: 'localhost:81' } };
      http
        .get(options, (found) => {
          let text = '';
          found.on('data', (part: Buffer) => {
            text += part.toString();
          });
          found.on('end', () => resolve(text));
        })
        .on('error', reject);
    });
    assert.ok(named.includes("'http://localhost:81/odata/Cases?$format=csv'"), named);
  });

  it('behind a proxy with a path of its own they have that, and how to sign in, but no secret', async () => {
    for (const file of ['powerbi.pbids', 'Cases.odc', 'Cases.pq', 'Cases.py', 'Cases.R', 'Cases.sh']) {
      const text = await (await get(guarded, `/connect/${file}`, basic)).text();
      assert.ok(text.includes('https://feed.example/behind/odata/'), `${file}: ${text}`);
      assert.doesNotMatch(text, /secret|ann\b/);
    }
    assert.match(await (await get(guarded, '/connect/Cases.sh', basic)).text(), /--user "\$GATEWAY_USER"/);
    assert.doesNotMatch(await (await get(open, '/connect/Cases.sh')).text(), /--user/);
  });

  it('say what programs sign in with, whatever a browser is asked first', () => {
    const entra = {
      tokens: { principal: () => assert.fail('no token comes') },
      authorizationUri: 'https://login.example/authorize',
    };
    const known = knownPasswords({ secret: 'ann' });
    const both = authentication({ ...entra, basic: known, keys: null }, 'api-key');
    assert.match(both.challenge({ authorization: undefined }) ?? '', /^Bearer /);
    assert.equal(both.ofPrograms, 'basic');
    assert.equal(authentication({ ...entra, basic: null, keys: null }, 'api-key').ofPrograms, 'token');
    assert.equal(openToAll.ofPrograms, 'none');
  });

  it('are for those who may read the feed', async () => {
    const refused = await get(guarded, '/connect/excel.xlsx');
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic /);
    const stranger = await new Promise<number | undefined>((resolve, reject) => {
      const options = { port: open.port, path: '/connect/powerbi.pbids', headers: { Host: 'evil.example' } };
      http.get(options, (found) => resolve(found.resume().statusCode)).on('error', reject);
    });
    assert.equal(stranger, 421);
  });

  it('a workbook has the sets that are named, else all', async () => {
    const sheetsOf = async (path: string): Promise<(string | undefined)[]> => {
      const parts = await unzip(Buffer.from(await (await get(open, path)).arrayBuffer()));
      const workbook = readXml(parts.get('xl/workbook.xml')?.toString('utf8') ?? '');
      return all(workbook, 'sheet').map(({ attributes }) => attributes['name']);
    };
    assert.deepEqual(await sheetsOf('/connect/excel.xlsx'), ['Cases', 'Agents', 'Messages']);
    assert.deepEqual(await sheetsOf('/connect/excel.xlsx?sets=Messages,%20Cases,Messages'), ['Messages', 'Cases']);
  });

  it('HEAD has no body; what is no file is told what there is', async () => {
    const head = await get(open, '/connect/Cases.odc', { method: 'HEAD' });
    assert.equal(head.headers.get('content-type'), 'text/x-ms-odc');
    assert.equal(await head.text(), '');
    for (const [path, status, message] of [
      [
        '/connect/',
        404,
        /There are: powerbi\.pbids, powerbi\.zip, excel\.xlsx, <set>\.odc, <set>\.pq, <set>\.py, <set>\.R, <set>\.sh/,
      ],
      ['/connect/Nothing.odc', 404, /There is no such file/],
      ['/connect/Cases.txt', 404, /There is no such file/],
      ['/connect/excel.xlsx?sets=Nothing,Cases', 400, /There is no set Nothing: the service document has the names/],
      ['/connect/excel.xlsx?sets=', 400, /sets names no set/],
    ] as const) {
      const reply = await get(open, path);
      assert.equal(reply.status, status, path);
      assert.match(((await reply.json()) as { error: { message: string } }).error.message, message);
    }
    const written = await get(open, '/connect/excel.xlsx', { method: 'POST', body: 'x' });
    assert.deepEqual([written.status, written.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('are told in the log as other requests', async () => {
    await get(open, '/connect/excel.xlsx?sets=Cases&api-key=secret');
    const { path, options, status } = open.log.at(-1) ?? {};
    assert.deepEqual([path, options, status], ['/connect/?', ['sets'], 200]);
  });

  it('say when to come again, and what a token was refused for', async () => {
    for (const [thrown, header, value] of [
      [new GatewayError('SignInUnavailable', 'No keys now', { retryAfter: 10 }), 'retry-after', '10'],
      [
        new GatewayError('Unauthorized', 'Old', { challenge: 'Bearer error="invalid_token"' }),
        'www-authenticate',
        'Bearer error="invalid_token"',
      ],
    ] as const) {
      const identify = () => Promise.reject(thrown);
      const refusing = await server({ authentication: { ...guard, identify } });
      const reply = await get(refusing, '/connect/powerbi.pbids');
      assert.deepEqual([reply.status, reply.headers.get(header)], [thrown.status, value]);
      await refusing.close();
    }
  });
});
