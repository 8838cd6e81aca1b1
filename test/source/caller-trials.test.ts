import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

const cases = ['Id', 'Title', 'Priority', 'Cost', 'AgentId'];
const seeing = (condition: string, own: string) =>
  bindGrants(
    new Map([
      ['Cases', { rows: condition, properties: cases }],
      ['Messages', { rows: own, properties: ['CaseId', 'Number', 'Length', 'AgentId'] }],
      ['Agents', { properties: ['Id', 'Name', 'City', 'LeaderId'] }],
    ]),
    catalogue,
  );

/** What a few rows of `apply-rows.ts` cannot show: enough of them, with nulls. */
const more = `
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") SELECT 100 + n, 't' || n, NULLIF(n % 7, 0), 1 + n % 5 FROM generate_series(1, 40) AS n;`;

const requests = [
  'Cases?$apply=groupby((Priority),aggregate($count as N))&$orderby=Priority',
  'Cases?$apply=groupby((Title),aggregate(Cost with average as C))&$orderby=Title&$top=5',
  'Cases?$select=Id&$filter=Priority ge 2&$orderby=Id&$count=true',
  'Cases/$count?$filter=Priority ge 2',
  'Cases?$select=Id&$orderby=Id desc&$skip=1&$top=3',
  'Cases?$select=Id&$orderby=Id&$top=4&$expand=Messages($select=Number;$orderby=Number desc;$filter=Length gt 4)',
  'Messages?$select=Number&$orderby=CaseId,Number&$expand=Case($select=Title;$expand=Agent($select=Name))',
  "Cases?$select=Id&$filter=Agent/Name eq 'Ann'&$orderby=Id",
  'Cases?$compute=Priority mul 2 as P&$select=Id,P&$orderby=P,Id&$top=3',
];

const challenge = 'https://login.example/tenant/oauth2/authorize';

/** A feed that gives each caller other rows, by their own tokens, which the gateway passes on. */
describe('reads with the token of whoever asks', () => {
  /** By the token of the caller: a gateway with their rights, which is the feed for them. */
  const theirs = new Map<string, TestServer>();
  let gateway: EvaluatedGateway;
  const seen: { readonly token: string; readonly url: string }[] = [];
  let answers: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;

  before(async () => {
    for (const [token, condition, own] of [
      ['all', 'Id gt 0', 'Number gt 0'],
      ['few', 'Id lt 110', 'CaseId eq 10'],
      ['none', 'Id lt 0', 'Number lt 0'],
    ] as const) {
      const said = { rows: `${rows}${messages}${more}`, capabilities: feedCapabilities };
      theirs.set(token, await startTestServer({ ...said, grantsOf: () => seeing(condition, own) }));
    }
  });
  after(async () => {
    for (const server of theirs.values()) {
      await server.close();
    }
  });
  beforeEach(async () => {
    seen.length = 0;
    answers = null;
    gateway = await evaluatedGateway({ rows: '', readsOptions: false, saysApply: true, signIn: { kind: 'caller' } });
    gateway.onRequest = (request, response) => {
      const token = (request.headers.authorization ?? '').replace('Bearer ', '');
      seen.push({ token, url: decodeURIComponent(request.url ?? '') });
      if (answers?.(request, response) === true) {
        return true;
      }
      const feed = theirs.get(token);
      if (feed === undefined) {
        response.writeHead(401, { 'WWW-Authenticate': `Bearer authorization_uri="${challenge}"` }).end();
        return true;
      }
      void feed.get(request.url ?? '', { accept: request.headers.accept ?? '*/*' }).then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      });
      return true;
    };
  });
  afterEach(() => gateway.close());

  const ask = (request: string, token: string): Promise<Response> =>
    gateway.evaluated.get(request, { authorization: `Bearer ${token}` });
  const said = async (reply: Response): Promise<string> => {
    assert.equal(reply.status, 200, `${reply.url}: ${reply.status}`);
    return (await reply.text()).replaceAll(/http:[^"]*\/odata\//g, '');
  };

  it('have the rows of that caller, asked for with their token alone, whoever asks at the same time', async () => {
    for (const request of requests) {
      const tokens = ['none', 'few', 'all', 'few'];
      const found = await Promise.all(tokens.map(async (token) => said(await ask(request, token))));
      for (const [at, token] of tokens.entries()) {
        assert.equal(
          found[at],
          await said(await (theirs.get(token) ?? assert.fail()).get(request)),
          `${token}: ${request}`,
        );
      }
    }
    assert.deepEqual(new Set(seen.map(({ token }) => token)), new Set(theirs.keys()));
  });

  it('are asked for anew each time, and by whoever has no token not at all', async () => {
    for (const request of requests) {
      const first = await ask(request, 'few');
      assert.equal(first.headers.get('etag'), null);
      await said(first);
      seen.length = 0;
      await said(await ask(request, 'few'));
      assert.ok(seen.length > 0 && seen.every(({ token }) => token === 'few'), request);
      const refused = await ask(request, 'somebody');
      assert.equal(refused.status, 401, request);
      assert.equal(refused.headers.get('www-authenticate'), `Bearer authorization_uri=${challenge}`);
    }
  });

  it('are 401 to a caller whose token is over in between, at whatever request', async () => {
    for (const request of [requests[0], requests[5]].flatMap((one) => one ?? [])) {
      for (let most = 0; ; most++) {
        const before = seen.length;
        gateway.time.at += 25 * 3_600_000;
        answers = (_, response) => {
          if (seen.length - before <= most) {
            return false;
          }
          response.writeHead(401).end();
          return true;
        };
        const reply = await ask(request, 'all');
        await reply.text();
        if (reply.status === 200) {
          assert.ok(seen.length - before <= most, `${request}: ${most}`);
          break;
        }
        assert.equal(reply.status, 401, `${request}: ${most}`);
      }
    }
  });

  it('prove nothing of the feed to others where a caller sees no rows', async () => {
    for (const request of requests) {
      await said(await ask(request, 'none'));
    }
    seen.length = 0;
    await said(await ask(requests[0] ?? '', 'all'));
    const last = seen.at(-1)?.url ?? '';
    assert.match(last, /[$]apply=/, 'groups are left to the feed');
    seen.length = 0;
    await said(await ask(requests[0] ?? '', 'none'));
    assert.match(seen.at(-1)?.url ?? '', /[$]apply=/, 'what it has shown to one holds for all');
  });
});
