import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'mocha';
import { keepPrivate, mendModes, openSecrets, secretsOf } from '../../src/commands/serving/private-files.ts';
import { readConfig } from '../../src/config.ts';
import { moveFile } from '../../src/ingest/delivery/put-away/move-file.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

(process.platform === 'win32' ? describe.skip : describe)('files of the gateway on a machine with other users', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-modes-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (below: string, mode = 0o644): string => {
    const file = path.join(folder, below);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'x');
    chmodSync(file, mode);
    return file;
  };
  const places = (name: string) => {
    const dataDir = path.join(folder, name);
    // A server somewhere else, so that nobody has to pass through as the user of PostgreSQL.
    return { dataDir, dropDir: path.join(dataDir, 'drop'), uploadDir: path.join(dataDir, 'uploads'), databaseUrl: 'x' };
  };

  it('are closed to them, and the inbox of the drop folder keeps the rights that the operator gave it', async () => {
    const written = [
      'replies/a',
      'spool/b/c.csv',
      'upstream/d.xml',
      'drop/loaded/acme/e.csv',
      'drop/refused/f.csv.reason.txt',
      'uploads/g.part',
    ];
    const kept = ['drop/h.csv', 'drop/acme/i.csv', 'drop/acme/loaded/j.csv', 'postgres/k', 'notes-of-somebody.txt'];
    for (const below of [...written, ...kept]) {
      write(`one/${below}`);
    }
    const outside = write('outside.csv');
    symlinkSync(outside, path.join(folder, 'one/replies/link'));
    for (const below of ['one', 'one/drop', 'one/drop/acme', 'one/drop/loaded', 'one/spool/b']) {
      chmodSync(path.join(folder, below), 0o755);
    }
    const mended = await mendModes(places('one'));
    assert.equal(mended.files, written.length);
    assert.deepEqual(mended.left, []);
    const modes = (names: readonly string[]) => names.map((below) => modeOf(path.join(folder, 'one', below)));
    assert.deepEqual(
      modes(written),
      written.map(() => '600'),
    );
    assert.deepEqual(
      modes([...kept]),
      kept.map(() => '644'),
    );
    assert.deepEqual(modes(['', 'drop', 'drop/acme', 'drop/loaded', 'drop/loaded/acme', 'spool/b']), [
      '700',
      '755',
      '755',
      '700',
      '700',
      '700',
    ]);
    assert.equal(modeOf(outside), '644');
    assert.deepEqual(await mendModes(places('one')), { files: 0, folders: 0, left: [] });
  });

  it('can be passed by, where others may write into an inbox below', async () => {
    write('two/drop/acme/a.csv');
    chmodSync(path.join(folder, 'two/drop/acme'), 0o775);
    chmodSync(path.join(folder, 'two'), 0o755);
    await mendModes(places('two'));
    assert.equal(modeOf(path.join(folder, 'two')), '711');
    assert.equal(modeOf(path.join(folder, 'two/drop/acme')), '775');
  });

  it('leave a folder alone that others share, and say so', async () => {
    write('three/replies/a');
    chmodSync(path.join(folder, 'three'), 0o1777);
    const { left } = await mendModes(places('three'));
    assert.match(left.join(), /three is shared by others \(01777\)/);
    assert.equal(modeOf(path.join(folder, 'three/replies/a')), '600');
  });

  it('are theirs alone once they are taken, and lie in folders that nobody else enters', async () => {
    const moved = await moveFile(write('in/acme/a.csv', 0o664), path.join(folder, 'in/loaded'), 'acme/a.csv');
    assert.equal(modeOf(moved), '600');
    assert.equal(modeOf(path.dirname(moved)), '700');
    assert.ok(!existsSync(path.join(folder, 'in/acme/a.csv')));
  });

  it('with secrets that others can read are told, with those that the metadata names', async () => {
    const [open, changed, group, own] = [0o644, 0o620, 0o640, 0o600].map((mode) => write(`secrets/${mode}`, mode)) as [
      string,
      string,
      string,
      string,
    ];
    const told = await openSecrets(
      [open, changed, group, own, path.join(folder, 'none')].map((file) => ({ setting: 'S', file })),
    );
    assert.deepEqual(
      told.map((text) => /can be (\w+) .*\((\d+)\)/.exec(text)?.slice(1)),
      [
        ['read', '0644'],
        ['changed', '0620'],
      ],
    );
    const source = (name: string, more: object) => [name, { name, ...more }] as const;
    const sources = new Map([
      source('feed', {
        upstream: { signIn: { kind: 'bearer', token: { kind: 'file', path: open } } },
      }),
      source('server', {
        deliveries: [{ password: { kind: 'environment', name: 'X' }, privateKey: { kind: 'file', path: own } }],
      }),
    ]) as unknown as Parameters<typeof secretsOf>[0]['sources'];
    assert.deepEqual(secretsOf({ sources }), [
      { setting: 'feed', file: open },
      { setting: 'server', file: own },
    ]);
    const config = readConfig({ DATA_DIR: path.join(folder, 'none-yet') });
    const lines: string[] = [];
    const events: string[] = [];
    await keepPrivate(
      {
        ...{ config, environment: { AUTH_BASIC_FILE: own, SIGN_IN_KEY_FILE: changed }, progress: () => {} },
        print: (line) => lines.push(line),
        observe: ({ event }) => events.push(event),
      },
      { sources },
    );
    assert.deepEqual(
      lines.map((line) => line.split(':')[1]),
      [' SIGN_IN_KEY_FILE', ' feed'],
    );
    assert.deepEqual(events, ['file-rights', 'file-rights']);
    const closing = async (...places: readonly [name: string, mode: number][]): Promise<string | undefined> => {
      const data = path.join(folder, `told-${places.length}`);
      mkdirSync(data, { mode: 0o700 });
      for (const [name, mode] of places) {
        const place = path.join(data, 'upstream', name);
        mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
        writeFileSync(place, '{}');
        chmodSync(place, mode);
      }
      const said: string[] = [];
      const quiet = { progress: () => {}, observe: () => {}, print: (line: string) => void said.push(line) };
      await keepPrivate({ ...quiet, config: readConfig({ DATA_DIR: data }), environment: {} }, { sources: new Map() });
      return said[0];
    };
    const ending = 'of the gateway could be read by others; only the owner can now';
    assert.equal(await closing(['a.json', 0o644]), `warning: 1 file ${ending}`);
    assert.equal(await closing(['a.json', 0o644], ['b.json', 0o644]), `warning: 2 files ${ending}`);
  });
});
