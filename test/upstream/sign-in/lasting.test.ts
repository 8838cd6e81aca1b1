import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { UpstreamEvent } from '../../../src/observation/events/upstream.ts';
import {
  type LastingSettings,
  LastingSignIn,
  type SignInKeeping,
} from '../../../src/upstream/sign-in/lasting-sign-in.ts';
import type { SignInStore } from '../../../src/upstream/sign-in/sign-in-store.ts';
import { TokenClient } from '../../../src/upstream/sign-in/token-client.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { signInStates, signInStore } from '../../../src/warehouse/sign-ins.ts';
import { migratedDatabase } from '../../support/made-databases.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { fails } from '../told-feed.ts';
import { TestTime } from './test-time.ts';

const key = 'k'.repeat(40);
const day = 86_400_000;
const never = new AbortController().signal;

describe('the sign-in of a person, kept up by refresh tokens', () => {
  let home: TestDatabase;
  let database: Database;
  let server: TokenServer;
  let time: TestTime;
  let folder: string;
  let file: string;
  const events: UpstreamEvent[] = [];

  before(async () => {
    home = await migratedDatabase();
    database = await openDatabase({ connection: home.connectionString });
    folder = await mkdtemp(path.join(os.tmpdir(), 'sign-in-'));
    file = path.join(folder, 'refresh-token');
  });
  beforeEach(async () => {
    await signInStore(database).forget('far');
    server = await TokenServer.start();
    server.clients.set('gateway', { id: 'gateway', secret: null, certificate: null });
    time = new TestTime();
    time.pass(Date.now() - time.now());
    server.now = time.now;
    events.length = 0;
    await writeFile(file, `${server.signedIn('gateway')}\n`);
  });
  afterEach(() => server.close());
  after(async () => {
    await database.close();
    await home.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const settings = (more: Partial<Extract<LastingSettings, { kind: 'refresh-token' }>> = {}): LastingSettings => ({
    kind: 'refresh-token',
    server: { kind: 'issuer', url: server.issuer('v2') },
    clientId: 'gateway',
    credential: null,
    scope: 'https://feed.example/user_impersonation',
    resource: null,
    refreshToken: { kind: 'file', path: file },
    refreshTokenDays: 90,
    signInDays: null,
    ...more,
  });

  /** One gateway of several. `store`: what it has of its own of the place where sign-ins are kept. */
  function gateway(own: Partial<SignInStore> = {}, more: Partial<SignInKeeping> = {}, its = settings()): LastingSignIn {
    const context = {
      ...{ source: 'far', environment: {}, time, observe: (event: UpstreamEvent) => void events.push(event) },
      keeping: { store: { ...signInStore(database), ...own }, secrets: [key], ...more },
    };
    return new LastingSignIn(its, new TokenClient(its, context), context);
  }
  const accepted = ({ text }: { readonly text: string }): boolean => server.accepts(`Bearer ${text}`);

  it('goes on with each new refresh token, for months, at a server that takes each of them once', async () => {
    const one = gateway();
    for (let n = 0; n < 12; n++) {
      assert.ok(accepted(await one.obtain(null, never)), `day ${n}`);
      time.pass(13 * day);
    }
    assert.equal(server.tokenCalls.length, 12);
    assert.ok(accepted(await gateway().obtain(null, never)), 'and after a restart');
    const { scope } = server.tokenCalls[3]?.form ?? {};
    assert.equal(scope, 'https://feed.example/user_impersonation offline_access');
  });

  it('several gateways share one sign-in and its access token; however they come, none is lost', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openDatabase({ connection: home.connectionString })));
    try {
      server.delay = 10;
      const gateways = [database, ...others].map((own) => gateway({ ...signInStore(own) }));
      for (let round = 1; round <= 8; round++) {
        const tokens = await Promise.all(gateways.flatMap((one) => [one.obtain(null, never), one.obtain(null, never)]));
        assert.ok(tokens.every(accepted));
        assert.equal(new Set(tokens.map(({ text }) => text)).size, 1);
        assert.equal(server.tokenCalls.length, round);
        time.pass(day);
      }
      const known = await gateways[0]?.obtain(null, never);
      server.revokeTokens();
      const again = await Promise.all(gateways.map((one) => one.obtain(known?.text ?? '', never)));
      assert.ok(again.every(accepted));
      assert.equal(server.tokenCalls.length, 10, 'one renewed it for all');
    } finally {
      await Promise.all(others.map((one) => one.close()));
    }
  });

  it('a gateway that ends after the new refresh token was kept, and before its reply was used, loses nothing', async () => {
    // Its lock would end with it; this one is of the same process.
    const alone: Partial<SignInStore> = { exclusively: (_source, work) => work() };
    const dies: Partial<SignInStore> = {
      ...alone,
      keep: async (...given) => {
        await signInStore(database).keep(...given);
        return new Promise(() => undefined);
      },
    };
    void gateway(dies).obtain(null, never);
    while ((await signInStore(database).read('far')) === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const next = gateway(alone);
    assert.ok(accepted(await next.obtain(null, never)));
    assert.equal(server.tokenCalls.length, 1, 'what was kept is used');
    time.pass(day);
    assert.ok(accepted(await next.obtain(null, never)));
  });

  it('what the server gave is committed before it is used, and a database that is away is waited for', async () => {
    const order: string[] = [];
    let away = 4;
    const one = gateway({
      keep: async (...given) => {
        away -= 1;
        if (away > 0) {
          throw new Error('away');
        }
        const generation = await signInStore(database).keep(...given);
        order.push('kept');
        return generation;
      },
    });
    await one.obtain(null, never).then(() => order.push('used'));
    assert.deepEqual(order, ['kept', 'used']);
    time.pass(day);
    away = 1000;
    await assert.rejects(one.obtain(null, never), /away/);
    assert.equal(server.tokenCalls.length, 2);
    away = 1;
    assert.ok(accepted(await one.obtain(null, never)), 'the token that waited was the only copy');
  });

  it('an ended sign-in is noted, and the server is not asked again until somebody has signed in', async () => {
    const one = gateway();
    await one.obtain(null, never);
    time.pass(day);
    server.refusal = { word: 'invalid_grant', number: 700082 };
    for (let n = 0; n < 3; n++) {
      await assert.rejects(
        gateway().obtain(null, never),
        fails('UpstreamRefused', /expired|has ended.*sign in again.*700082/),
      );
    }
    assert.equal(server.tokenCalls.length, 2);
    assert.equal((await signInStates(database))[0]?.ended, 'invalid_grant 700082');
    server.refusal = null;
    await writeFile(file, server.signedIn('gateway'));
    assert.ok(accepted(await one.obtain(null, never)), 'another token is in the file');
    assert.equal((await signInStates(database))[0]?.ended, null);
  });

  it('says days before that it will end, where the server limits it', async () => {
    const limited = gateway({}, {}, settings({ signInDays: 30 }));
    await limited.obtain(null, never);
    const told = () =>
      events.flatMap((event) => (event.event === 'sign-in' && event.state === 'warning' ? [event.message] : []));
    time.pass(10 * day);
    await limited.obtain(null, never);
    assert.deepEqual(told(), []);
    time.pass(8 * day);
    await limited.obtain(null, never);
    await limited.obtain(null, never);
    assert.equal(told().length, 1);
    assert.match(told()[0] ?? '', /expected to end in 12 days: somebody must sign in again/);
  });

  it('nothing that is kept can be read without the key, or used for other settings', async () => {
    const { text } = await gateway().obtain(null, never);
    const { rows } = await database.query(`SELECT *, encode(sealed, 'escape') AS bytes FROM gateway.sign_in`);
    assert.ok(!JSON.stringify(rows).includes(text) && !JSON.stringify(rows).includes('refresh.'));
    await assert.rejects(
      gateway({}, { secrets: ['x'.repeat(40)] }).obtain(null, never),
      fails('UpstreamRefused', /sealed with another key/),
    );
    await assert.rejects(
      gateway({}, { secrets: [] }).obtain(null, never),
      fails('UpstreamRefused', /SIGN_IN_KEY_FILE/),
    );
    assert.equal(server.tokenCalls.length, 1);
    const code = { ...settings(), kind: 'device-code' as const, clientId: 'another' };
    await assert.rejects(
      gateway({}, {}, code).obtain(null, never),
      fails('UpstreamRefused', /Nobody has signed in .*gateway connect far/),
    );
  });

  it('a person who signs in while another renewal is under way is not undone by it', async () => {
    const { text } = await gateway().obtain(null, never);
    assert.ok(accepted({ text }));
    time.pass(day);
    const store = signInStore(database);
    let mine: string | null = null;
    const late = gateway({
      announce: async (source) => {
        const kept = await store.read(source);
        assert.ok(kept !== null);
        mine = await store.keep(source, { ...kept, endsAt: kept.endsAt + day }, 'any');
      },
    });
    await late.obtain(null, never);
    assert.equal((await store.read('far'))?.generation, mine);
  });
});
