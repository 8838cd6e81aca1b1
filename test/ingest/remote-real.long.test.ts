import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { casesFile } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import { useRealServers } from './support/real-delivery.ts';
import { goodLogin, newKey, serverOf, upload } from './support/remote.ts';

/**
 * What was measured at the servers of Debian, and is otherwise than one guesses. remote-faults.test.ts has the same at servers of our own, which behave so
 * where no real one can be had.
 */
describe('real servers', () => {
  const feed = useFeed();
  const { start, delivery, login, hostKey } = useRealServers(feed);

  for (const name of ['vsftpd', 'pure-ftpd', 'proftpd', 'sshd'] as const) {
    it(`${name}: what is no file is left alone, a file that may not be read keeps no other back, one that is gone is told as such`, async function () {
      const server = await start(this, name);
      const [good, secret] = [casesFile(1), casesFile(1)];
      const folder = path.join(server.root, 'in');
      upload(server.root, good.name, good.text);
      upload(server.root, secret.name, secret.text);
      chmodSync(path.join(folder, secret.name), 0o600);
      symlinkSync(good.name, path.join(folder, 'link.csv'));
      symlinkSync('nowhere', path.join(folder, 'dangling.csv'));
      execFileSync('mkfifo', [path.join(folder, 'fifo.csv')]);
      mkdirSync(path.join(folder, 'folder.csv'));
      const { rounds, remote } = delivery(server, name);
      const fates = await rounds.round();
      assert.equal(fates[good.name], 'accepted loaded');
      assert.equal(fates[secret.name], 'waits failed FilePermissionDenied');
      assert.ok(rounds.notices.some(({ below, message }) => below === 'link.csv' && message.includes('it is a link')));
      // ProFTPD tells a FIFO as a file, and says only when asked for its size that it is none.
      const fifo =
        rounds.notices.some(({ below }) => below === 'fifo.csv') || fates['fifo.csv'] === 'waits failed FileUnreadable';
      assert.ok(fifo, JSON.stringify(fates));
      const connection = await remote.connect();
      const into = new PassThrough();
      into.on('error', () => {});
      const gone = connection.read('in/gone.csv', 0, into);
      // ProFTPD closes the data connection before its 550 can be read: that alone is no network fault.
      await assert.rejects(gone, { code: name === 'proftpd' ? 'ServerUnreachable' : 'FileUnreadable' });
      await connection.close();
      const again = await remote.connect();
      assert.equal(await again.facts('in/gone.csv'), null);
      await again.close();
    });

    it(`${name}: a file is moved away and deleted`, async function () {
      const server = await start(this, name);
      const file = casesFile(2);
      upload(server.root, file.name, file.text);
      execFileSync('chown', ['-R', name === 'vsftpd' ? 'daemon' : 'nobody', path.join(server.root, 'in')]);
      const { rounds, remote } = delivery(server, name, { afterLoad: 'archive', archiveDirectory: 'old/taken' });
      assert.deepEqual(await rounds.round(), { [file.name]: 'accepted loaded' });
      assert.deepEqual(rounds.notices, []);
      const connection = await remote.connect();
      assert.equal((await connection.facts(`old/taken/${file.name}`))?.size, file.text.length);
      assert.equal(await connection.facts(`in/${file.name}`), null);
      await connection.remove(`old/taken/${file.name}`);
      assert.equal(await connection.facts(`old/taken/${file.name}`), null);
      await connection.close();
    });
  }

  it('pure-ftpd: cuts a listing at 9,998 files with the code of success', async function () {
    const server = await start(this, 'pure-ftpd');
    for (let number = 0; number < 10_050; number++) {
      writeFileSync(path.join(server.root, 'in', `${number}.txt`), '');
    }
    const { remote } = delivery(server, 'pure-ftpd');
    const connection = await remote.connect();
    const { entries, cut } = await connection.list('in');
    await connection.close();
    assert.equal(entries.length, 9998);
    assert.match(cut ?? '', /truncated/i);
    const { rounds } = delivery(server, 'pure-ftpd', { patterns: ['[.]csv$'] });
    await assert.rejects(rounds.round(), { code: 'ListingCut' });
  });

  it('vsftpd: with use_localtime the time of an untouched file moves with the zone; it is fetched, known, and keeps its place', async function () {
    const environment = { TZ: 'Europe/Amsterdam' };
    const server = await start(this, 'vsftpd', { more: ['use_localtime=YES'], environment });
    upload(server.root, 'cases.csv', casesFile(1).text);
    const { rounds } = delivery(server, 'vsftpd', { id: 'tracebuzz/local-time' });
    assert.deepEqual(await rounds.round(), { 'cases.csv': 'accepted loaded' });
    assert.deepEqual(await rounds.round(), {});
    await server.restart({ TZ: 'UTC' });
    assert.deepEqual(await rounds.round(), { 'cases.csv': 'accepted duplicate' });
    assert.deepEqual(await rounds.round(), {});
  });

  it('a beginning behind the end: one server sends nothing and calls it success, two refuse it', async function () {
    const outcomes: Record<string, string> = {};
    for (const name of ['vsftpd', 'pure-ftpd', 'proftpd'] as const) {
      const server = await start(this, name);
      upload(server.root, 'short.csv', 'abc');
      const connection = await delivery(server, name).remote.connect();
      const into = new PassThrough();
      into.on('error', () => {});
      into.resume();
      outcomes[name] = await connection.read('in/short.csv', 10, into).then(
        () => 'success',
        () => 'refused',
      );
      await connection.close();
    }
    assert.deepEqual(outcomes, { vsftpd: 'success', 'pure-ftpd': 'refused', proftpd: 'refused' });
  });

  it('pure-ftpd and proftpd: a wrong password is told as such', async function () {
    for (const name of ['pure-ftpd', 'proftpd'] as const) {
      const server = await start(this, name);
      const { settings } = delivery(server, name);
      const wrong = serverOf(settings, { ...goodLogin, user: server.user, password: 'wrong' });
      await assert.rejects(wrong.connect(), { code: 'LoginRefused' });
    }
  });

  it('sshd: a key that it does not know, a host key that we do not know', async function () {
    const server = await start(this, 'sshd');
    const { settings } = delivery(server, 'sshd');
    const stranger = serverOf(settings, { ...login, user: server.user, privateKey: newKey().secret });
    await assert.rejects(stranger.connect(), { code: 'LoginRefused' });
    const elsewhere = serverOf({ ...settings, hostKeys: [newKey().fingerprint] }, { ...login, user: server.user });
    await assert.rejects(elsewhere.connect(), {
      code: 'HostKeyMismatch',
      message: new RegExp(hostKey.fingerprint.replaceAll('+', '\\+')),
    });
  });
});
