import assert from 'node:assert/strict';
import net from 'node:net';
import { serviceLimits } from '../../../src/http/limits.ts';
import { authentication } from '../../../src/http/sign-in/authentication.ts';
import { knownKeys } from '../signing-in.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

/** Everything that comes over a connection until it is closed. `drip` is sent a byte at a time until then. */
function talk(port: number, head: string, drip = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(head.replaceAll('\n', '\r\n')));
    const chunks: Buffer[] = [];
    let at = 0;
    const dripping = setInterval(() => {
      if (at < drip.length && socket.writable) {
        socket.write(drip[at++] ?? '');
      }
    }, 20);
    socket.on('data', (chunk) => chunks.push(chunk));
    // Writing to a connection that the gateway closed.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(dripping);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

const endless = ' '.repeat(100_000);
const statusOf = (reply: string): number => Number(reply.slice(9, 12));

describe('D7 request bodies that drip', () => {
  let feed: TestServer;
  let guarded: TestServer;
  before(async () => {
    const limits = { ...serviceLimits, transfer: { ...serviceLimits.transfer, request: 300, look: 50 } };
    const rows = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, 'Title ' || g FROM generate_series(1, 100) AS g`;
    feed = await startTestServer({ rows, settings: { limits } });
    const keys = knownKeys({ right: 'somebody' });
    // Nothing that drips is ever late here: whatever is closed is closed for another reason.
    guarded = await startTestServer({ authentication: authentication({ basic: null, keys }, 'api-key') });
  });
  after(async () => {
    await feed.close();
    await guarded.close();
  });

  const kinds: readonly (readonly [what: string, head: string])[] = [
    [
      'a JSON batch',
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: 99999\n\n{',
    ],
    [
      'a multipart batch',
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: multipart/mixed;boundary=b\nContent-Length: 99999\n\n--b\nContent-Type: application/http\n',
    ],
    [
      'a long query',
      'POST /odata/Cases/$query HTTP/1.1\nHost: 127.0.0.1\nContent-Type: text/plain\nContent-Length: 99999\n\n$top=',
    ],
    [
      'chunks that never end',
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nTransfer-Encoding: chunked\n\nffff\n',
    ],
    ['headers', 'GET /odata/Cases HTTP/1.1\nHost: 127.0.0.1\nX-Long: '],
  ];
  for (const [what, head] of kinds) {
    it(`D7 ${what}: the connection is closed with 408`, async () => {
      const reply = await talk(feed.port, head, endless);
      assert.equal(statusOf(reply), 408, reply);
      assert.match(reply, /^odata-version: 4\.0\r$/im);
      assert.match(reply, /did not come to its end in time/);
    });
  }

  it('D7 a body that a GET does not need is not waited for', async () => {
    const reply = await talk(
      feed.port,
      'GET /odata/Cases?$top=1 HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 99999\n\n',
      endless,
    );
    assert.equal(statusOf(reply), 200);
    assert.match(reply, /"Title":"Title 1"/);
  });

  for (const [what, head] of kinds.slice(0, 4)) {
    it(`D7 ${what} without credentials: 401 is answered first, and the connection closed`, async () => {
      const reply = await talk(guarded.port, head, endless);
      assert.equal(statusOf(reply), 401, reply);
      assert.match(reply, /^connection: close\r$/im);
      assert.match(reply, /^www-authenticate: /im);
    });
  }

  it('D7 nobody is asked to go on with a body (100-continue) before it is known who asks', async () => {
    const head = (key: string): string =>
      `POST /odata/Agents/$query?api-key=${key} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: text/plain\nContent-Length: 6\nExpect: 100-continue\nConnection: close\n\n`;
    assert.equal(statusOf(await talk(guarded.port, head('wrong'))), 401);
    const reply = await talk(guarded.port, head('right'), '$top=1');
    assert.match(reply, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('D7 a short body without credentials leaves the connection for the next try', async () => {
    const wrong =
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: 15\n\n{"requests":[]}';
    const right = 'GET /odata/Agents?api-key=right HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n';
    const reply = await talk(guarded.port, wrong + right);
    assert.deepEqual(reply.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it('D7 a body is read whole, however small its pieces: a byte a chunk', async () => {
    const body = JSON.stringify({
      requests: [{ id: '1', method: 'GET', url: "Cases?$filter=Title eq 'Title 7' or Title eq 'é'" }],
    });
    const chunks = [...Buffer.from(body)].map((byte) =>
      Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]),
    );
    const socket = net.connect(feed.port, '127.0.0.1');
    const parts: Buffer[] = [];
    socket.on('data', (chunk) => parts.push(chunk));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const head =
      'POST /odata/$batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';
    socket.write(Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]));
    await closed;
    const reply = Buffer.concat(parts).toString('utf8');
    assert.equal(statusOf(reply), 200, reply);
    assert.match(reply, /Title 7/);
  });

  it('D7 more than a body may hold is refused, told by its length or not', async () => {
    const told =
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: 1048577\n\n';
    assert.match(await talk(feed.port, told), /LimitExceeded.*larger than 1 MiB/);
    const chunk = `10000\n${' '.repeat(65_536)}\n`;
    const untold =
      'POST /odata/$batch HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n';
    assert.match(await talk(feed.port, untold + chunk.repeat(17)), /LimitExceeded.*larger than 1 MiB/);
  });

  it('D7 requests sent at once are answered in their order, HEAD and errors among them', async () => {
    const lines = [
      'GET /odata/Cases(1)',
      'HEAD /odata/Cases',
      'GET /odata/Nope',
      'GET /odata/Cases(2)/Title/$value',
      'DELETE /odata/Cases(1)',
    ];
    const requests = lines.map((line) => `${line} HTTP/1.1\nHost: 127.0.0.1\n\n`).join('');
    const reply = await talk(
      feed.port,
      `${requests}GET /odata/Cases(3) HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n`,
    );
    assert.deepEqual(
      reply.match(/HTTP\/1\.1 \d+/g),
      [200, 200, 404, 200, 405, 200].map((status) => `HTTP/1.1 ${status}`),
    );
    assert.ok(
      reply.indexOf('Title 1') < reply.indexOf('Title 2') && reply.indexOf('Title 2') < reply.indexOf('Title 3'),
    );
  });
});
