import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { GuessBrake } from '../../src/sign-in/password/guess-brake.ts';
import { AddressBook } from '../../src/sign-in/password/known-addresses.ts';
import { quickLine } from '../http/signing-in.ts';
import { until } from '../support/until.ts';
import { useGateways } from './gateways.ts';

describe('several gateways: who guesses passwords', () => {
  const shared = useGateways(3, (folder) => {
    writeFileSync(path.join(folder, 'users'), `${quickLine('ann', 'the right one')}\n`);
    return {
      ...{ AUTH_BASIC_FILE: path.join(folder, 'users'), AUDIT: 'off' },
      ...{ TRUST_PROXY: '127.0.0.1', PUBLIC_URL: 'http://feed.example' },
    };
  });

  /** Status of the reply of gateway `at`. */
  async function ask(at: number, password: string, address: string, name = 'ann'): Promise<number> {
    const gateway = shared().gateways.all[at % 3] ?? assert.fail();
    const pair = Buffer.from(`${name}:${password}`).toString('base64');
    // The address of `listening` is PUBLIC_URL; the port is its own.
    const { status } = await gateway.get('/odata/', { Authorization: `Basic ${pair}`, 'X-Forwarded-For': address });
    return status;
  }
  const later = (seconds: number) =>
    shared().client.query('UPDATE gateway.guess SET counted_at = counted_at - make_interval(secs => $1)', [seconds]);

  it('all together look at ten guesses of a name at once, then at one in 40 seconds; the right one waits like any other', async () => {
    assert.equal(await ask(0, 'the right one', '192.0.2.1'), 200);
    assert.equal(await ask(1, 'the right one', '192.0.2.1'), 200);
    const found = await Promise.all(Array.from({ length: 60 }, (_, n) => ask(n, `wrong ${n}`, `198.51.100.${n}`)));
    const looked = found.filter((status) => status === 401).length;
    assert.deepEqual([looked, found.filter((status) => status === 429).length], [10, 50]);
    // Each of them knows the right one, and would have it told without a guess.
    for (const at of [0, 1, 2]) {
      assert.equal(await ask(at, 'the right one', '203.0.113.9'), 429);
    }
  });

  it('where the name signed in before it goes on, at whichever gateway', async () => {
    await until('the third one knows the address', async () => (await ask(2, 'the right one', '192.0.2.1')) === 200);
    for (const at of [0, 1, 2]) {
      assert.equal(await ask(at, 'the right one', '192.0.2.1'), 200);
    }
  });

  it('a name that nobody has is counted alike, so that it is not told by its count', async () => {
    const found = await Promise.all(
      Array.from({ length: 24 }, (_, n) => ask(n, `wrong ${n}`, '198.51.100.1', 'nobody')),
    );
    assert.equal(found.filter((status) => status === 401).length, 10);
  });

  it('who signs in as before asks PostgreSQL for nothing', async () => {
    const before = await shared().client.query('SELECT guess_key, remaining, counted_at FROM gateway.guess ORDER BY 1');
    for (let n = 0; n < 9; n++) {
      assert.equal(await ask(n, 'the right one', '192.0.2.1'), 200);
    }
    const after = await shared().client.query('SELECT guess_key, remaining, counted_at FROM gateway.guess ORDER BY 1');
    assert.deepEqual(after.rows, before.rows);
  });

  it('counts that are full again are forgotten', async () => {
    await later(400);
    await until('none is left', async () => (await shared().client.query('SELECT FROM gateway.guess')).rowCount === 0);
  });
});

describe('sign-in: guesses from a network of IPv6', () => {
  it('one count for all its addresses, also where the name signed in from it', async () => {
    const book = new AddressBook(null);
    book.add('ann', '2001:db8:0:1::5');
    const brake = new GuessBrake(book, () => 0);
    for (let n = 0; n < 10; n++) {
      brake.require('ann', `2001:db8:0:1::${n}`, true);
      await brake.take('ann', `2001:db8:0:1::${n}`, true);
    }
    assert.throws(() => brake.require('ann', '2001:db8:0:1::ffff', true), /Too many wrong passwords/);
  });
});
