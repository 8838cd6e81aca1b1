import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzip } from 'node:zlib';
import { credentialWarnings } from '../../src/commands/serving/serving-faults.ts';
import {
  addKeyCommand,
  addUserCommand,
  dayOf,
  listCommand,
  removeCommand,
} from '../../src/commands/sign-in/credential-commands.ts';
import { readConfig } from '../../src/config.ts';
import { authentication } from '../../src/http/sign-in/authentication.ts';
import type { HttpEvent } from '../../src/observation/events/http.ts';
import { readCredentials } from '../../src/sign-in/files/credentials.ts';
import { editLines } from '../../src/sign-in/files/edit-lines.ts';
import { AddressBook } from '../../src/sign-in/password/known-addresses.ts';
import { isCheap, parseScrypt } from '../../src/sign-in/password/scrypt-hash.ts';
import { openFiles, quickLine } from '../http/signing-in.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-passwords-'));
const file = (name: string): string => path.join(folder, name);
async function* typed(text: string) {
  yield text;
}
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
/** Made by the version of before: N 16384. */
const oldLine = 'old:scrypt$16384$8$1$c2FsdHNhbHRzYWx0c2FsdA$Uks5BvvYbBOv2r3Ql73CnOUwRFnTSrp6oP7PyFI7XCM';

describe('sign-in: passwords and keys of files', () => {
  const opened = openFiles({ threads: 2 });
  after(() => opened.close());

  it('gateway user add, list and remove write the file whole, with 0600, and what else stands in it stays', async () => {
    const users = file('users');
    writeFileSync(users, `# people\n${oldLine}\n`, { mode: 0o644 });
    symlinkSync(users, file('link'));
    const printed: string[] = [];
    const context = {
      file: file('link'),
      setting: 'AUTH_BASIC_FILE' as const,
      print: (line: string) => void printed.push(line),
    };
    assert.equal(await addUserCommand('ann', context, { input: typed('too short\n') }), 1);
    assert.equal(await addUserCommand('a:b', context, { input: typed('long enough, too\n') }), 64);
    assert.equal(await addUserCommand('ann', context, { input: typed('correct horse\n') }), 0);
    assert.equal(statSync(users).mode & 0o777, 0o600);
    assert.equal(readFileSync(users, 'utf8').split('\n').slice(0, 2).join('\n'), `# people\n${oldLine}`);
    const [, , ann = ''] = readFileSync(users, 'utf8').split('\n');
    const hash = parseScrypt(ann.replace('ann:', ''));
    assert.deepEqual([hash?.N, hash?.r, hash?.p, hash !== null && isCheap(hash)], [2 ** 17, 8, 1, false]);
    assert.match(ann, /^ann:\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const passwords = opened.passwords(users);
    assert.equal(await passwords.check('ann', 'correct horse', '::1'), 'ann');
    assert.deepEqual(credentialWarnings(readConfig({ AUTH_BASIC_FILE: users })).length, 1);
    assert.match(
      credentialWarnings(readConfig({ AUTH_BASIC_FILE: users }))[0] ?? '',
      /hashes of old are .*"gateway user add"/,
    );
    assert.equal(await removeCommand('ann', context), 0);
    assert.equal(await removeCommand('ann', context), 1);
    assert.equal(await passwords.check('ann', 'correct horse', '::1'), null);
    printed.length = 0;
    assert.equal(listCommand(context), 0);
    assert.deepEqual(printed, ['old']);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.lock')),
      [],
    );
  });

  it('lines of before go on working', async () => {
    writeFileSync(file('old'), `${oldLine}\n`);
    const { lines, faults } = readCredentials(file('old'));
    assert.deepEqual([lines.length, faults], [1, []]);
    assert.equal(await opened.passwords(file('old')).check('old', 'a password of before', '::1'), 'old');
  });

  it('twenty who change the file at once lose nothing', async () => {
    const many = file('many');
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => editLines(many, (lines) => [...lines, quickLine(`user${n}`, 'x')])),
    );
    const { lines, faults } = readCredentials(many);
    assert.deepEqual([lines.length, faults], [20, []]);
  });

  it('gateway key add shows the key once; it ends after its day', async () => {
    const keys = file('keys');
    const printed: string[] = [];
    const context = { file: keys, setting: 'AUTH_KEY_FILE' as const, print: (line: string) => void printed.push(line) };
    assert.equal(await addKeyCommand('bi', day(10), context), 0);
    const [, key = ''] = /^key \(shown once\): ([\w-]{32})$/.exec(printed[0] ?? '') ?? [];
    assert.ok(!readFileSync(keys, 'utf8').includes(key));
    assert.deepEqual(await opened.keys(keys).find(key, '::1'), { name: 'bi', ended: null });
    const later = opened.keys(keys, () => Date.now() + 12 * 86_400_000);
    assert.deepEqual(await later.find(key, '::1'), { name: 'bi', ended: day(10) });
    await assert.rejects(
      async () =>
        authentication({ basic: null, keys: later }, 'k').identify({
          authorization: undefined,
          key,
          address: '::1',
          method: 'GET',
          headers: {},
        }),
      /ended on .* have another one made/,
    );
    assert.match(credentialWarnings(readConfig({ AUTH_KEY_FILE: keys })).join(), /within 30 days: bi \(/);
    assert.equal(dayOf('365'), day(365));
    for (const wrong of ['2020-01-01', '2027-02-30', 'soon', '0']) {
      assert.throws(() => (wrong === '0' ? dayOf('-1') : dayOf(wrong)), /a day to come/);
    }
    writeFileSync(keys, `bi:sha256$${'0'.repeat(64)}:2027-02-30\n`);
    assert.equal(readCredentials(keys).faults.length, 1);
  });
});

