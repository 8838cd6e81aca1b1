import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GatewayError } from '../../src/errors.ts';
import { type OwnFtp, ownFtp } from '../support/servers/own-ftp.ts';
import { type OwnSftp, ownSftp } from '../support/servers/own-sftp.ts';
import { casesFile } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import {
  goodLogin,
  newKey,
  password,
  roundsOf,
  serverFolder,
  serverOf,
  settingsOf,
  upload,
  user,
} from './support/remote.ts';

/** The same faults at an FTP and at an SFTP server, as far as both can have them. */
interface Place {
  readonly name: string;
  root: string;
  server(): OwnFtp | OwnSftp;
  settings(): ReturnType<typeof settingsOf>;
}

describe('faults of servers that are asked', () => {
  const feed = useFeed();
  const hostKey = newKey();
  let ftp: OwnFtp;
  let sftp: OwnSftp;
  let count = 0;
  const places: readonly [Place, Place] = [
    {
      name: 'FTP',
      root: '',
      server: () => ftp,
      settings: () => settingsOf({ id: `tracebuzz/ftp-${count}`, protocol: 'ftp', port: ftp.port, directory: 'in' }),
    },
    {
      name: 'SFTP',
      root: '',
      server: () => sftp,
      settings: () =>
        settingsOf({
          ...{ id: `tracebuzz/sftp-${count}`, protocol: 'sftp', port: sftp.port },
          ...{ hostKeys: [hostKey.fingerprint], directory: 'in' },
        }),
    },
  ];
  beforeEach(async () => {
    count += 1;
    for (const place of places) {
      place.root = serverFolder();
    }
    ftp = await ownFtp({ root: places[0].root, user, password });
    sftp = await ownSftp({ root: places[1].root, user, password, hostKey: hostKey.secret });
  });
  afterEach(async () => {
    await ftp.close();
    await sftp.close();
  });
  /** Rows, enough that a file is several pieces of a transfer. */
  const long = () => casesFile(3000);
  const loads = async (name: string): Promise<number> =>
    (await feed().rows(`SELECT FROM gateway.load WHERE file_name = '${name}' AND state = 'loaded'`)).length;

  for (const place of places) {
    describe(place.name, () => {
      it('a transfer that is cut goes on where it stopped, on a new connection', async () => {
        const file = long();
        upload(place.root, file.name, file.text);
        const { manners } = place.server();
        manners.breaks.push(20_000, 20_000);
        const rounds = roundsOf(feed(), place.settings());
        assert.equal((await rounds.round())[file.name], 'accepted loaded');
        assert.ok(manners.sent >= file.text.length && manners.sent < file.text.length * 1.6, `${manners.sent}`);
        assert.deepEqual(
          [manners.logins, rounds.events.filter(({ event }) => event === 'delivery-retry').length],
          [3, 2],
        );
      });

      it('one login serves a round of many files, and another one the next round', async () => {
        const files = Array.from({ length: 5 }, () => casesFile(1));
        for (const { name, text } of files) {
          upload(place.root, name, text);
        }
        const rounds = roundsOf(feed(), { ...place.settings(), afterLoad: 'delete' });
        assert.equal(Object.keys(await rounds.round()).length, 5);
        assert.equal(place.server().manners.logins, 1);
        assert.deepEqual(await rounds.round(), {});
        assert.equal(place.server().manners.logins, 2);
      });

      it('a server that is killed in the middle, and comes back', async () => {
        const file = long();
        upload(place.root, file.name, file.text);
        const server = place.server();
        let killed = false;
        server.manners.whenRead = () => {
          if (!killed) {
            killed = true;
            setTimeout(() => server.breakAll(), 3);
          }
        };
        assert.equal((await roundsOf(feed(), place.settings()).round())[file.name], 'accepted loaded');
      });

      it('a server that does not come back: the round ends, the file waits', async () => {
        const file = long();
        upload(place.root, file.name, file.text);
        const server = place.server();
        server.manners.breaks.push(20_000);
        server.manners.whenRead = () => void server.close();
        const rounds = roundsOf(feed(), place.settings());
        await assert.rejects(rounds.round(), { code: 'ServerUnreachable', recovery: 'retriable' });
        assert.equal(await loads(file.name), 0);
      });

      it('a program that is to end does not wait for a transfer', async () => {
        const file = long();
        upload(place.root, file.name, file.text);
        const stopping = new AbortController();
        place.server().manners.whenRead = () => stopping.abort();
        const rounds = roundsOf(feed(), place.settings(), { signal: stopping.signal, delays: [60_000] });
        await rounds.round().catch((error: GatewayError) => assert.equal(error.code, 'ServerUnreachable'));
        assert.equal(
          (await roundsOf(feed(), place.settings()).round())[file.name] ?? 'accepted loaded',
          'accepted loaded',
        );
        assert.equal(await loads(file.name), 1);
      });

      it('a file that ends early with every sign of success is not taken for whole', async () => {
        const file = long();
        upload(place.root, file.name, file.text);
        place.server().manners.truncates.push(1000);
        assert.equal((await roundsOf(feed(), place.settings()).round())[file.name], 'accepted loaded');
      });

      it('a file that grows while it is fetched waits for the next round', async () => {
        const file = long();
        upload(place.root, file.name, file.text.slice(0, 30_000));
        const { manners } = place.server();
        manners.whenRead = () => appendFileSync(path.join(place.root, 'in', file.name), file.text.slice(30_000));
        const rounds = roundsOf(feed(), place.settings());
        assert.equal((await rounds.round())[file.name], 'waits failed FileUnreadable');
        manners.whenRead = null;
        assert.equal((await rounds.round())[file.name], 'accepted loaded');
      });

      it('a file that is replaced between listing and fetching waits for the next round', async () => {
        const file = long();
        upload(place.root, file.name, 'x');
        const settings = place.settings();
        const inner = serverOf(settings);
        const rounds = roundsOf(feed(), settings, {
          server: {
            connect: async () => {
              const connection = await inner.connect();
              const list = connection.list.bind(connection);
              connection.list = async (directory) => {
                const found = await list(directory);
                upload(place.root, file.name, file.text);
                return found;
              };
              return connection;
            },
          },
        });
        assert.equal((await rounds.round())[file.name], 'waits failed FileUnreadable');
        assert.equal((await rounds.round())[file.name], 'accepted loaded');
      });

      it('a file that may not be read keeps no other one back', async () => {
        const [one, other] = [casesFile(1), casesFile(1)];
        upload(place.root, one.name, one.text);
        upload(place.root, other.name, other.text);
        const { manners } = place.server();
        manners.denied.add(one.name);
        const rounds = roundsOf(feed(), place.settings());
        const fates = await rounds.round();
        assert.deepEqual(
          [fates[one.name], fates[other.name]],
          ['waits failed FilePermissionDenied', 'accepted loaded'],
        );
        manners.denied.clear();
        assert.equal((await rounds.round())[one.name], 'accepted loaded');
      });

      it('a directory that may not be listed, or is not there, is an error and not an empty one', async () => {
        place.server().manners.denied.add('in');
        await assert.rejects(roundsOf(feed(), place.settings()).round(), { code: 'DirectoryUnreadable' });
        const elsewhere = { ...place.settings(), directory: 'nowhere' };
        await assert.rejects(roundsOf(feed(), elsewhere).round(), { code: 'DirectoryUnreadable', message: /nowhere/ });
      });

      it('a wrong password is tried once in a round', async () => {
        const settings = place.settings();
        const server = serverOf(settings, { ...goodLogin, password: 'wrong' });
        await assert.rejects(roundsOf(feed(), settings, { server }).round(), {
          code: 'LoginRefused',
          recovery: 'fatal',
        });
        const { manners } = place.server();
        assert.equal('refused' in manners ? manners.refused : manners.logins, 1);
      });

      it('what the server does not let us put away is told once, fetched once, and tried again', async () => {
        const file = casesFile(1);
        upload(place.root, file.name, file.text);
        const { manners } = place.server();
        const settings = { ...place.settings(), afterLoad: 'delete' as const };
        const rounds = roundsOf(feed(), settings);
        manners.whenRead = (name) => manners.denied.add(name);
        assert.equal((await rounds.round())[file.name], 'accepted loaded');
        assert.deepEqual(await rounds.round(), {});
        assert.deepEqual(
          rounds.notices.map(({ kind, below }) => [kind, below]).filter(([, below]) => below === file.name),
          [['refused-there', file.name]],
        );
        manners.denied.clear();
        await rounds.round();
        assert.equal(
          await serverOf(settings)
            .connect()
            .then((c) => c.facts(`in/${file.name}`).finally(() => c.close())),
          null,
        );
      });

      it('a file moved away gets a number where its name is taken', async () => {
        const settings = { ...place.settings(), afterLoad: 'archive' as const, archiveDirectory: 'old' };
        const [one, other] = [casesFile(1), casesFile(1)];
        const rounds = roundsOf(feed(), settings);
        upload(place.root, 'cases.csv', one.text);
        await rounds.round();
        upload(place.root, 'cases.csv', other.text);
        assert.equal((await rounds.round())['cases.csv'], 'accepted loaded');
        const read = (name: string): string => readFileSync(path.join(place.root, 'old', name), 'utf8');
        assert.deepEqual([read('cases.csv'), read('cases (2).csv')], [one.text, other.text]);
      });

      it('links, directories and odd names are left alone with a line', async () => {
        const folder = path.join(place.root, 'in');
        const good = casesFile(1);
        upload(place.root, good.name, good.text);
        symlinkSync(path.join(folder, good.name), path.join(folder, `link-${count}.csv`));
        mkdirSync(path.join(folder, `folder-${count}.csv`));
        for (const name of ['line\nbreak.csv', 'back\\slash.csv', ' blank.csv', '\u0085next.csv']) {
          writeFileSync(path.join(folder, name), good.text);
        }
        writeFileSync(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9]), Buffer.from('.csv')]), 'x');
        const rounds = roundsOf(feed(), place.settings());
        const fates = await rounds.round();
        assert.equal(fates[good.name], 'accepted loaded');
        const told = rounds.notices.map(({ message }) => message).join('\n');
        for (const part of [
          `link-${count}.csv is not fetched: it is a link`,
          'back\\slash.csv is not fetched: its name is a path',
          `Directories in in are not looked into, as the delivery does not say "recursive: true": folder-${count}.csv`,
          'is no UTF-8',
        ]) {
          assert.ok(told.includes(part), `${part}\n${told}`);
        }
        assert.ok(!/[\n\u0085]/.test(rounds.notices.map(({ below }) => below).join('')), told);
        assert.deepEqual(
          Object.keys(fates).filter((name) => name.includes('break') && name !== 'break.csv'),
          [],
        );
      });
    });
  }

  it('FTP: passive ports that are used up end the round with what to do', async () => {
    ftp.manners.noPassive = true;
    const failed = roundsOf(feed(), places[0].settings()).round();
    await assert.rejects(
      failed,
      (error: GatewayError) => error.code === 'TransferRefused' && /passive ports/.test(error.remedy),
    );
  });

  it('FTP: a server that has as many clients as it takes refuses no login: it is tried again', async () => {
    const file = casesFile(1);
    upload(places[0].root, file.name, file.text);
    const full = [
      '530 Sorry, the maximum number of clients (1) for this user are already connected.',
      '421 Too many connections (8) from this IP',
      '500 OOPS: child died',
    ];
    ftp.manners.refusals.push(...full);
    assert.equal((await roundsOf(feed(), places[0].settings()).round())[file.name], 'accepted loaded');
    assert.equal(ftp.manners.logins, 4);
    for (const refusal of [
      '530 Too many failed logins for this user.',
      '530 Account locked: the maximum was reached',
    ]) {
      ftp.manners.refusals.push(refusal);
      await assert.rejects(roundsOf(feed(), places[0].settings()).round(), { code: 'LoginRefused' });
    }
    assert.equal(ftp.manners.logins, 6);
  });

  it('FTP: a listing that was cut is an error after what it holds was taken in', async () => {
    const [one, other] = [casesFile(1), casesFile(1)];
    const { root } = places[0];
    upload(root, one.name, one.text);
    upload(root, other.name, other.text);
    const server = ftp;
    server.manners.cut = { after: 1, words: 'Output truncated to 1 matches' };
    const settings = { ...settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }), id: 'tracebuzz/cut' };
    await assert.rejects(roundsOf(feed(), settings).round(), { code: 'ListingCut', message: /Output truncated to 1/ });
    assert.deepEqual([await loads(one.name), await loads(other.name)], [1, 0]);
  });

  it('FTP: a refusal that looks like a broken network is asked about, and no reason to try for ever', async () => {
    const { root } = places[0];
    const [one, other] = [casesFile(1), casesFile(1)];
    upload(root, one.name, one.text);
    upload(root, other.name, other.text);
    const server = ftp;
    server.manners.resets = true;
    server.manners.denied.add(one.name);
    const settings = { ...settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }), id: 'tracebuzz/reset' };
    const fates = await roundsOf(feed(), settings).round();
    assert.deepEqual(fates, { [one.name]: 'waits failed FilePermissionDenied', [other.name]: 'accepted loaded' });
  });

  it('FTP: a clock change between two rounds fetches again, and loads nothing twice', async () => {
    const { root } = places[0];
    upload(root, 'cases.csv', casesFile(2).text);
    const server = ftp;
    server.manners.mlsd = false;
    const settings = { ...settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }), id: 'tracebuzz/zone' };
    const rounds = roundsOf(feed(), settings);
    assert.deepEqual(await rounds.round(), { 'cases.csv': 'accepted loaded' });
    assert.deepEqual(await rounds.round(), {});
    server.manners.zoneHours = 1;
    assert.deepEqual(await rounds.round(), { 'cases.csv': 'accepted duplicate' });
    assert.deepEqual(await rounds.round(), {});
    const times = await feed().rows<{ n: number }>(
      `SELECT count(DISTINCT modified_at)::int AS n FROM gateway.load WHERE path = 'tracebuzz/cases.csv'`,
    );
    assert.deepEqual(times, [{ n: 1 }], 'the time that orders the bytes is the one seen first');
    assert.ok(server.manners.commands.some((command) => command.startsWith('MDTM')));
  });

  it('FTP: a file that was rewritten with the same size is fetched', async () => {
    const { root } = places[0];
    const text = casesFile(1).text;
    const other = text.replace(/(\d)(,)/, (_, digit: string) => `${(Number(digit) + 1) % 10},`);
    assert.ok(other !== text && other.length === text.length);
    upload(root, 'cases.csv', text);
    const server = ftp;
    const settings = {
      ...settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }),
      id: 'tracebuzz/same-size',
    };
    const rounds = roundsOf(feed(), settings);
    await rounds.round();
    upload(root, 'cases.csv', other);
    utimesSync(path.join(root, 'in', 'cases.csv'), new Date(), new Date(Date.now() + 60_000));
    assert.deepEqual(await rounds.round(), { 'cases.csv': 'accepted loaded' });
  });

  it('an unfinished upload waits until it stays as it is, and is told when it waits for too long', async () => {
    const { root } = places[0];
    const file = casesFile(1);
    upload(root, file.name, file.text.slice(0, 20));
    upload(root, 'more.csv.part', 'x');
    const server = ftp;
    const settings = {
      ...settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }),
      ...{ id: 'tracebuzz/young', minimumAgeSeconds: 60, stuckAfterMinutes: 60 },
    };
    const rounds = roundsOf(feed(), settings);
    const later = (minutes: number) =>
      feed().rows(
        `UPDATE gateway.delivery_file SET seen_since = seen_since - interval '${minutes} min', first_seen_at = first_seen_at - interval '${minutes} min' WHERE delivery = 'tracebuzz/young'`,
      );
    assert.deepEqual(await rounds.round(), {});
    await later(59);
    upload(root, file.name, file.text);
    assert.deepEqual(await rounds.round(), {}, 'it has grown');
    await later(2);
    assert.deepEqual(await rounds.round(), { [file.name]: 'accepted loaded' });
    assert.deepEqual(await roundsOf(feed(), settings).round(), {}, 'another program');
    assert.deepEqual(
      rounds.notices.map(({ kind, below }) => [kind, below]),
      [['stuck-upload', 'more.csv.part']],
    );
  });

  it('FTP: a file that is shorter when a broken transfer goes on is not asked for behind its end', async () => {
    const { root } = places[0];
    const file = long();
    upload(root, file.name, file.text);
    ftp.manners.breaks.push(20_000);
    ftp.manners.whenBroken = () => upload(root, file.name, 'short');
    const fates = await roundsOf(feed(), places[0].settings()).round();
    assert.equal(fates[file.name], 'waits failed FileUnreadable');
    assert.deepEqual(
      ftp.manners.commands.filter((command) => command.startsWith('REST')),
      [],
    );
  });

  it('a disk that is full here: the round ends, nothing is lost, and goes on once there is space', async function () {
    const disk = serverFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk], { encoding: 'utf8' });
    if (mounted.status !== 0) {
      console.log('      not tried: a disk of its own needs the right to mount one');
      this.skip();
    }
    try {
      for (const place of places) {
        const file = casesFile(8000);
        upload(place.root, file.name, file.text);
        const full = roundsOf(feed(), place.settings(), { spoolFolder: disk });
        await assert.rejects(full.round(), { code: 'SpoolFull', recovery: 'retriable' });
        assert.deepEqual(await roundsOf(feed(), place.settings()).round(), { [file.name]: 'accepted loaded' });
      }
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });
});
