import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { readJsonBatch } from '../../src/http/batch/read-json.ts';
import { multipartBoundary, readMultipart } from '../../src/http/batch/read-multipart.ts';
import { assertGrowsLinearly } from '../support/growth.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Reads or refuses; anything else is a fault of the gateway. */
function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === 'BadRequest', String(error));
    return null;
  }
}

const token = fc.constantFrom(
  ...['--b', '--b--', '--b ', '--b\t--', '\r\n', '\n', '\r', '\r\n\r\n', ' ', ':', 'GET ', 'POST ', 'HTTP/1.1'],
  ...['Content-Type: application/http', 'Content-Type: multipart/mixed; boundary=c', 'Content-ID: 1', 'Host: x'],
  ...['Agents', '$1', '$1/Name', '/odata/Agents(1)', 'http://x/', '$batch', '?$top=1', '%', '\u0000', '€', 'x'],
);

describe('http: $batch, hostile bodies', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann')` });
  });
  after(() => feed.close());

  it('multipart: any text is read or refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(token, { maxLength: 40 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (body) => {
        const requests = tryRead(() => readMultipart(body, 'b'));
        for (const { method, url } of requests ?? []) {
          assert.ok(/^[A-Z]+$/.test(method) && !/\s/.test(url));
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.string(), (type) => void tryRead(() => multipartBoundary(`multipart/mixed;${type}`))));
  });

  it('JSON: any value is read or refused', () => {
    const id = fc.constantFrom('1', '2', 'g', 'a b', '');
    const request = fc.record(
      {
        id,
        method: fc.constantFrom('get', 'POST', 'x y', ''),
        url: fc.constantFrom('Agents', '$1', '$g/Name', '', '//', 'http://', '%'),
        headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
        body: fc.jsonValue(),
        dependsOn: fc.oneof(fc.array(id), fc.jsonValue()),
        atomicityGroup: fc.oneof(id, fc.jsonValue()),
        if: fc.oneof(fc.constantFrom('$1/$succeeded', 'not $1/$succeeded', '(', '$1'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ requests: fc.array(request, { maxLength: 4 }) }).map((batch) => JSON.stringify(batch)),
    );
    fc.assert(
      fc.property(body, (text) => void tryRead(() => readJsonBatch(text))),
      { numRuns: 2000 },
    );
  });

  it('over HTTP: the batch answers, and no request in it is a fault of the gateway', async () => {
    const part = fc
      .tuple(
        fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'X'),
        fc.constantFrom(
          'Agents',
          'Agents(1)',
          '$1/Name',
          '$2',
          '/odata/',
          '/elsewhere',
          'http://x/odata/Agents',
          '$batch',
          '~async/x',
          'Agents/$query',
          '%',
          'Agents?$filter=',
          '../x',
          '//odata/Agents',
        ),
        fc.constantFrom(
          '',
          'Prefer: respond-async',
          'Accept: text/html',
          'Content-Type: text/plain',
          'Authorization: x',
          'Host: \u0001',
          'OData-MaxVersion: 3',
        ),
      )
      .map(
        ([method, url, header]) =>
          `--b\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n${method} ${url} HTTP/1.1\r\n${header}\r\n\r\n`,
      );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const reply = await fetch(`${feed.root}$batch`, {
          method: 'POST',
          headers: {
            'Content-Type': 'multipart/mixed;boundary=b',
            Accept: 'application/json',
            Prefer: 'continue-on-error',
          },
          body: `${parts.join('\r\n')}\r\n--b--`,
        });
        const { responses } = (await reply.json()) as { responses: { status: number }[] };
        assert.equal(responses.length, parts.length);
        for (const { status } of responses) {
          assert.ok(status < 500 || status === 501, `${status}`);
        }
      }),
      { numRuns: 150 },
    );
    assert.deepEqual(feed.defects, []);
  });

  it('a megabyte of anything: work grows with its length', () => {
    for (const piece of [
      '--b',
      '--b \t',
      '\r\n',
      '\r\n--b',
      ' ',
      ':',
      'GET ',
      '--b\r\nContent-Type: application/http\r\n\r\nGET ',
    ]) {
      assertGrowsLinearly(1_000_000, (length) => {
        tryRead(() => readMultipart(piece.repeat(length / piece.length), 'b'));
      });
    }
  });
});
