import assert from 'node:assert/strict';
import { log } from '../../src/observation/log.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';

/** What of a request is told, and what of it the log has. */
describe('Requests in the log', () => {
  let server: TestServer;
  const told: Observation[] = [];
  before(async () => {
    server = await startTestServer({ observe: (one) => told.push(one) });
  });
  after(() => server.close());

  const lines = (level: 'info' | 'debug', values: 'hidden' | 'shown'): readonly string[] => {
    const written: string[] = [];
    told.forEach(log({ level, values }, { write: (line) => void written.push(line) }));
    return written;
  };

  it('has no value that was asked for; at debug the plan and the statements without them, or with them where that is set', async () => {
    told.length = 0;
    const reply = await server.get(`Cases?$filter=Title eq 'secret title' and Id ne 4711&$count=true&$top=2`);
    assert.equal(reply.status, 200, await reply.text());
    const info = lines('info', 'shown').join('');
    assert.doesNotMatch(info, /secret|4711|SELECT/);
    assert.match(info, /"event":"request".*"options":\["\$filter","\$count","\$top"\]/);
    const hidden = lines('debug', 'hidden').join('');
    assert.doesNotMatch(hidden, /secret|4711/);
    assert.match(hidden, /"event":"plan","id":"[-0-9a-f]+","plan":"Collection Cases page/);
    assert.match(hidden, /"event":"statement",.*"role":"reader","sql":"SELECT .*WHERE .*'\?'/);
    assert.match(hidden, /"sql":"SELECT count\(\*\) FROM/);
    assert.equal(new Set(told.map((one) => ('id' in one ? one.id : 'none'))).size, 1, 'all of one request');
    const shown = lines('debug', 'shown').join('');
    assert.match(shown, /"event":"plan".*'secret title':String/);
    assert.match(shown, /"event":"statement".*'secret title'/);
  });

  it('has paths without keys and conditions', async () => {
    const paths: readonly (readonly [asked: string, logged: string])[] = [
      ['Cases(4711)/Title', 'Cases(?)/Title'],
      ['Cases/4711/Title/$value', 'Cases/?/Title/$value'],
      ['Cases(Id=4711)', 'Cases(?)'],
      [`Cases/$filter(contains(Title,'a)/secret'))/$count`, 'Cases/$filter(?)/$count'],
      [`Cases('it''s/secret')/Title`, 'Cases(?)/Title'],
      ['Cases%28%27secret%27%29/Title', 'Cases(?)/Title'],
      ['Cases/secret', 'Cases/?'],
      ['Cases/secret.person', 'Cases/?'],
      ['Cases/Feed.Case', 'Cases/Feed.Case'],
      [`Cases('secret`, 'Cases(?)'],
      ['Case(4711)', 'Case(?)'],
      ['4711', '?'],
      ['$crossjoin(Cases,Agents)', '$crossjoin(Cases,Agents)'],
      ['$all/$count', '$all/$count'],
      ['', ''],
    ];
    for (const [asked, logged] of paths) {
      told.length = 0;
      await (await server.get(asked)).text();
      const lines = told.filter((one) => one.event === 'request').map(({ path }) => path);
      assert.deepEqual(lines, [logged], asked);
    }
  });

  it('has options without what stands in their place', async () => {
    told.length = 0;
    await (await server.get(`Cases?$filter%3DTitle%20eq%20'secret'&%24top=1&@a=2&Title eq 4711`)).text();
    const lines = told.filter((one) => one.event === 'request').map(({ options }) => options);
    assert.deepEqual(lines, [['?', '$top', '@a', '?']]);
  });
});
