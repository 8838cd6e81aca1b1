import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { GatewayError } from '../../../src/errors.ts';
import { openToAll } from '../../../src/http/sign-in/authentication.ts';
import { uploadRoutes } from '../../../src/http/upload/upload-routes.ts';
import { hashKey } from '../../../src/sign-in/files/credentials.ts';
import { casesFile } from '../../ingest/support/drop.ts';
import { until } from '../../support/until.ts';
import { startTestServer } from '../test-server.ts';
import { type Sending, send } from './upload-client.ts';
import { sha256, shown, useUploads } from './upload-gateway.ts';

describe('HTTP upload', () => {
  const gateway = useUploads();

  it('a file is loaded, reported, kept, and known the next time', async () => {
    const { name, text } = casesFile(3);
    const first = await gateway.put(`tracebuzz/${name}`, { body: text });
    assert.equal(shown(first), '200 loaded');
    const load = first?.body?.load ?? {};
    assert.deepEqual(
      [load['source'], load['export'], load['file'], load['sha256'], load['bytes'], load['state']],
      ['tracebuzz', 'cases', `tracebuzz/${name}`, sha256(text), Buffer.byteLength(text), 'loaded'],
    );
    assert.deepEqual(load['rows'], {
      read: 3,
      inserted: 3,
      updated: 0,
      unchanged: 0,
      rejected: 0,
      duplicate: 0,
      removed: 0,
    });
    assert.equal(first?.headers.etag, `"${sha256(text)}"`);
    assert.deepEqual(
      [gateway.filesIn('loaded'), gateway.filesIn('arriving'), gateway.filesIn('parts')],
      [[name], [], []],
    );
    const again = await gateway.put('tracebuzz/other.csv', { body: text });
    assert.equal(shown(again), '200 known');
    assert.deepEqual(again?.body?.load, load, 'the report of the earlier load');
    const known = { 'If-None-Match': `"${sha256(text)}"`, Expect: '100-continue' };
    const unsent = await gateway.put('tracebuzz/third.csv', { body: text, headers: known });
    assert.deepEqual([shown(unsent), unsent?.continued], ['200 known', false]);
    assert.equal(await gateway.rowsOf(text), 3);
    const events = gateway.told.filter(({ event }) => event === 'upload').map((one) => 'bytes' in one && one.bytes);
    assert.deepEqual(events, [Buffer.byteLength(text), Buffer.byteLength(text), 0]);
  });

  it('what may load may not read, what may read may not load, and a key may be for one source alone', async () => {
    const as = (authorization: string) => ({ headers: { Authorization: authorization }, body: 'x' });
    const refused = await gateway.put('tracebuzz/a.csv', as('Bearer reads'));
    assert.equal(shown(refused), '401 Unauthorized');
    assert.match(refused?.headers['www-authenticate'] ?? '', /^Bearer realm="uploads"/);
    assert.equal(shown(await gateway.put('tracebuzz/a.csv', as('Bearer '))), '401 Unauthorized');
    assert.equal((await gateway.server.get('', { Authorization: 'Bearer good' })).status, 401);
    assert.equal((await gateway.server.get('', { Authorization: 'Bearer reads' })).status, 200);
    assert.equal(shown(await gateway.put('sparkcentral/a.csv', as('Bearer narrow'))), '403 SourceForbidden');
    assert.equal(shown(await gateway.put('nobody/a.csv', as('Bearer narrow'))), '403 SourceForbidden');
    const basic = `Basic ${Buffer.from('anybody:narrow').toString('base64')}`;
    assert.equal(shown(await gateway.put('tracebuzz/a.csv', as(basic))), '422 FileUnknown');
    // A key that was withdrawn.
    const before = readFileSync(gateway.keysFile);
    writeFileSync(gateway.keysFile, `strict:${hashKey('narrow')}\n`);
    assert.equal(shown(await gateway.put('tracebuzz/a.csv', { body: 'x' })), '401 Unauthorized');
    writeFileSync(gateway.keysFile, before);
  });

  const refusals: readonly [string, string, Sending][] = [
    ['400 BadRequest', 'tracebuzz', {}],
    ['400 BadRequest', 'tracebuzz/', {}],
    ['400 BadRequest', 'tracebuzz/a/b.csv', {}],
    ['400 BadRequest', 'tracebuzz/a%2Fb.csv', {}],
    ['400 BadRequest', 'tracebuzz/a%5Cb.csv', {}],
    ['400 BadRequest', 'tracebuzz/%2E%2E', {}],
    ['400 BadRequest', 'tracebuzz/.hidden.csv', {}],
    ['400 BadRequest', 'tracebuzz/a%0Ab.csv', {}],
    ['400 BadRequest', 'tracebuzz/a%C2%85b.csv', {}],
    ['400 BadRequest', 'tracebuzz/a%ED%A0%80b.csv', {}],
    ['400 BadRequest', 'tracebuzz/100%.csv', {}],
    ['400 BadRequest', `tracebuzz/${'x'.repeat(300)}.csv`, {}],
    ['400 BadRequest', 'tracebuzz/a.csv?force=1', {}],
    ['400 BadRequest', 'tracebuzz/a.csv?modified=2999-01-01', {}],
    ['400 BadRequest', 'tracebuzz/a.csv', { headers: { 'Content-Range': 'bytes 0-9/5' }, body: '0123456789' }],
    ['400 BadRequest', 'tracebuzz/a.csv', { headers: { 'Content-Range': 'bytes 0-9/10' }, body: '012' }],
    ['400 BadRequest', 'tracebuzz/a.csv', { headers: { 'Content-Range': 'bytes */10' }, body: '012' }],
    ['400 BadRequest', 'tracebuzz/a.csv', { headers: { 'X-Checksum-Sha256': 'abc' }, body: '012' }],
    ['400 DigestMismatch', 'tracebuzz/a.csv', { headers: { 'X-Checksum-Sha256': sha256('else') }, body: '012' }],
    ['404 SourceUnknown', 'nobody/a.csv', {}],
    ['404 SourceUnknown', 'buzzeasy/a.csv', {}],
    ['405 MethodNotAllowed', 'tracebuzz/a.csv', { method: 'POST' }],
    ['405 MethodNotAllowed', 'tracebuzz/a.csv', { method: 'DELETE' }],
    ['413 UploadTooLarge', 'tracebuzz/a.csv', { body: 'x'.repeat(1_000_001) }],
    ['413 UploadTooLarge', 'tracebuzz/a.csv', { body: 'x'.repeat(1_000_001), chunked: true }],
    ['413 UploadTooLarge', 'tracebuzz/a.csv', { headers: { 'Content-Range': 'bytes 0-0/1000001' }, body: 'x' }],
    ['415 UnsupportedMediaType', 'tracebuzz/a.csv', { headers: { 'Content-Encoding': 'gzip' }, body: 'x' }],
    ['415 UnsupportedMediaType', 'tracebuzz/a.csv', { headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }],
    ['422 FileNotCsv', 'tracebuzz/a.csv', { body: '<html><title>502</title></html>' }],
    ['422 ExportUnknown', 'tracebuzz/a.csv?export=nothing', { body: 'a,b\n1,2\n' }],
    ['422 FileEmpty', 'tracebuzz/a.csv', {}],
  ];
  for (const [expected, name, sending] of refusals) {
    it(`${expected}: ${sending.method ?? 'PUT'} ${name.slice(0, 40)} ${JSON.stringify(sending.headers ?? {})}`, async () => {
      const reply = await gateway.put(name, sending);
      assert.equal(shown(reply), expected);
      assert.ok((reply?.body?.error?.details[0]?.message ?? '') !== '', 'what to do');
      assert.doesNotMatch(JSON.stringify(reply?.body), new RegExp(gateway.folder), 'no path of this machine');
      assert.deepEqual(gateway.filesIn('parts'), []);
    });
  }

  it('refuses before the body is sent, where the client waits for that, and asks for it where it is wanted', async () => {
    const { name, text } = casesFile(1);
    const expect = { Expect: '100-continue' };
    const large = await gateway.put(`tracebuzz/${name}`, { body: 'x'.repeat(1_000_001), headers: expect });
    assert.deepEqual([shown(large), large?.continued], ['413 UploadTooLarge', false]);
    const nobody = await gateway.put('nobody/a.csv', { body: text, headers: expect });
    assert.deepEqual([shown(nobody), nobody?.continued], ['404 SourceUnknown', false]);
    const wanted = await gateway.put(`tracebuzz/${name}`, { body: text, headers: expect });
    assert.deepEqual([shown(wanted), wanted?.continued], ['200 loaded', true]);
  });

  it('a refused file is kept with the reason beside it, and noted', async () => {
    assert.equal(shown(await gateway.put('tracebuzz/odd.csv', { body: 'a,b\n1,2\n' })), '422 FileUnknown');
    assert.deepEqual(gateway.filesIn('refused'), ['odd.csv', 'odd.csv.reason.txt']);
    assert.deepEqual(await gateway.loads('odd.csv'), ['refused']);
  });

  it('files of different names come at once, and no more than so many', async () => {
    gateway.start({ most: 2 });
    const files = [casesFile(1), casesFile(1)];
    const both = await Promise.all(files.map(({ name, text }) => gateway.put(`tracebuzz/${name}`, { body: text })));
    assert.deepEqual(both.map(shown), ['200 loaded', '200 loaded']);
    gateway.start({ most: 0 });
    const busy = await gateway.put('tracebuzz/a.csv', { body: 'x' });
    assert.deepEqual([shown(busy), busy?.headers['retry-after']], ['503 Busy', '5']);
  });

  it('what cannot be taken now is refused before it is sent; what came waits, is loaded later, and is one file', async () => {
    const { name, text } = casesFile(2);
    const away = new GatewayError('DatabaseUnavailable', 'PostgreSQL restarts.');
    gateway.start({ mayTake: () => Promise.reject(away) });
    const early = await gateway.put(`tracebuzz/${name}`, { body: text, headers: { Expect: '100-continue' } });
    assert.deepEqual([shown(early), early?.continued], ['503 DatabaseUnavailable', false]);
    // It goes away while the file is loaded.
    const full = new GatewayError('StorageFull', 'The disk is full.');
    gateway.start({
      mayGoOn: () => {
        throw full;
      },
    });
    for (const _ of [1, 2]) {
      const late = await gateway.put(`tracebuzz/${name}`, { body: text });
      assert.deepEqual([shown(late), late?.headers['retry-after']], ['503 StorageFull', '5']);
    }
    assert.deepEqual(
      [gateway.filesIn('arriving').filter((one) => one === name), await gateway.loads(name)],
      [[name], []],
    );
    gateway.start();
    await gateway.uploads.round();
    assert.deepEqual(
      [await gateway.loads(name), gateway.filesIn('loaded'), gateway.filesIn('arriving')],
      [['loaded'], [name], []],
    );
    assert.equal(shown(await gateway.put(`tracebuzz/${name}`, { body: text })), '200 known');
  });

  it('what was said of a file and cut off by a full disk or a power failure keeps no other from being taken', async () => {
    const { name, text } = casesFile(2);
    for (const folder of ['arriving', 'parts']) {
      mkdirSync(path.join(gateway.folder, folder), { recursive: true });
      for (const [of, content] of Object.entries({ empty: '', half: '{"source":"trace' })) {
        writeFileSync(path.join(gateway.folder, folder, `${of}.json`), content);
        writeFileSync(path.join(gateway.folder, folder, `${of}.part`), 'x');
      }
    }
    for (const one of readdirSync(path.join(gateway.folder, 'parts'))) {
      utimesSync(path.join(gateway.folder, 'parts', one), 1, 1);
    }
    assert.equal(shown(await gateway.put(`tracebuzz/${name}`, { body: text })), '200 loaded');
    await gateway.uploads.round();
    assert.deepEqual(gateway.filesIn('parts'), []);
  });

  it('a compressed file is taken apart, and each member reported', async () => {
    const { name, text } = casesFile(2);
    const packed = gzipSync(text);
    const reply = await gateway.put(`tracebuzz/${name}.gz`, { body: packed });
    assert.equal(shown(reply), '200 loaded');
    assert.deepEqual(
      reply?.body?.members?.map(({ state, sha256: digest }) => [state, digest]),
      [['loaded', sha256(text)]],
    );
    assert.equal(await gateway.rowsOf(text), 2);
    assert.equal(shown(await gateway.put(`tracebuzz/${name}.gz`, { body: packed })), '200 known');
  });

  it('the load goes on where the client leaves after its last byte', async () => {
    const { name, text } = casesFile(2);
    const { database } = gateway.feed();
    // Until its sender has left, the load waits.
    await database.transaction(async (transaction) => {
      await transaction.query('LOCK TABLE gateway.load IN SHARE MODE');
      const waits = async (): Promise<boolean> =>
        (await database.query('SELECT FROM pg_locks WHERE NOT granted')).rows.length > 0;
      const reply = await gateway.put(`tracebuzz/${name}`, {
        body: text,
        cut: Buffer.byteLength(text),
        breaks: waits,
      });
      assert.equal(reply, null);
    });
    await until('it is loaded', async () => (await gateway.loads(name)).join() === 'loaded');
    assert.equal(await gateway.rowsOf(text), 2);
  });

  it('a file is as new as its sender says, by an option or a header', async () => {
    const { name, text } = casesFile(1);
    const times: readonly [string, Record<string, string>, string][] = [
      ['?modified=2026-03-01T12:00:00%2B01:00', {}, '2026-03-01 11:00:00+00'],
      ['?modified=1772362800', {}, '2026-03-01 11:00:00+00'],
      ['', { 'Last-Modified': 'Sun, 01 Mar 2026 11:00:00 GMT' }, '2026-03-01 11:00:00+00'],
    ];
    for (const [n, [query, headers, expected]] of times.entries()) {
      const own = `${n}-${name}`;
      assert.equal(
        shown(await gateway.put(`tracebuzz/${own}${query}`, { body: text.replaceAll('1,', `1${n},`), headers })).slice(
          0,
          3,
        ),
        '200',
      );
      const [row] = await gateway
        .feed()
        .rows<{ at: string }>(`SELECT modified_at::text AS at FROM gateway.load WHERE file_name = '${own}'`);
      assert.equal(row?.at, expected);
    }
  });

  it('a gateway without keys for uploads says what to set', async () => {
    const off = await startTestServer({ authentication: openToAll, beside: (app) => uploadRoutes(app, null) });
    const reply = await send(`http://127.0.0.1:${off.port}/ingest/tracebuzz/a.csv`, { body: 'x' });
    assert.equal(shown(reply), '404 UploadsOff');
    assert.match(reply?.body?.error?.details[0]?.message ?? '', /INGEST_KEYS_FILE/);
    await off.close();
  });
});
