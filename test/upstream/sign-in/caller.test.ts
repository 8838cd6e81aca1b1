import assert from 'node:assert/strict';
import { callerFaults } from '../../../src/commands/serving/serving-faults.ts';
import { readConfig } from '../../../src/config.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { type JoinedGateway, joinedGateway, judge } from '../../http/cross-source/joined-gateway.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { type GuardedFeed, guardedFeed } from './guarded-feed.ts';

const signInAddress = 'https://login.example/tenant/oauth2/authorize';
const set = 'BuzzeasyAgents?$top=3';

describe('a feed that is asked with the token of whoever asks', () => {
  let sandbox: Sandbox;
  let feed: GuardedFeed;
  let gateway: JoinedGateway;
  /** Tokens that the feed takes now. */
  const taken = new Set<string>();

  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 5, seed: 1 });
    const challenge = `Bearer realm="feed", authorization_uri="${signInAddress}", error="invalid_token"`;
    feed = await guardedFeed(sandbox.url, (header) => taken.has(header ?? ''), challenge);
    gateway = await joinedGateway({ environment: { BUZZEASY_URL: feed.url, BUZZEASY_SIGN_IN: 'caller' } });
  });
  beforeEach(() => {
    taken.clear();
    taken.add('Bearer anna.1');
    feed.seen.length = 0;
  });
  after(async () => {
    await gateway?.close();
    await feed?.close();
    await sandbox?.close();
  });

  const ask = (query: string, token: string | null, more: Readonly<Record<string, string>> = {}): Promise<Response> =>
    gateway.get(query, { ...(token === null ? {} : { Authorization: token }), ...more });

  it('without a token, or with one that the feed refuses, 401 says where to sign in, to this caller alone', async () => {
    for (const token of [null, 'Bearer', 'Bearer somebody.else', 'Basic YTpi']) {
      const reply = await ask(set, token);
      const { error } = (await reply.json()) as { error: { code: string; message: string } };
      assert.equal(reply.status, 401, String(token));
      assert.equal(error.code, 'Unauthorized');
      assert.equal(reply.headers.get('www-authenticate'), `Bearer authorization_uri=${signInAddress}`);
      assert.ok(!error.message.includes('somebody.else'));
    }
    const replies = await Promise.all(
      ['Bearer bert.2', 'Bearer anna.1', 'Bearer bert.2', 'Bearer anna.1'].map((token) => ask(set, token)),
    );
    assert.deepEqual(
      replies.map(({ status }) => status),
      [401, 200, 401, 200],
    );
  });

  it('rows are for the one whose token they came for: nothing is kept, shared or answered from a copy', async () => {
    const first = await ask(set, 'Bearer anna.1');
    assert.equal(((await first.json()) as { value: unknown[] }).value.length, 3);
    assert.equal(first.headers.get('etag'), null);
    assert.equal((await ask(set, 'Bearer bert.2')).status, 401);
    taken.clear();
    assert.equal((await ask(set, 'Bearer anna.1')).status, 401, 'a token that is over');
    taken.add('Bearer anna.2');
    assert.equal((await ask(set, 'Bearer anna.2')).status, 200);
    assert.ok(!feed.seen.includes(undefined));
    const later = await ask(set, 'Bearer anna.2', { Prefer: 'respond-async' });
    assert.equal(later.status, 200, 'not left on the disk for later');
    const told = JSON.stringify([gateway.observed, gateway.log]);
    assert.ok(!/anna\.|bert\.|somebody\.else/.test(told));
  });

  it('joins, counts and batches pass it on; stored sets want none', async () => {
    await judge(gateway.database, [[1, null, null, 3]]);
    assert.equal((await ask('TracebuzzJudgements', null)).status, 200);
    assert.equal((await ask('TracebuzzJudgements?$expand=Agent', 'Bearer anna.1')).status, 200);
    assert.equal(await (await ask('BuzzeasyAgents/$count', 'Bearer anna.1')).text(), '5');
    assert.equal((await ask('BuzzeasyAgents/$count', null)).status, 401);
    const sum = 'BuzzeasyCalls?$apply=aggregate($count as n)';
    assert.equal((await ask(sum, 'Bearer anna.1')).status, 200);
    assert.equal((await ask(sum, 'Bearer bert.2')).status, 401, 'rows that are worked out here are not kept either');
    const batch = await fetch(new URL('$batch', gateway.root), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer anna.1' },
      body: JSON.stringify({ requests: [{ id: '1', method: 'GET', url: set }] }),
    });
    const { responses } = (await batch.json()) as { responses: { status: number }[] };
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200],
    );
  });

  it('is refused beside a sign-in of the gateway, whose keys would go to the feed', () => {
    const catalogue = catalogueOf(metadataFolder, { BUZZEASY_SIGN_IN: 'caller' });
    const faults = (environment: Readonly<Record<string, string>>) => callerFaults(readConfig(environment), catalogue);
    assert.deepEqual(faults({}), []);
    assert.match(
      faults({ AUTH_KEY_FILE: '/run/keys' })[0] ?? '',
      /^AUTH_KEY_FILE: the proxied feed buzzeasy is asked with/,
    );
    assert.match(faults({ AUTH_BASIC_FILE: '/run/users' })[0] ?? '', /^AUTH_BASIC_FILE/);
    assert.deepEqual(callerFaults(readConfig({ AUTH_KEY_FILE: '/run/keys' }), catalogueOf(metadataFolder)), []);
  });
});
