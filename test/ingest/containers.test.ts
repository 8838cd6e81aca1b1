import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { GatewayError } from '../../src/errors.ts';
import { examineFile } from '../../src/ingest/csv/file-facts.ts';
import { DropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { takeFile } from '../../src/ingest/delivery/take/take-file.ts';
import { rebuildSets } from '../../src/ingest/rebuild/rebuild-sets.ts';
import { containerDrops, limits } from './support/container-drops.ts';
import { casesFile } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import { ingestAll } from './support/ingest-all.ts';
import { gzipNamed, unicodePath, zipOf } from './support/zips.ts';

describe('Containers', () => {
  const feed = useFeed();
  const { dropped, one, ledger, loadsOf, unique } = containerDrops(feed);

  it('a zip: each member is a file of its own, with its row in the ledger and its place as if unpacked', async () => {
    const [a, b] = [casesFile(3), casesFile(2)];
    const name = unique('.zip');
    const { result, lies } = await one(
      name,
      zipOf([
        { name: 'tracebuzz/', method: 0 },
        { name: `tracebuzz/${a.name}`, text: a.text, descriptor: true },
        { name: b.name, text: b.text, method: 0 },
        { name: '__MACOSX/._x.csv', text: 'mac' },
        { name: 'README.txt', text: 'read me' },
        { name: '.DS_Store', text: 'store' },
      ]),
    );
    assert.equal(result.state, 'unpacked');
    assert.match('message' in result ? (result.message ?? '') : '', /^2 members: 2 loaded; left alone: /);
    assert.equal(lies(name), 'loaded');
    assert.deepEqual(await ledger(name), [
      `${name}/tracebuzz/${a.name} loaded`,
      `${name}/${b.name} loaded`,
      `${name} unpacked`,
    ]);
    assert.equal((await feed().rows(`SELECT FROM gateway.loads WHERE "Member" = '${b.name}'`)).length, 1);
  });

  it('the same container again is known, under its name or another, and loads nothing twice', async () => {
    const [a, b] = [casesFile(3), casesFile(2)];
    const bytes = zipOf([
      { name: a.name, text: a.text },
      { name: b.name, text: b.text },
    ]);
    const first = await one('again.zip', bytes);
    writeFileSync(path.join(first.folder, 'again.zip'), bytes);
    const [again] = await first.scan();
    assert.match(again !== undefined && 'message' in again ? (again.message ?? '') : '', /^same bytes as load \d+/);
    const other = await one('other.zip', bytes);
    assert.match(other.result.state === 'unpacked' ? other.result.message : '', /2 members: 2 known/);
    assert.deepEqual([await loadsOf(a.name), await loadsOf(b.name)], [1, 1]);
  });

  it('a bad member does not stop the others: the container is refused with the list, the good ones are in, and known next time', async () => {
    const [a, b] = [casesFile(2), casesFile(2)];
    const members = [
      { name: a.name, text: a.text },
      { name: 'stranger.csv', text: 'x,y\n1,2\n' },
      { name: 'secret.csv', text: 'x', flags: 1 },
      { name: b.name, text: b.text },
    ];
    const { result, lies, reason, folder, scan } = await one('mixed.zip', zipOf(members));
    assert.equal(result.state === 'refused' && result.error.code, 'MembersRefused');
    assert.equal(lies('mixed.zip'), 'refused');
    assert.match(reason('mixed.zip'), /2 of 4 members of mixed\.zip are refused; the other 2 are loaded or known/);
    assert.match(reason('mixed.zip'), /stranger\.csv: FileUnknown: /);
    assert.match(reason('mixed.zip'), /secret\.csv: MemberNotTaken: .*encrypted.*without a password/);
    assert.deepEqual(await ledger('mixed.zip'), [
      `mixed.zip/${a.name} loaded`,
      `mixed.zip/${b.name} loaded`,
      'mixed.zip/secret.csv refused MemberNotTaken',
      'mixed.zip/stranger.csv refused FileUnknown',
      'mixed.zip refused MembersRefused',
    ]);
    const corrected = zipOf(members.filter(({ name }) => name === a.name || name === b.name));
    writeFileSync(path.join(folder, 'mixed.zip'), corrected);
    const [second] = await scan();
    assert.match(second?.state === 'unpacked' ? second.message : '', /2 members: 2 known/);
    assert.deepEqual([await loadsOf(a.name), await loadsOf(b.name)], [1, 1]);
  });

  it('ended between two members, it comes again: those that are in are known, and all of it is in once', async () => {
    const [a, b] = [casesFile(2), casesFile(2)];
    const zip = feed().write('crash.zip', zipOf([a, b]));
    const { catalogue, database } = feed();
    const context = { catalogue, database, limits };
    let loads = 0;
    const killed = takeFile(context, await examineFile(zip), {
      mayGoOn: () => {
        loads += 1;
        if (loads > 1) {
          throw new GatewayError('DatabaseUnavailable', 'killed');
        }
      },
    });
    await assert.rejects(killed, { code: 'DatabaseUnavailable' });
    assert.deepEqual(await ledger('crash.zip'), [`crash.zip/${a.name} loaded`]);
    const again = await takeFile(context, await examineFile(zip));
    assert.match(again.state === 'unpacked' ? again.message : '', /2 members: 1 loaded, 1 known/);
    assert.deepEqual(await ledger('crash.zip'), [
      `crash.zip/${a.name} loaded`,
      `crash.zip/${a.name} duplicate`,
      `crash.zip/${b.name} loaded`,
      'crash.zip unpacked',
    ]);
  });

  it('where a member waits, the others are taken once, and the container waits', async () => {
    const [a, b, c] = [casesFile(2), casesFile(2), casesFile(2)];
    const { catalogue, database } = feed();
    const folder = path.join(feed().folder, 'waits');
    mkdirSync(folder);
    let busy = 0;
    const waiting = new Proxy(database, {
      get(target, key): unknown {
        const value: unknown = Reflect.get(target, key);
        if (key !== 'transaction' || typeof value !== 'function') {
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (...given: unknown[]): unknown => {
          busy -= 1;
          return busy === 0 ? Promise.reject(new GatewayError('RestartNeeded', 'rebuilt')) : value.apply(target, given);
        };
      },
    });
    const drop = new DropFolder({ catalogue, database: waiting, limits }, folder, { settle: 0, minimumAge: 0 });
    const states = async (): Promise<readonly string[]> => (await drop.scan()).results.map(({ state }) => state);
    assert.deepEqual(await states(), [], 'what a first look notes is noted');
    writeFileSync(path.join(folder, 'waits.zip'), zipOf([a, { name: 'x.csv', text: 'x,y\n1,2\n' }, b, c]));
    busy = 2;
    assert.deepEqual(await states(), ['failed']);
    assert.ok(existsSync(path.join(folder, 'waits.zip')));
    assert.deepEqual(await states(), ['refused']);
    assert.deepEqual(await ledger('waits.zip'), [
      `waits.zip/${a.name} loaded`,
      `waits.zip/${c.name} loaded`,
      'waits.zip/x.csv refused FileUnknown',
      `waits.zip/${b.name} loaded`,
      'waits.zip refused MembersRefused',
    ]);
  });

  for (const [what, make, says] of [
    ['..', { name: '../evil.csv' }, /leads out of the archive/],
    ['.. in the middle', { name: 'a/../../evil.csv' }, /leads out of the archive/],
    ['an absolute path', { name: '/etc/evil.csv' }, /an absolute path/],
    ['a drive', { name: 'C:/evil.csv' }, /an absolute path/],
    ['a backslash', { name: 'a\\evil.csv' }, /a backslash/],
    ['a line break', { name: 'a\nevil.csv' }, /control characters/],
    ['NUL', { name: 'evil.csv\0.txt' }, /control characters/],
    ['a long name', { name: `${'x'.repeat(2000)}.csv` }, /longer than 1,024/],
    ['a password', { name: 'evil.csv', flags: 1 }, /encrypted.*Pack it without a password/],
    ['AES', { name: 'evil.csv', method: 99 }, /packed by AES/],
    ['Deflate64', { name: 'evil.csv', method: 9 }, /packed by Deflate64, which is not supported/],
    ['LZMA', { name: 'evil.csv', method: 14 }, /packed by LZMA/],
    ['an unknown method', { name: 'evil.csv', method: 77 }, /packed by method 77/],
    ['a link', { name: 'evil.csv', text: '/etc/passwd', unixMode: 0o120777 }, /it is a link/],
  ] as const) {
    it(`refuses a member by its name and does not write it: ${what}`, async () => {
      const good = casesFile(1);
      const text = 'text' in make ? make.text : 'x,y\n1,2\n';
      const { result, lies, folder } = await one(
        'odd.zip',
        zipOf([
          { ...make, text },
          { name: good.name, text: good.text },
        ]),
      );
      assert.ok(result.state === 'refused' && 'members' in result);
      const refused = result.members?.find(({ state }) => state === 'refused');
      assert.equal(refused !== undefined && 'error' in refused && refused.error.code, 'MemberNotTaken');
      assert.match(result.error.details.join('\n'), says);
      assert.equal(await loadsOf(good.name), 1);
      assert.equal(lies('odd.zip'), 'refused');
      assert.deepEqual(
        readdirSync(folder)
          .sort()
          .filter((name) => name.includes('evil')),
        [],
      );
    });
  }

  it('refuses members of one name: nobody can tell which counts', async () => {
    const [a, b, c] = [casesFile(1), casesFile(1), casesFile(1)];
    const { result } = await one(
      'twice.zip',
      zipOf([
        { name: a.name, text: a.text },
        { name: a.name, text: b.text },
        { name: c.name, text: c.text },
      ]),
    );
    assert.match(result.state === 'refused' ? result.error.details.join('\n') : '', /stands there more than once/);
    assert.deepEqual([await loadsOf(a.name), await loadsOf(c.name)], [0, 1]);
  });

  it('refuses what lies in an archive inside another one', async () => {
    const inner = casesFile(1);
    for (const [name, bytes] of [
      ['inner.zip', zipOf([{ name: inner.name, text: inner.text }])],
      [`${inner.name}.gz`, gzipSync(inner.text)],
    ] as const) {
      const { result } = await one('nested.zip', zipOf([{ name, text: bytes, method: 0 }]));
      assert.match(
        result.state === 'refused' ? result.error.details.join('\n') : '',
        /FileNotCsv.*inside another one is not loaded/,
      );
    }
    const { code, result } = await one('x.csv.gz', gzipSync(gzipSync(inner.text)));
    assert.equal(code, 'FileNotCsv');
    assert.match('error' in result ? result.error.message : '', /gzip archive/);
    assert.equal(await loadsOf(inner.name), 0);
  });

  it('damage: a wrong checksum, a wrong size, broken data, an archive cut off', async () => {
    const a = casesFile(2);
    const good = casesFile(1);
    const members = { name: good.name, text: good.text };
    for (const [bad, says] of [
      [{ crc: 1 }, /its checksum is another one/],
      [{ size: 7 }, /more comes out than the 7 bytes/],
      [{ size: 70_000 }, /bytes come out of it, and the archive states 70000/],
      [{ packed: Buffer.from('garbage, no deflate') }, /is damaged: /],
      [{ method: 0, size: 9 }, /is damaged: /],
    ] as const) {
      const { result } = await one('bad.zip', zipOf([{ name: a.name, text: a.text, ...bad }, members]));
      assert.match(result.state === 'refused' ? result.error.details.join('\n') : '', says);
    }
    assert.deepEqual([await loadsOf(a.name), await loadsOf(good.name)], [0, 1]);
    const whole = zipOf([members]);
    for (const bytes of [whole.subarray(0, whole.length - 10), whole.subarray(0, 40)]) {
      assert.equal((await one('cut.zip', bytes)).code, 'ContainerDamaged');
    }
    assert.deepEqual((await ledger('cut.zip')).slice(0, 1), ['cut.zip refused ContainerDamaged']);
  });

  it('limits: members, bytes, ratio; sizes in the directory are not believed; overlapping members are none', async () => {
    const good = casesFile(1);
    const zeros = Buffer.alloc(20_000_000);
    const many = Array.from({ length: 51 }, (_, index) => ({ name: `${index}.csv` }));
    const { code, result } = await one('many.zip', zipOf(many));
    assert.equal(code, 'ContainerTooLarge');
    assert.match('error' in result ? result.error.message : '', /51 members, more than the 50 of UNPACK_MAX_FILES/);
    const large = zipOf(['a', 'b', 'c'].map((name) => ({ name, size: 20_000_000, text: 'x' })));
    assert.match('error' in (await one('large.zip', large)).result ? 'yes' : '', /yes/);
    assert.equal((await one('large.zip', large)).code, 'ContainerTooLarge');
    for (const size of [zeros.length, 5000]) {
      const bomb = await one(
        'bomb.zip',
        zipOf([
          { name: 'bomb.csv', text: zeros, size },
          { name: good.name, text: good.text },
        ]),
      );
      const details = bomb.result.state === 'refused' ? bomb.result.error.details.join('\n') : '';
      assert.match(details, size === 5000 ? /more comes out than the 5000 bytes/ : /UNPACK_MAX_RATIO/);
    }
    const over = zipOf([
      { name: 'a.csv', text: good.text.repeat(50), method: 0 },
      { name: 'b.csv', text: good.text.repeat(50), method: 0, over: true },
    ]);
    assert.match(
      'error' in (await one('over.zip', over)).result ? (await one('over.zip', over)).reason('over.zip') : '',
      /lie over each other/,
    );
    const gz = await one('bomb.csv.gz', gzipSync(zeros));
    assert.match(gz.result.state === 'refused' ? gz.result.error.message : '', /UNPACK_MAX_RATIO/);
    const wide = await one('wide.csv.gz', gzipSync(zeros), { ...limits, ratio: 2000, bytes: 1_000_000 });
    assert.match(wide.result.state === 'refused' ? wide.result.error.message : '', /UNPACK_MAX_MB/);
  });

  it('names: UTF-8 by its flag, without it, by the Unicode path field, and code page 437', async () => {
    const file = casesFile(1);
    const stem = file.name.slice(0, -4);
    const old = Buffer.from(`${stem} caf\x82.csv`, 'latin1');
    for (const [index, member] of [
      { name: `${stem} café.csv` },
      { name: Buffer.from(`${stem} café.csv`), flags: 0 },
      { name: old },
      { name: old, extra: unicodePath(old, `${stem} café.csv`) },
    ].entries()) {
      const text = `${file.text}${' '.repeat(index)}`;
      const { result } = await one(unique('.zip'), zipOf([{ ...member, text }]));
      assert.equal(result.state, 'unpacked', String(index));
      assert.equal(result.state === 'unpacked' && path.basename(result.members[0]?.path ?? ''), `${stem} café.csv`);
    }
  });

  it('zip64, a comment, a field of times, and data behind which the sizes stand', async () => {
    const file = casesFile(2);
    const { ZipFile } = await import('yazl');
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from(file.text), file.name, {
      forceZip64Format: true,
      mtime: new Date('2026-03-04T05:06:07Z'),
    });
    zip.end({ forceZip64Format: true, comment: 'of the vendor' });
    const chunks: Buffer[] = [];
    for await (const chunk of zip.outputStream) {
      chunks.push(Buffer.from(chunk));
    }
    const { result } = await one('zip64.zip', Buffer.concat(chunks));
    assert.equal(result.state, 'unpacked');
    const [row] = await feed().rows<{ at: string }>(
      `SELECT modified_at::text AS at FROM gateway.load WHERE file_name = '${file.name}'`,
    );
    assert.equal(new Date(row?.at ?? '').toISOString(), '2026-03-04T05:06:07.000Z');
  });

  it('a zip of nothing to load is FileEmpty, a workbook is FileNotCsv', async () => {
    assert.equal((await one('only.zip', zipOf([{ name: 'readme.md', text: 'x' }]))).code, 'FileEmpty');
    const workbook = zipOf([
      { name: '[Content_Types].xml', text: '<x/>' },
      { name: 'xl/workbook.xml', text: '<x/>' },
    ]);
    for (const bytes of [workbook, workbook.subarray(0, 80)]) {
      const { code, result } = await one('book.csv', bytes);
      assert.equal(code, 'FileNotCsv');
      assert.match('error' in result ? result.error.message : '', /Excel workbook|Office document/);
    }
  });

  it('gzip by content: its name without .gz counts, the one in its header where only that is known', async () => {
    const [a, b, c, d] = [casesFile(2), casesFile(2), casesFile(2), casesFile(2)];
    const time = Date.UTC(2026, 4, 5) / 1000;
    const drop = await dropped({
      [`${a.name}.gz`]: gzipSync(a.text),
      [`tracebuzz/${b.name}`]: gzipSync(b.text),
      'daily.gz': gzipNamed(c.text, c.name, time),
      [`${d.name}.GZ`]: gzipNamed(d.text, 'tmp1234.csv'),
    });
    assert.deepEqual(
      drop.results.map(({ state }) => state),
      ['unpacked', 'unpacked', 'unpacked', 'unpacked'],
    );
    assert.deepEqual(await Promise.all([a, b, c, d].map(({ name }) => loadsOf(name))), [1, 1, 1, 1]);
    const [row] = await feed().rows<{ at: string }>(
      `SELECT modified_at::text AS at FROM gateway.load WHERE file_name = '${c.name}'`,
    );
    assert.equal(new Date(row?.at ?? '').getTime(), time * 1000);
  });

  it('gzip: several members are one text, NUL padding is none; what follows padding, garbage, damage and cuts are refused', async () => {
    const file = casesFile(3);
    const cut = Math.floor(file.text.length / 2);
    const [first, second] = [gzipSync(file.text.slice(0, cut)), gzipSync(file.text.slice(cut))];
    const whole = await one(`${file.name}.gz`, Buffer.concat([first, second, Buffer.alloc(200_000)]));
    assert.equal(whole.result.state, 'unpacked');
    const [row] = await feed().rows<{ n: number }>(
      `SELECT rows_read::int AS n FROM gateway.load WHERE file_name = '${file.name}'`,
    );
    assert.equal(row?.n, 3);
    const other = casesFile(3);
    const packed = gzipSync(other.text);
    const flipped = Buffer.from(packed);
    flipped.writeUInt8((packed.at(-6) ?? 0) ^ 1, packed.length - 6);
    for (const [bytes, says] of [
      [
        Buffer.concat([packed, Buffer.alloc(10), gzipSync('more')]),
        /10 bytes of padding.*more data follows, which would be lost/,
      ],
      [Buffer.concat([packed, Buffer.alloc(200_000), gzipSync('more')]), /200000 bytes of padding.*more data follows/],
      [Buffer.concat([packed, Buffer.from('garbage')]), /is damaged: incorrect header check/],
      [packed.subarray(0, packed.length - 5), /is damaged: unexpected end of file/],
      [packed.subarray(0, 12), /is damaged: unexpected end of file/],
      [flipped, /is damaged: incorrect data check/],
    ] as const) {
      const { result, lies } = await one(`${other.name}.gz`, bytes);
      assert.equal(result.state === 'refused' && result.error.code, 'ContainerDamaged');
      assert.match(result.state === 'refused' ? result.error.message : '', says);
      assert.equal(lies(`${other.name}.gz`), 'refused');
    }
    assert.equal(await loadsOf(other.name), 0);
  });

  it('gateway rebuild and --again find the bytes inside kept containers, by what the ledger says of them', async () => {
    const [a, b, c] = [casesFile(2), casesFile(2), casesFile(1)];
    const { folder } = await one(
      'kept.zip',
      zipOf([
        { name: `sub/${a.name}`, text: a.text },
        { name: b.name, text: b.text },
      ]),
    );
    await dropped({ [`${c.name}.gz`]: gzipSync(c.text) });
    const before = await feed().rows('SELECT * FROM feed."TracebuzzCases" ORDER BY "CaseId"');
    const { catalogue, database } = feed();
    const folders = [feed().folder];
    // Other tests of this file loaded without a container that stays as it was.
    const [report] = await rebuildSets({ database, catalogue, sets: ['TracebuzzCases'], folders });
    assert.equal(report?.rejected, 0);
    const served = (rows: readonly Record<string, unknown>[]) =>
      rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_'))));
    const after = await feed().rows('SELECT * FROM feed."TracebuzzCases" ORDER BY "CaseId"');
    assert.deepEqual(served(after), served(before));
    const results = await ingestAll(feed(), [path.join(folder, 'loaded', 'kept.zip')], { again: true });
    assert.match(results[0]?.state === 'unpacked' ? results[0].message : '', /2 members: 2 loaded/);
    rmSync(path.join(folder, 'loaded', 'kept.zip'));
    await assert.rejects(rebuildSets({ database, catalogue, sets: ['TracebuzzCases'], folders: [folder] }), {
      code: 'FilesMissing',
      message: /it came in a container of SHA-256/,
    });
    mkdirSync(path.join(folder, 'unpacked'));
    writeFileSync(path.join(folder, 'unpacked', 'x'), a.text);
    writeFileSync(path.join(folder, 'unpacked', 'y'), b.text);
    const [again] = await rebuildSets({ database, catalogue, sets: ['TracebuzzCases'], folders });
    assert.equal(again?.rejected, 0);
  });
});
