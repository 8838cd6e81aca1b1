import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { ingestExitCode } from '../../src/commands/ingest.ts';
import { exitCodes } from '../../src/commands/support/exit-code.ts';
import { fillFromExtras } from '../../src/ingest/back-fill/fill-from-extras.ts';
import { loadEvent } from '../../src/ingest/delivery/ingest-result.ts';
import { ingestPaths } from '../../src/ingest/delivery/paths/ingest-paths.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { levelOf } from '../../src/observation/observation.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { ownFtp } from '../support/servers/own-ftp.ts';
import { ownSftp } from '../support/servers/own-sftp.ts';
import { containerDrops } from './support/container-drops.ts';
import { casesFile, drops } from './support/drop.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';
import { mended } from './support/random-files.ts';
import { newKey, password, roundsOf, serverFolder, serverOf, settingsOf, upload, user } from './support/remote.ts';
import { shopCatalogue } from './support/shop.ts';
import { zipOf } from './support/zips.ts';

// What users of seven tools for loading files ask for again and again, with the issue that says it best. One short test each;
// longer ones stand in the files of their subject.

const shop = (properties: Parameters<typeof shopCatalogue>[0]['properties']): Catalogue =>
  shopCatalogue({ key: { type: 'Int64', header: 'Id' }, properties });
const orders = shop({ Title: { header: 'Title' }, Count: { type: 'Int32', header: 'Count' } });

