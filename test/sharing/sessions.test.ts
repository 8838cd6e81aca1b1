import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { sessionSecrets } from '../../src/warehouse/shared/session-keys.ts';
import { quickLine } from '../http/signing-in.ts';
import { until } from '../support/until.ts';
import { cookieOf, useGateways } from './gateways.ts';

const password = `Basic ${Buffer.from('ann:a password of ann').toString('base64')}`;

describe('several gateways: sessions of browsers', () => {
  const shared = useGateways(2, (folder) => {
    writeFileSync(path.join(folder, 'users'), `${quickLine('ann', 'a password of ann')}\n`);
    return { AUTH_BASIC_FILE: path.join(folder, 'users') };
  });

  it('one that was begun at one gateway holds at the other, and its sign-out there ends it at both', async () => {
    const [one, two] = shared().gateways.all;
    assert.ok(one !== undefined && two !== undefined);
    const begun = await one.get('/sign-in?with=password', { Authorization: password });
    assert.equal(begun.status, 303, await begun.text());
    const cookie = cookieOf(begun);
    assert.equal((await two.get('', { Cookie: cookie })).status, 200);
    assert.equal((await two.get('/sign-out', { Cookie: cookie, Origin: two.origin }, 'POST')).status, 303);
    assert.equal((await two.get('', { Cookie: cookie })).status, 401);
    await until('the other one knows', async () => (await one.get('', { Cookie: cookie })).status === 401);
    // One that starts later knows, too.
    const three = await shared().gateways.start();
    assert.equal((await three.get('', { Cookie: cookie })).status, 401);
    assert.ok(!existsSync(path.join(three.folder, 'sign-in', 'session-key')), 'the key is that of the database');
  });

  it('with SIGN_IN_KEY_FILE the key is that of the file, which is changed while they run', async () => {
    const file = path.join(shared().gateways.all[0]?.folder ?? '', 'key');
    writeFileSync(file, 'a'.repeat(32));
    const keyed = await shared().gateways.start({ SIGN_IN_KEY_FILE: file });
    const [other] = shared().gateways.all;
    const first = cookieOf(await keyed.get('/sign-in?with=password', { Authorization: password }));
    assert.equal((await keyed.get('', { Cookie: first })).status, 200);
    assert.equal((await other?.get('', { Cookie: first }))?.status, 401, 'it was sealed with another key');
    writeFileSync(file, `${'b'.repeat(32)}\n${'a'.repeat(32)}`);
    const second = cookieOf(await keyed.get('/sign-in?with=password', { Authorization: password }));
    assert.equal((await keyed.get('', { Cookie: first })).status, 200);
    writeFileSync(file, 'b'.repeat(32));
    assert.equal((await keyed.get('', { Cookie: first })).status, 401);
    assert.equal((await keyed.get('', { Cookie: second })).status, 200);
    writeFileSync(file, 'too short');
    assert.equal((await keyed.get('', { Cookie: second })).status, 200, 'a faulty file changes nothing');
  });

  it('the key of the database is made once by whoever comes first, replaced after 30 days, and used when all know it', async () => {
    await shared().client.query('DELETE FROM gateway.session_key');
    const opened = await openDatabase({ connection: shared().database.connectionString });
    let made = 0;
    const ask = () => sessionSecrets(opened, () => `secret ${++made}`);
    const [first, ...same] = await Promise.all([ask(), ask(), ask(), ask()]);
    assert.equal(first?.length, 1);
    assert.ok(same.every((secrets) => secrets[0] === first?.[0]));
    const older = (days: number) =>
      shared().client.query(`UPDATE gateway.session_key SET made_at = made_at - make_interval(days => $1)`, [days]);
    await older(31);
    const [old, young] = await ask();
    assert.equal(old, first?.[0], 'others do not know the new one yet');
    assert.match(young ?? '', /^secret /);
    await older(1);
    assert.deepEqual(await ask(), [young, old]);
    await older(28);
    assert.deepEqual(await ask(), [young, old], 'what the old one sealed is opened');
    await older(31);
    assert.ok(!(await ask()).includes(old ?? ''));
    await opened.close();
  });

  it('a gateway that stops is none of them at once', async () => {
    const count = async () => (await shared().client.query('SELECT FROM gateway.instance')).rowCount ?? 0;
    const before = await count();
    await shared().gateways.all.at(-1)?.stop();
    assert.equal(await count(), before - 1);
  });
});
