import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { trustedIssuers } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import type { SignInEvent } from '../../src/observation/events/sign-in.ts';
import { IssuerKeys, type KeyTimes, keyTimes } from '../../src/sign-in/keys/issuer-keys.ts';
import { type KeyStore, keyFolder } from '../../src/sign-in/keys/key-store.ts';
import { KeysUnavailable } from '../../src/sign-in/token/refused.ts';
import { Tokens } from '../../src/sign-in/token/tokens.ts';
import { until } from '../support/until.ts';
import { application, type EntraStandIn, type KeyAnswer, makeKey, startEntra, tenant } from './entra-stand-in.ts';

const nowhere: KeyStore = { read: async () => null, write: async () => {} };
const hour = 3_600_000;
/** Keys are made once: that takes longer than everything else here. */
const [first, second, third, foreign] = ['first', 'second', 'third', 'foreign'].map((kid) => makeKey(kid));

describe('sign-in: keys of an issuer that change, or cannot be had', () => {
  let entra: EntraStandIn;
  let events: SignInEvent[];
  const opened: Tokens[] = [];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-keys-'));
  before(async () => {
    entra = await startEntra();
  });
  beforeEach(() => {
    assert.ok(first);
    Object.assign(entra, { keys: [first], answer: 'keys' });
    entra.requests.length = 0;
    events = [];
  });
  afterEach(() => {
    for (const tokens of opened.splice(0)) {
      tokens.close();
    }
  });
  after(async () => {
    await entra.close();
    rmSync(folder, { recursive: true });
  });

  function open(options: { store?: KeyStore; times?: Partial<KeyTimes>; now?: () => number } = {}) {
    const { signIn } = readConfig({
      PUBLIC_URL: 'http://feed.example',
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_AUTHORITY: entra.authority,
    });
    const [issuer] = trustedIssuers(signIn);
    assert.ok(issuer);
    const keys = new IssuerKeys(issuer, {
      store: options.store ?? nowhere,
      observe: (event) => void events.push(event),
      times: { ...keyTimes, ...options.times },
      ...(options.now && { now: options.now }),
    });
    const tokens = new Tokens([{ issuer, keys }]);
    opened.push(tokens);
    return { keys, tokens };
  }
  /** A token of another text each time, so that it is not known by its digest. */
  let count = 0;
  const token = (key = first) => entra.v2({ jti: String(count++) }, key);
  const taken = async (tokens: Tokens, key = first): Promise<boolean | string> => {
    try {
      return (await tokens.principal(await token(key))).kind === 'entra';
    } catch (error) {
      return error instanceof KeysUnavailable ? 'unavailable' : 'refused';
    }
  };

  it('a new key is found within the request that brings it; a second one soon after only when the pause is over', async () => {
    const { tokens } = open({ times: { cooldown: 0 } });
    assert.equal(await taken(tokens), true);
    entra.keys = [first, second].flatMap((key) => key ?? []);
    assert.equal(await taken(tokens, second), true);
    const patient = open();
    assert.equal(await taken(patient.tokens), true);
    // The keys are also read at the start, beside the first token: that must not be a reading of the new ones.
    for (let asked = -1; asked !== entra.keyRequests(); ) {
      asked = entra.keyRequests();
      await pause(200);
    }
    entra.keys = [first, second, third].flatMap((key) => key ?? []);
    assert.equal(await taken(patient.tokens, third), 'refused');
  });

  it('a removed key counts until the next reading, also for a token that was known', async () => {
    const { tokens } = open({ times: { reload: 50 } });
    const sent = await token();
    await tokens.principal(sent);
    entra.keys = second === undefined ? [] : [second];
    const before = entra.keyRequests();
    await until('the keys are read again', () => entra.keyRequests() > before + 1);
    await assert.rejects(tokens.principal(sent), /key that its issuer does not have/);
  });

  it('foreign keys make one request, whether the server is well or not', async () => {
    const { tokens } = open();
    assert.equal(await taken(tokens), true);
    await until('the keys were read', () => entra.keyRequests() > 0);
    const well = entra.keyRequests();
    for (let n = 0; n < 10; n++) {
      assert.equal(await taken(tokens, foreign), 'refused');
    }
    assert.ok(entra.keyRequests() - well <= 1, 'server well');
    const other = open({ times: { cooldown: 0 } });
    assert.equal(await taken(other.tokens), true);
    entra.answer = '500';
    const failing = entra.keyRequests();
    const answers = await Promise.all(Array.from({ length: 20 }, () => taken(other.tokens, foreign)));
    for (let n = 0; n < 10; n++) {
      answers.push(await taken(other.tokens, foreign));
    }
    assert.deepEqual([...new Set(answers)], ['unavailable']);
    assert.ok(entra.keyRequests() - failing <= 2, String(entra.keyRequests() - failing));
    assert.equal(await taken(other.tokens), true, 'a known key goes on working');
  });

  for (const answer of [
    'refused',
    '404',
    '500',
    'html',
    'not-a-set',
    'empty-set',
    'redirect',
    'silent',
  ] as KeyAnswer[]) {
    it(`keys that are answered with ${answer}: unavailable, told once; known ones stay`, async () => {
      entra.answer = answer;
      const { tokens } = open({ times: { timeout: 100 } });
      assert.deepEqual([await taken(tokens), await taken(tokens)], ['unavailable', 'unavailable']);
      const told = events.filter(({ event }) => event === 'signing-keys');
      assert.equal(told.length, 1, JSON.stringify(told));
      entra.answer = 'keys';
      const known = open({ times: { timeout: 100, reload: 20, afterFailure: 20 } });
      assert.equal(await taken(known.tokens), true);
      entra.answer = answer;
      await until('a reading failed', () =>
        events.some((one) => one.event === 'signing-keys' && one.state === 'failed' && one.lasts !== null),
      );
      assert.equal(await taken(known.tokens), true);
      entra.answer = 'keys';
      entra.keys = [first, second].flatMap((key) => key ?? []);
      await until('it recovers', async () => (await taken(known.tokens, second)) === true);
    });
  }

  it('keys as text/plain are taken', async () => {
    entra.answer = 'text';
    assert.equal(await taken(open().tokens), true);
  });

  it('known keys outlive a restart while the server is down, for a day after they were read, and lie where nobody else reads', async () => {
    const store = keyFolder(path.join(folder, 'sign-in'));
    let now = Date.now();
    const before = open({ store });
    assert.equal(await taken(before.tokens), true);
    // The folder is made with the first of them, and each is written under another name before it has its own.
    const kept = (): readonly string[] =>
      existsSync(path.join(folder, 'sign-in'))
        ? readdirSync(path.join(folder, 'sign-in')).filter((name) => name.endsWith('.json'))
        : [];
    await until('they are kept', () => kept().length > 0);
    const [file = ''] = kept();
    assert.equal(statSync(path.join(folder, 'sign-in', file)).mode & 0o777, 0o600);
    assert.equal(statSync(path.join(folder, 'sign-in')).mode & 0o777, 0o700);
    await entra.stop();
    try {
      const after = open({ store, now: () => now });
      assert.equal(await taken(after.tokens), true);
      now += 23 * hour;
      assert.equal(await taken(after.tokens), true);
      now += 2 * hour;
      assert.equal(await taken(after.tokens), 'unavailable');
    } finally {
      await entra.listen();
    }
  });

  it('another issuer than the one that was asked for is not believed', async () => {
    const { signIn } = readConfig({ OIDC_ISSUER: `${entra.authority}/${tenant}`, OIDC_AUDIENCE: 'feed' });
    const [issuer] = trustedIssuers(signIn);
    assert.ok(issuer);
    const keys = new IssuerKeys(issuer, { store: nowhere, observe: (event) => void events.push(event) });
    const tokens = new Tokens([{ issuer, keys }]);
    opened.push(tokens);
    const sent = await entra.v2({ iss: `${entra.authority}/${tenant}`, aud: 'feed' });
    await assert.rejects(tokens.principal(sent), /describes another issuer/);
  });
});