describe('sign-in: who guesses passwords', () => {
  const users = file('guessed');
  let now = 0;
  const addresses = new AddressBook(null);
  const opened = openFiles({}, addresses);
  const events: HttpEvent[] = [];
  const ask = async (password: string, address: string, name = 'ann'): Promise<string> => {
    const pair = Buffer.from(`${name}:${password}`).toString('base64');
    try {
      await guard.identify({ authorization: `Basic ${pair}`, key: undefined, address, method: 'GET', headers: {} });
      return 'in';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
    }
  };
  let guard: ReturnType<typeof authentication>;
  before(() => {
    writeFileSync(users, `${quickLine('ann', 'the right one')}\n`);
    guard = authentication(
      { basic: opened.passwords(users, () => now), keys: null },
      'k',
      (event) => void events.push(event),
    );
  });
  after(async () => {
    await opened.close();
    rmSync(folder, { recursive: true });
  });

  it('at most 100 guesses an hour for one name, from however many addresses; the right one is not told by its answer', async () => {
    assert.equal(await ask('the right one', '192.0.2.1'), 'in');
    let looked = 0;
    let right = '';
    for (let n = 0; n < 1200; n++) {
      const outcome = await ask(`wrong ${n}`, `198.51.100.${n % 200}`);
      looked += Number(outcome === 'Unauthorized');
      assert.ok(outcome === 'Unauthorized' || outcome === 'TooManyGuesses', outcome);
      right = outcome === 'TooManyGuesses' ? await ask('the right one', '203.0.113.9') : right;
      now += 3000;
    }
    assert.ok(looked > 80 && looked <= 100, String(looked));
    assert.equal(right, 'TooManyGuesses');
    const told = events.filter((event) => event.event === 'sign-in-refused');
    assert.equal(told.length > 1000, true);
    assert.deepEqual([told[0]?.name, told[0]?.address, told[0]?.way], ['ann', '198.51.100.0', 'password']);
    assert.ok(!JSON.stringify(told).includes('wrong 0'));
  });

  it('where the name signed in before, it goes on signing in all the while', async () => {
    assert.equal(await ask('another guess', '198.51.100.7'), 'TooManyGuesses');
    assert.equal(await ask('the right one', '192.0.2.1'), 'in');
    assert.equal(await ask('wrong', '192.0.2.1'), 'Unauthorized');
  });

  it('nobody is locked out: a stranger with the right password waits, at most 40 seconds', async () => {
    assert.equal(await ask('the right one', '203.0.113.50'), 'TooManyGuesses');
    now += 40_000;
    assert.equal(await ask('the right one', '203.0.113.50'), 'in');
  });

  it('a client that goes on sending one old password makes one guess', async () => {
    now += 3_600_000;
    for (let n = 0; n < 50; n++) {
      assert.equal(await ask('the one of last year', '203.0.113.77'), 'Unauthorized');
    }
    assert.equal(await ask('the right one', '203.0.113.78'), 'in');
  });

  it('addresses outlive a restart, for 90 days, in a file that nobody else reads', async () => {
    let at = Date.now();
    const book = new AddressBook(file('sub/addresses.json'), () => at);
    book.add('ann', '192.0.2.1');
    book.add('ann', '2001:db8:0:1::5');
    await book.flush();
    assert.equal(statSync(file('sub/addresses.json')).mode & 0o777, 0o600);
    const again = new AddressBook(file('sub/addresses.json'), () => at);
    assert.deepEqual(
      [
        again.has('ann', '192.0.2.1'),
        again.has('ann', '2001:db8:0:1:ffff::9'),
        again.has('ann', '192.0.2.2'),
        again.has('bob', '192.0.2.1'),
      ],
      [true, true, false, false],
    );
    at += 91 * 86_400_000;
    assert.equal(again.has('ann', '192.0.2.1'), false);
  });

  it('hashing takes none of the threads that compress, is bounded, and lets who is known go first', async () => {
    const slow = file('slow');
    writeFileSync(slow, `${oldLine}\n`);
    const few = openFiles({ threads: 1, ofAddress: 4, ofStrangers: 10 }, addresses);
    addresses.add('old', '192.0.2.1');
    try {
      const passwords = few.passwords(slow);
      const order: string[] = [];
      const strangers = Array.from({ length: 40 }, (_, n) =>
        passwords.check(n % 2 === 0 ? 'old' : `other${n}`, `wrong ${n}`, `198.51.100.${n % 20}`).then(
          () => void order.push('stranger'),
          (error: { code?: string }) => void order.push(error.code ?? 'unexpected'),
        ),
      );
      const known = passwords
        .check('old', 'a password of before', '192.0.2.1')
        .then((name) => void order.push(`known ${name}`));
      const compressed = new Promise<void>((resolve) =>
        gzip(Buffer.alloc(1000), () => {
          order.push('gzip');
          resolve();
        }),
      );
      await Promise.all([...strangers, known, compressed]);
      assert.ok(order.filter((one) => one === 'SignInUnavailable').length >= 20, order.join());
      const done = order.filter((one) => one !== 'SignInUnavailable' && one !== 'TooManyGuesses');
      // One hash was being computed when the known one came.
      assert.ok(done.indexOf('gzip') <= 1 && done.indexOf('known old') <= 2, done.join());
    } finally {
      await few.close();
    }
  });
});
