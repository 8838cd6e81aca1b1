import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { DropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { casesFile, drops } from './support/drop.ts';
import { exportFile, useFeed } from './support/feed.ts';

describe('What lies oddly in the drop folder', () => {
  const feed = useFeed();
  const make = drops(feed);
  const count = async (): Promise<number> => (await feed().rows('SELECT 1 FROM gateway.load')).length;

  it('D8 a name that is no UTF-8, a link, a folder of such a name: told once each, and the rest is loaded', async function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    const drop = make({ minimumAge: 0 });
    const odd = Buffer.concat([Buffer.from(`${drop.folder}/`), Buffer.from([0x63, 0xe9, 0x2e, 0x63, 0x73, 0x76])]);
    writeFileSync(odd, 'a,b\n1,2\n');
    mkdirSync(Buffer.concat([Buffer.from(`${drop.folder}/`), Buffer.from([0xff])]));
    const { name, text } = casesFile(1);
    drop.write(name, text);
    drop.write('.hidden.csv', text);
    for (const broken of ['back\\slash.csv', 'line\nbreak.csv', '\u0085next.csv']) {
      writeFileSync(`${drop.folder}/${broken}`, text);
    }
    symlinkSync(drop.at('.hidden.csv'), drop.at('link.csv'));
    assert.deepEqual(await drop.after(0), ['loaded']);
    assert.deepEqual(await drop.after(60), []);
    assert.deepEqual(drop.notices.map(({ kind, message }) => `${kind} ${message}`).sort(), [
      'passed-over \\xc2\\x85next.csv is not loaded: its name has control characters: rename it',
      'passed-over \\xff is not loaded: its name is no UTF-8: rename it',
      'passed-over back\\slash.csv is not loaded: its name is a path: it has a slash or a backslash: rename it',
      'passed-over c\\xe9.csv is not loaded: its name is no UTF-8: rename it',
      'passed-over line\\x0abreak.csv is not loaded: its name has control characters: rename it',
      'passed-over link.csv is not loaded: it is a link: put the file itself there',
    ]);
    assert.ok(existsSync(odd));
  });

  for (const [what, text, state] of [
    ['loaded', casesFile(2).text, 'loaded'],
    ['refused', 'a,b\n1,2\n', 'refused'],
  ] as const) {
    it(`D9 a ${what} file that cannot be moved: told once, no second row in the ledger, not after a restart either`, async () => {
      const drop = make({ minimumAge: 0 });
      // A file where a folder must be keeps root out, too, as a read-only device does.
      drop.write(state, '');
      const { name } = casesFile(1);
      drop.write(name, text);
      const before = await count();
      assert.deepEqual(await drop.after(0), [state]);
      assert.deepEqual(await drop.after(60), []);
      drop.restart();
      assert.deepEqual(await drop.after(60), []);
      assert.deepEqual(await drop.after(60), []);
      assert.equal((await count()) - before, 1);
      assert.deepEqual(
        drop.notices.map(({ kind }) => kind),
        ['not-movable', 'not-movable'],
        'once in each life',
      );
      rmSync(drop.at(state));
      await drop.after(60);
      assert.ok(existsSync(drop.at(state, name)), 'moved as soon as that is possible');
    });
  }

  it('D9 a file that cannot be read is told once, not in every scan', async function () {
    // Root reads every file.
    if (process.getuid?.() === 0 || process.platform === 'win32') {
      this.skip();
    }
    const drop = make({ minimumAge: 0 });
    const { name, text } = casesFile(1);
    chmodSync(drop.write(name, text), 0);
    assert.deepEqual(await drop.after(0), ['failed']);
    assert.deepEqual(await drop.after(60), []);
    chmodSync(drop.at(name), 0o644);
    assert.deepEqual(await drop.after(60), ['loaded']);
  });

  it('D9 one scan at a time: one that is asked for while another goes on is that one', async () => {
    const drop = make();
    const { name, text } = casesFile(50);
    drop.write(name, text);
    const before = await count();
    const folder = new DropFolder(feed(), drop.folder, { settle: 20, minimumAge: 0 });
    const scans = await Promise.all([folder.scan(), folder.scan(), folder.scan()]);
    assert.ok(scans.every((scan) => scan === scans[0]));
    assert.equal((await count()) - before, 1);
  });

  it('B9 the folder of each source is there from the start, and any spelling of its name will do', async () => {
    const drop = make({ minimumAge: 0 });
    await drop.after(0);
    assert.deepEqual(readdirSync(drop.folder).sort(), ['hootsuite-inbox', 'sparkcentral', 'tracebuzz']);
    const rows = (id: string) =>
      exportFile('sparkcentral/contact-attributes', [{ ContactProfileId: id, AttributeId: '1' }]);
    const spelled = ['Sparkcentral', 'HOOTSUITE-INBOX', 'Hootsuite Inbox', 'hootsuite_inbox'];
    for (const [n, folder] of spelled.entries()) {
      drop.write(`${folder}/contacts-${n}.csv`, rows(`b9-${n}`));
    }
    drop.write('Hootsuite/contacts-9.csv', rows('b9-9'));
    assert.deepEqual((await drop.after(0)).toSorted(), ['loaded', 'loaded', 'loaded', 'loaded', 'refused']);
    const loads = await feed().rows<{ source: string }>(
      `SELECT source FROM gateway.load WHERE file_name LIKE 'contacts-%' ORDER BY file_name`,
    );
    assert.deepEqual(
      loads.map(({ source }) => source),
      ['sparkcentral', 'hootsuite-inbox', 'hootsuite-inbox', 'hootsuite-inbox', null],
    );
    drop.restart();
    await drop.after(0);
    assert.ok(existsSync(drop.at('sparkcentral')));
  });

  it('B9 a folder that is there in another spelling gets no second one beside it', async () => {
    const drop = make({ minimumAge: 0 });
    mkdirSync(drop.at('Sparkcentral'));
    mkdirSync(drop.at('Loaded'));
    drop.write('Loaded/old.csv', 'a,b\n');
    assert.deepEqual(await drop.after(0), []);
    assert.deepEqual(readdirSync(drop.folder).sort(), ['Loaded', 'Sparkcentral', 'hootsuite-inbox', 'tracebuzz']);
  });

  it('A18 names of 250 bytes get their reason and their number, and two that begin alike stay two', async () => {
    const drop = make({ minimumAge: 0 });
    const long = ['x', 'y'].map((last) => `${'é'.repeat(122)}${last}.csv`);
    for (const name of long) {
      assert.equal(Buffer.byteLength(name), 249);
      drop.write(name, `a,b\n${name},2\n`);
    }
    assert.deepEqual(await drop.after(0), ['refused', 'refused']);
    const reasons = readdirSync(drop.at('refused')).filter((name) => name.endsWith('.reason.txt'));
    assert.equal(reasons.length, 2);
    for (const reason of reasons) {
      assert.ok(Buffer.byteLength(reason) <= 255);
      assert.match(readFileSync(drop.at('refused', reason), 'utf8'), /^FileUnknown\n/);
    }
    for (const [n, name] of long.entries()) {
      drop.write(name, `a,b\n${name},${n}\n`);
    }
    assert.deepEqual(await drop.after(0), ['refused', 'refused']);
    assert.equal(readdirSync(drop.at('refused')).length, 8);
    assert.deepEqual(drop.notices, []);
    assert.ok(drop.taken.every(({ movedTo }) => movedTo !== null && existsSync(movedTo)));
  });
});