describe('issues that hurt', () => {
  const feed = useFeed();
  const acme = useFeed(orders);
  const make = drops(feed);
  const { one } = containerDrops(feed);
  let number = 0;
  const load = (text: string | Buffer, options = {}) =>
    acme().load(`orders-${++number}.csv`, text, { minute: number, ...options });
  const titles = async (): Promise<readonly string[]> =>
    (
      await acme().rows<{ t: string }>(
        `SELECT "OrderId" || '=' || coalesce("Title", '') AS t FROM feed."AcmeOrders" ORDER BY "OrderId"`,
      )
    ).map(({ t }) => t);
  beforeEach(async () => {
    await acme().database.query(
      'TRUNCATE feed."AcmeOrders"; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load',
    );
  });

  it('1. first records lost where a server cannot rewind: bytes are fetched once, digested, then read from disk', async () => {
    const root = serverFolder();
    const server = await ownFtp({ root, user, password });
    const file = casesFile(500);
    upload(root, file.name, file.text);
    const { round } = roundsOf(feed(), settingsOf({ protocol: 'ftp', port: server.port, directory: 'in' }));
    assert.deepEqual(await round(), { [file.name]: 'accepted loaded' });
    await server.close();
    const [row] = await feed().rows(
      `SELECT sha256, rows_read::int AS n FROM gateway.load WHERE file_name = '${file.name}'`,
    );
    assert.deepEqual(row, { sha256: createHash('sha256').update(file.text).digest('hex'), n: 500 });
  });

  it('2. a sniffer drops the header and rows of a short file: known headers decide, no statistics', async () => {
    const result = loaded(await load('Id;Title;Count\n1;"a,b,c,d;e,f";2\n2;,,|,|,,,|;3\n3;x;4\n'));
    assert.deepEqual([result.counts.read, result.counts.inserted], [3, 3]);
    assert.deepEqual(await titles(), ['1=a,b,c,d;e,f', '2=,,|,|,,,|', '3=x']);
  });

  it('3. rejected rows without a warning: they are in the exit code, the log, the report and a set', async () => {
    const result = await load('Id,Title,Count\n1,a,2\n2,b,many\n');
    assert.equal(loaded(result).counts.rejected, 1);
    assert.equal(levelOf(loadEvent(result)), 'warn');
    assert.equal(ingestExitCode(result), exitCodes.partial);
    assert.equal((await acme().rows('SELECT FROM gateway.load_rejects')).length, 1);
  });

  it('4. loaded again though nothing changed: the hash decides, neither name nor time', async () => {
    const text = 'Id,Title,Count\n1,a,2\n';
    loaded(await load(text));
    assert.equal((await load(text, { minute: 900 })).state, 'duplicate');
    const other = text.replace('a', 'b');
    const place = acme().write('orders-same.csv', text);
    writeFileSync(place, other);
    utimesSync(place, new Date(2020, 1), new Date(2020, 1));
    for await (const { state } of ingestPaths(acme(), [place])) {
      assert.equal(state, 'loaded');
    }
  });

  it('5. no dead letters: a rejected row is kept with the offending value, its header, place and text', async () => {
    const text = 'Id,Title,Count\n1,a,2\n2,"b, c",many\n';
    await load(text);
    const [row] = await acme().rows<Record<string, unknown>>(
      'SELECT line::int, byte_start::int AS from, byte_end::int AS to, header, code, message, raw_text FROM gateway.reject',
    );
    assert.deepEqual(
      [row?.['line'], row?.['header'], row?.['code'], row?.['raw_text']],
      [3, 'Count', 'INVALID_INTEGER', '2,"b, c",many'],
    );
    assert.match(String(row?.['message']), /many/);
    assert.match(text.slice(Number(row?.['from']), Number(row?.['to'])), /^2,"b, c",many\n?$/);
  });

  describe('6. on-row-error: the acceptance list', () => {
    const as = (onRowError: 'quarantine' | 'skip' | 'fail', maxRejectedPercent = 100): Catalogue => ({
      ...orders,
      exports: orders.exports.map((target) => ({
        ...target,
        files: { ...target.files, onRowError, maxRejectedPercent },
      })),
    });
    const text = 'Id,Title,Count\n1,a,2\n2,b,many\n3,c,4\n';
    const under = async (of: Catalogue) => {
      const place = acme().write(`orders-${++number}.csv`, text, number);
      for await (const result of ingestPaths({ catalogue: of, database: acme().database }, [place])) {
        return result;
      }
      throw new Error('no result');
    };
    const states = async () =>
      (await acme().rows<{ state: string }>('SELECT state FROM gateway.reject')).map(({ state }) => state);

    it('fail publishes nothing, skip keeps no text, quarantine keeps the row; each counts', async () => {
      assert.equal((await under(as('fail'))).state, 'refused');
      assert.deepEqual([await titles(), await states()], [[], []]);
      assert.equal((await under(as('skip'))).state, 'loaded');
      assert.deepEqual([await titles(), await states()], [['1=a', '3=c'], ['skipped']]);
      await acme().database.query('DELETE FROM gateway.reject; DELETE FROM gateway.load');
      assert.equal((await under(as('quarantine'))).state, 'loaded');
      assert.deepEqual(await states(), ['open']);
      const [row] = await acme().rows(
        'SELECT rows_read::int AS read, (rows_inserted + rows_updated + rows_unchanged)::int AS taken, rows_rejected::int AS rejected FROM gateway.load',
      );
      assert.deepEqual(row, { read: 3, taken: 2, rejected: 1 });
    });

    it('a rate of errors refuses the file whole: no partial publish', async () => {
      const bad = Array.from({ length: 30 }, (_, row) => `${row},t,${row % 2 === 0 ? 'x' : row}`).join('\n');
      const result = await load(`Id,Title,Count\n${bad}\n31,t,x\n`);
      assert.equal(result.state === 'refused' && result.error.code, 'TooManyRejects');
      assert.deepEqual(await titles(), []);
    });

    it('a reject says run, path, archive member, line, bytes, a stable code and the raw record, cut where it is long', async () => {
      const member = casesFile(2);
      const bad = `${member.text}x${'é'.repeat(70_000)}\n`;
      await one('reject.zip', zipOf([{ name: `in/${member.name}`, text: bad }]));
      const [row] = await feed().rows<Record<string, unknown>>(
        `SELECT l.load_id::text AS run, l.path, l.member, r.line::int, r.byte_start::int AS from, r.code, length(r.raw_text) AS length FROM gateway.reject r JOIN gateway.load l USING (load_id) WHERE l.file_name = '${member.name}'`,
      );
      assert.match(String(row?.['run']), /^\d+$/);
      assert.deepEqual(
        { ...row, run: '' },
        {
          ...{ run: '', path: `reject.zip/in/${member.name}`, member: `in/${member.name}` },
          ...{ line: 4, from: Buffer.byteLength(member.text), code: 'TOO_FEW_FIELDS', length: 65_536 },
        },
      );
    });
  });

  it('7. replay of rejected rows after the rule was corrected', async () => {
    const name = 'raw-cases-1790000000.csv';
    await feed().load(name, exportFile('tracebuzz/cases', [{ CaseId: 77_001, ClosedAt: 'never' }, { CaseId: 77_002 }]));
    const [replayed] = await replayRejects({ catalogue: mended, database: feed().database });
    assert.deepEqual([replayed?.tried, replayed?.replayed], [1, 1]);
    assert.equal((await feed().rows('SELECT FROM feed."TracebuzzCases" WHERE "CaseId" IN (77001, 77002)')).length, 2);
  });

  it('8. a changed type makes a second column: here the row is rejected, and other metadata is refused before anything changes', async () => {
    const columns = async () =>
      (
        await acme().rows(
          `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'AcmeOrders' ORDER BY 1`,
        )
      ).map((row) => JSON.stringify(row));
    const before = await columns();
    assert.equal(loaded(await load('Id,Title,Count\n1,a,2\n2,b,2.5\n')).counts.rejected, 1);
    const asText = shop({ Title: { header: 'Title' }, Count: { header: 'Count' } });
    await assert.rejects(provision(acme().database, asText), { code: 'ProvisionRefused' });
    assert.deepEqual(await columns(), before);
  });

  it('9. compressed files on SFTP, with another delimiter and code page, among names that a pattern leaves out', async () => {
    const root = serverFolder();
    const key = newKey();
    const server = await ownSftp({ root, user, password, hostKey: key.secret });
    const file = casesFile(1);
    const text = exportFile('tracebuzz/cases', [{ CaseId: 78_001, ExternalId: 'zoë' }]).replaceAll(',', ';');
    upload(root, `${file.name}.gz`, gzipSync(Buffer.from(text, 'latin1')));
    upload(root, 'other.csv.gz', gzipSync('a,b\n1,2\n'));
    const settings = settingsOf({
      ...{ id: 'tracebuzz/issue-9', protocol: 'sftp', port: server.port, directory: 'in' },
      ...{ hostKeys: [key.fingerprint], patterns: ['^raw-cases.*\\.csv(\\.gz)?$'] },
    });
    assert.deepEqual(await roundsOf(feed(), settings).round(), { [`${file.name}.gz`]: 'accepted unpacked' });
    await server.close();
    const [row] = await feed().rows(`SELECT "ExternalId" AS id FROM feed."TracebuzzCases" WHERE "CaseId" = 78001`);
    assert.deepEqual(row, { id: 'zoë' });
  });

  it('10. duplicate column names: that file is refused with them, and the next one is loaded', async () => {
    const result = await load('Id,Title,title,Count\n1,a,b,2\n');
    assert.equal(result.state === 'refused' && result.error.code, 'HeaderDuplicate');
    assert.match(result.state === 'refused' ? result.error.message : '', /title/i);
    assert.equal((await load('Id,Title,Count\n1,a,2\n')).state, 'loaded');
  });

  it('11. data lost at a schema change: unknown columns are kept, told, and filled in when the metadata has them', async () => {
    const result = loaded(await load('Id,Title,Count,Colour\n1,a,2,red\n2,b,3,\n'));
    assert.deepEqual(
      result.drift.map(({ header, kind }) => `${kind} ${header}`),
      ['unknown Colour'],
    );
    const now = shop({
      ...{ Title: { header: 'Title' }, Count: { type: 'Int32', header: 'Count' } },
      Colour: { header: 'Colour' },
    });
    await provision(acme().database, now);
    assert.deepEqual(
      (await fillFromExtras(acme().database, now)).map(({ property, rows, left }) => [property, rows, left]),
      [['Colour', 1, 0]],
    );
    const rows = await acme().rows('SELECT "Colour" AS c FROM feed."AcmeOrders" ORDER BY "OrderId"');
    assert.deepEqual(rows, [{ c: 'red' }, { c: null }]);
  });

  it('12. a history of 10,000 files, and a file that changes between listing and load', async () => {
    const text = 'Id,Title,Count\n1,a,2\n';
    loaded(await load(text));
    await acme().database.query(
      `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, state, removal, file_time) SELECT 'acme', 'orders', n || '.csv', n || '.csv', lpad(n::text, 64, '0'), 1, 'loaded', 'none', '2020-01-01' FROM generate_series(1, 10001) n`,
    );
    assert.equal((await load(text)).state, 'duplicate');
    const drop = make({ minimumAge: 0 });
    const file = casesFile(2);
    drop.write(file.name, file.text);
    const changing = drop.after(0);
    drop.write(file.name, file.text);
    await changing;
    await drop.after(60);
    assert.equal(
      (await feed().rows(`SELECT FROM gateway.load WHERE file_name = '${file.name}' AND state = 'loaded'`)).length,
      1,
    );
  });

  it('13. wishes at an SFTP server: patterns, keys, no second download unless something changed, moved there when done', async () => {
    const root = serverFolder();
    const [host, key] = [newKey(), newKey()];
    const server = await ownSftp({
      root,
      user,
      password: 'none of these',
      hostKey: host.secret,
      authorized: [key.line],
    });
    const [a, b] = [casesFile(1), casesFile(1)];
    upload(root, a.name, a.text);
    upload(root, 'leave.txt', b.text);
    const settings = settingsOf({
      ...{ id: 'tracebuzz/issue-13', protocol: 'sftp', port: server.port, directory: 'in' },
      ...{ hostKeys: [host.fingerprint], patterns: ['\\.csv$'] },
    });
    const login = { user, password: null, privateKey: key.secret, passphrase: null };
    const rounds = roundsOf(feed(), settings, { server: serverOf(settings, login) });
    assert.deepEqual(await rounds.round(), { [a.name]: 'accepted loaded' });
    const sent = server.manners.sent;
    assert.deepEqual(await rounds.round(), {});
    assert.equal(server.manners.sent, sent, 'nothing is fetched again');
    const other = casesFile(2);
    upload(root, a.name, other.text);
    const moving = roundsOf(
      feed(),
      { ...settings, afterLoad: 'archive', archiveDirectory: 'done' },
      { server: serverOf(settings, login) },
    );
    assert.deepEqual(await moving.round(), { [a.name]: 'accepted loaded' });
    assert.deepEqual(
      [readFileSync(path.join(root, 'done', a.name), 'utf8'), readdirSync(path.join(root, 'in'))],
      [other.text, ['leave.txt']],
    );
    await server.close();
  });

  it('14. half-uploaded files: one that grows waits, one under a temporary name too, one that grew after all is told', async () => {
    const drop = make();
    const file = casesFile(3);
    const half = file.text.slice(0, -20);
    drop.write(`tracebuzz/${file.name}`, half);
    drop.write(`tracebuzz/${casesFile(1).name}.part`, half);
    assert.deepEqual(await drop.after(0), []);
    drop.write(`tracebuzz/${file.name}`, file.text);
    assert.deepEqual(await drop.after(59), []);
    assert.deepEqual(await drop.after(61), ['loaded']);
    writeFileSync(drop.at('loaded', 'tracebuzz', file.name), `${file.text}\n`);
    await drop.after(0);
    assert.deepEqual(
      drop.notices.map(({ kind }) => kind),
      ['changed'],
    );
  });

  it('15. a sep= line, also behind a byte order mark and quoted, and quotes over line ends behind it', async () => {
    for (const line of ['sep=;', '"sep=;"', '\ufeffsep=;', '\ufeff"sep=;"\r']) {
      loaded(await load(`${line}\nId;Title;Count\n${++number};"a\nb;c";2\n`));
    }
    assert.deepEqual([...new Set((await titles()).map((title) => title.replace(/^\d+=/, '')))], ['a\nb;c']);
  });

  it('16. headers in another language are those of the same export', async () => {
    const target = catalogue.exports.find(
      (each) => `${each.source}/${each.name}` === 'hootsuite-inbox/resolved-conversations',
    );
    const french =
      target?.columns.map(({ headers }) => headers.find(({ language }) => language === 'fr') ?? headers[0]) ?? [];
    assert.ok(french.some((header) => header?.language === 'fr'));
    const header = french.map((each) => `"${each?.text ?? ''}"`).join(',');
    const result = loaded(await feed().load('fichier.csv', `${header}\n`, { source: 'hootsuite-inbox' }));
    assert.equal(result.identified.export, target);
    assert.deepEqual(result.drift, []);
  });

  it('17. a header that was lost on the way: the file is refused, its first row is no header', async () => {
    const result = await load('1,a,2\n2,b,3\n');
    assert.ok(result.state === 'refused' && /^(FileUnknown|HeaderMissing)$/.test(result.error.code));
    assert.deepEqual(await titles(), []);
  });

  it('18. COPY fails whole on one row: a broken type, key, encoding or NUL costs its own row', async () => {
    const bytes = Buffer.concat([
      Buffer.from('Id,Title,Count\n1,a,2\n1,again,2\n,no key,2\n3,nul\0,2\n4,'),
      Buffer.from([0xff, 0xfe, 0x2c, 0x32, 0x0a]),
      Buffer.from('5,é,9999999999\n6,ü,2\n7,ö,3\n'),
    ]);
    const { counts } = loaded(await load(bytes));
    assert.deepEqual([counts.read, counts.inserted, counts.duplicate, counts.rejected], [8, 3, 1, 4]);
    assert.deepEqual(await titles(), ['1=again', '6=ü', '7=ö']);
  });

  it('19. a broken row below a byte order mark is told with its line, and the next one is read', async () => {
    const { counts } = loaded(await load('\ufeffId,Title,Count\n1,"a" b,2\n2,c,3\n'));
    assert.deepEqual([counts.inserted, counts.rejected], [1, 1]);
    const [row] = await acme().rows('SELECT line::int, code FROM gateway.reject');
    assert.deepEqual(row, { line: 2, code: 'TEXT_AFTER_QUOTE' });
  });

  it('20. a schedule at a clock change goes on, and does not spin, wherever the machine is', async () => {
    const changes = ['2027-03-28T01:00:00Z', '2027-10-31T01:00:00Z'];
    const told = await Promise.all(
      changes.map(async (change) => {
        const child = ['--import', 'tsx', 'test/ingest/support/clock-child.ts', change];
        const env = { ...process.env, TZ: 'Europe/Amsterdam' };
        const { stdout } = await promisify(execFile)(process.execPath, child, { env });
        return stdout.split(' ').filter((time) => time !== '');
      }),
    );
    for (const [index, runs] of told.entries()) {
      assert.equal(new Set(runs).size, runs.length, `once a second at most: ${runs.join()}`);
      assert.ok(
        runs.some((time) => `${time}Z` >= (changes[index] ?? '')),
        'also after the change',
      );
    }
  });
});

describe('issues that hurt, in the documents', () => {
  it('the program uses UTC, wherever the machine is', () => {
    assert.match(readFileSync('src/main.ts', 'utf8'), /^useUtc\(\);$/m);
  });

  it('each has its number here', () => {
    const text = readFileSync(path.join(import.meta.dirname, 'issues-that-hurt.test.ts'), 'utf8');
    for (let issue = 1; issue <= 20; issue++) {
      assert.match(text, new RegExp(`'${issue}\\. `), String(issue));
    }
  });
});
