import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { runs } from '../support/runs.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const most = 2000;
const titleOf = (id: number): string => `${id} ${String(id % 10).repeat(700)}`;
const rows = `INSERT INTO feed."Cases" ("Id", "Title") SELECT g, g || ' ' || repeat((g % 10)::text, 700) FROM generate_series(1, ${most}) AS g;`;

interface Asked {
  readonly from: number;
  readonly count: number;
  readonly encoding: 'gzip' | 'identity';
  /** `slow`: takes the reply bit by bit; `gone`: hangs up when it begins. */
  readonly client: 'ready' | 'slow' | 'gone';
}

/** Replies are written in memory that others have used and will use: all of them at once, whoever hangs up or takes his time. */
describe('http: memory of replies that is used again', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());

  const bodyOf = (url: string, { encoding, client }: Asked): Promise<Buffer | null> =>
    new Promise((resolve, reject) => {
      const request = http.get(url, { headers: { 'Accept-Encoding': encoding }, agent: false }, async (reply) => {
        if (client === 'gone') {
          request.destroy();
          return resolve(null);
        }
        const chunks: Buffer[] = [];
        for await (const chunk of reply) {
          chunks.push(chunk as Buffer);
          if (client === 'slow') {
            await delay(1);
          }
        }
        const body = Buffer.concat(chunks);
        resolve(reply.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
      });
      request.on('error', (error) => (client === 'gone' ? resolve(null) : reject(error)));
    });

  const check = async (asked: Asked): Promise<void> => {
    const { from, count } = asked;
    const body = await bodyOf(`${feed.root}Cases?$select=Id,Title&$filter=Id%20ge%20${from}&$top=${count}`, asked);
    if (body === null) {
      return;
    }
    const { value } = JSON.parse(body.toString('utf8')) as { value: unknown[] };
    const length = Math.min(count, most + 1 - from);
    const expected = Array.from({ length }, (_, index) => ({ Id: from + index, Title: titleOf(from + index) }));
    assert.deepEqual(value, expected);
  };

  it('has the rows that were asked for', async () => {
    const asked: fc.Arbitrary<Asked> = fc.record({
      from: fc.integer({ min: 1, max: most }),
      // Less than what a buffer begins with, one, and several of them.
      count: fc.constantFrom(1, 20, 100, 170, 180, 190, 600),
      encoding: fc.constantFrom('gzip', 'identity'),
      client: fc.constantFrom('ready', 'ready', 'slow', 'gone'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 20, maxLength: 40 }), async (all) => {
        await Promise.all(all.map(check));
      }),
      { numRuns: runs(6) },
    );
    assert.deepEqual(feed.defects, []);
  });
});
