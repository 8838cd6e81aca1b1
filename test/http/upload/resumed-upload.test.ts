import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, readFileSync, utimesSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { serviceLimits } from '../../../src/http/limits.ts';
import { type UploadService, uploadRoutes } from '../../../src/http/upload/upload-routes.ts';
import type { HttpEvent } from '../../../src/observation/events/http.ts';
import { unobserved } from '../../../src/observation/observe.ts';
import { casesFile } from '../../ingest/support/drop.ts';
import { until } from '../../support/until.ts';
import { startTestServer } from '../test-server.ts';
import type { Reply } from './upload-client.ts';
import { range, sha256, shown, useUploads } from './upload-gateway.ts';

describe('HTTP upload in parts', () => {
  const gateway = useUploads();
  /** For a server of a test's own, which takes files of anybody. */
  const open = ({ observe = unobserved, ...more }: Partial<UploadService>): UploadService => ({
    target: gateway.uploads,
    findKey: () => ({ name: 'crm', sources: null }),
    observe,
    ...more,
  });

  it('a body that is shorter than announced loads nothing, and can be gone on with, also after a restart', async () => {
    const { name, text } = casesFile(4);
    const total = Buffer.byteLength(text);
    await gateway.cut(`tracebuzz/${name}`, { body: text, cut: 50, breaks: () => gateway.arrived() === 50 });
    const asking = { headers: { 'Content-Range': `bytes */${total}` } };
    assert.equal(shown(await gateway.put(`tracebuzz/${name}`, asking)), '308 bytes=0-49');
    assert.deepEqual(await gateway.loads(name), []);
    gateway.start();
    assert.equal(shown(await gateway.put(`tracebuzz/${name}`, asking)), '308 bytes=0-49');
    const other = await gateway.put(`tracebuzz/${name}`, { headers: { 'Content-Range': `bytes */${total + 1}` } });
    assert.deepEqual([other?.status, other?.headers.range], [308, undefined], 'another file of that name');
    const gap = await gateway.put(`tracebuzz/${name}`, { body: text.slice(60), headers: range(60, total, total) });
    assert.deepEqual([shown(gap), gap?.headers.range], ['409 UploadMisplaced', 'bytes=0-49']);
    const rest = await gateway.put(`tracebuzz/${name}`, { body: text.slice(50), headers: range(50, total, total) });
    assert.equal(shown(rest), '200 loaded');
    assert.equal(await gateway.rowsOf(text), 4);
    assert.deepEqual(gateway.filesIn('parts'), []);
    // Nobody could go on with a file of which nobody knows how long it is.
    await gateway.cut('tracebuzz/endless.csv', { body: text, cut: 50, chunked: true });
    assert.deepEqual(gateway.filesIn('parts'), []);
  });

  it('a part of another file is not gone on with, and a damaged part is not kept', async () => {
    const { name, text } = casesFile(2);
    const total = Buffer.byteLength(text);
    const whole = { 'X-Checksum-Sha256': sha256(text) };
    assert.equal(
      shown(
        await gateway.put(`tracebuzz/${name}`, {
          body: text.slice(0, 40),
          headers: { ...range(0, 40, total), ...whole },
        }),
      ),
      '308 bytes=0-39',
    );
    const others = { ...range(40, total, total), 'X-Checksum-Sha256': sha256('another file') };
    const misplaced = await gateway.put(`tracebuzz/${name}`, { body: text.slice(40), headers: others });
    assert.deepEqual([shown(misplaced), misplaced?.headers.range], ['409 UploadMisplaced', undefined]);
    const part = `sha-256=:${createHash('sha256').update('else').digest('base64')}:`;
    const damaged = { ...range(40, 60, total), 'Content-Digest': part };
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { body: text.slice(40, 60), headers: damaged })),
      '400 DigestMismatch',
    );
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { headers: { 'Content-Range': `bytes */${total}` } })),
      '308 bytes=0-39',
    );
    const changed = `${text.slice(40, -2)}9\n`;
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { body: changed, headers: range(40, total, total) })),
      '400 DigestMismatch',
    );
    assert.deepEqual([gateway.filesIn('parts'), await gateway.loads(name)], [[], []]);
  });

  it('of two requests for one name the second is told, unless it goes on with what the first one lost', async () => {
    const { name, text } = casesFile(2);
    const total = Buffer.byteLength(text);
    let left: (reply: Reply | null) => void = () => {};
    const lost = new Promise<Reply | null>((resolve) => (left = resolve));
    // It sends forty bytes, and then nothing, over a connection that stays.
    let sent: () => void = () => {};
    const begun = new Promise<void>((resolve) => (sent = resolve));
    const request = http.request(`http://127.0.0.1:${gateway.server.port}/ingest/tracebuzz/${name}`, {
      method: 'PUT',
      agent: false,
      headers: { Authorization: 'Bearer good', 'Content-Length': String(total) },
    });
    request.on('error', () => left(null));
    request.write(text.slice(0, 40), () => sent());
    await begun;
    await until('forty bytes are here', () => gateway.arrived() >= 40);
    const second = await gateway.put(`tracebuzz/${name}`, { body: text });
    assert.deepEqual([shown(second), second?.headers['retry-after']], ['409 UploadBusy', '5']);
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { headers: { 'Content-Range': `bytes */${total}` } })),
      '308 bytes=0-39',
    );
    assert.equal(await lost, null);
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { body: text.slice(40), headers: range(40, total, total) })),
      '200 loaded',
    );
  });

  it('a body may take longer than a request of the feed, as long as it goes on', async () => {
    const { name, text } = casesFile(3);
    const pieces = text.match(/[\s\S]{1,60}/g) ?? [];
    const limits = { ...serviceLimits, transfer: { request: 150, stalled: 240_000, look: 20 } };
    const patient = await startTestServer({ settings: { limits }, beside: (app) => uploadRoutes(app, open({})) });
    let ended: (status: number | null) => void = () => {};
    const status = new Promise<number | null>((resolve) => (ended = resolve));
    const request = http.request(`http://127.0.0.1:${patient.port}/ingest/tracebuzz/${name}`, {
      method: 'PUT',
      agent: false,
      headers: { 'Content-Length': String(Buffer.byteLength(text)) },
    });
    request.on('response', (reply) => ended(reply.resume().statusCode ?? null));
    request.on('error', () => ended(null));
    for (const piece of pieces) {
      request.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 600 / pieces.length));
    }
    request.end();
    assert.equal(await status, 200);
    assert.equal(await gateway.rowsOf(text), 3);
    // One that nobody reads is still ended in time.
    const slow = net.connect(patient.port, '127.0.0.1');
    slow.write('PUT /ingest/tracebuzz/x.csv HTTP/1.1\r\nHost: localhost\r\n');
    const [reply] = (await once(slow, 'data')) as [Buffer];
    assert.match(reply.toString(), /^HTTP\/1.1 408 /);
    slow.destroy();
    await patient.close();
  });

  it('a sender who pauses for too long is let go, and what came stays', async () => {
    const { name, text } = casesFile(1);
    const total = Buffer.byteLength(text);
    const told: HttpEvent[] = [];
    const hasty = await startTestServer({
      beside: (app) => uploadRoutes(app, open({ observe: (one) => told.push(one), pause: 100 })),
    });
    const request = http.request(`http://127.0.0.1:${hasty.port}/ingest/tracebuzz/${name}`, {
      method: 'PUT',
      agent: false,
      headers: { 'Content-Length': String(total) },
    });
    request.write(text.slice(0, 30));
    await new Promise((resolve) => request.once('error', resolve));
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { headers: { 'Content-Range': `bytes */${total}` } })),
      '308 bytes=0-29',
    );
    await until('it is told', () => told.some((one) => one.event === 'upload' && one.error === 'ClientGone'));
    await hasty.close();
  });

  it('a part that nobody goes on with is forgotten, and told', async () => {
    const { name, text } = casesFile(1);
    await gateway.put(`tracebuzz/${name}`, { body: text.slice(0, 20), headers: range(0, 20, Buffer.byteLength(text)) });
    await gateway.uploads.round();
    assert.equal(gateway.filesIn('parts').length, 2);
    const yesterday = new Date(Date.now() - 2 * 86_400_000);
    for (const file of gateway.filesIn('parts')) {
      utimesSync(path.join(gateway.folder, 'parts', file), yesterday, yesterday);
    }
    await gateway.uploads.round();
    assert.deepEqual(gateway.filesIn('parts'), []);
    const file = `tracebuzz/${name}`;
    assert.deepEqual(
      gateway.told.filter(({ event }) => event === 'upload-expired'),
      [{ event: 'upload-expired', file, bytes: 20, totalBytes: Buffer.byteLength(text) }],
    );
  });

  it('a gateway that ended before it took the whole file in takes it in when somebody asks, or sends it again', async () => {
    const { name, text } = casesFile(2);
    const total = Buffer.byteLength(text);
    await gateway.put(`tracebuzz/${name}`, { body: text.slice(0, 20), headers: range(0, 20, total) });
    const part = gateway.filesIn('parts').find((one) => one.endsWith('.part')) ?? '';
    appendFileSync(path.join(gateway.folder, 'parts', part), text.slice(20));
    gateway.start();
    assert.equal(
      shown(await gateway.put(`tracebuzz/${name}`, { headers: { 'Content-Range': `bytes */${total}` } })),
      '200 loaded',
    );
    assert.equal(await gateway.rowsOf(text), 2);
  });

  it('whatever is sent in whatever parts, cuts and restarts, the file is loaded once and as it is', async () => {
    const step = fc.record({
      kind: fc.constantFrom('part', 'part', 'part', 'cut', 'gap', 'restart', 'ask'),
      length: fc.integer({ min: 1, max: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const { name, text } = casesFile(3);
        const at = `tracebuzz/${name}`;
        const total = Buffer.byteLength(text);
        let arrived = 0;
        const bytes = (from: number, to: number) => ({ body: text.slice(from, to), headers: range(from, to, total) });
        const here = (): string => (arrived === 0 ? '308 ' : `308 bytes=0-${arrived - 1}`);
        for (const { kind, length } of steps) {
          // The last byte is kept for the end.
          const to = Math.min(arrived + length, total - 1);
          if (kind === 'restart') {
            gateway.start();
          } else if (kind === 'ask') {
            assert.equal(shown(await gateway.put(at, { headers: { 'Content-Range': `bytes */${total}` } })), here());
          } else if (kind === 'gap' && arrived + 1 < total) {
            assert.equal(shown(await gateway.put(at, bytes(arrived + 1, total))), '409 UploadMisplaced');
          } else if (kind === 'cut' && to > arrived) {
            await gateway.cut(at, { ...bytes(arrived, total), cut: to - arrived });
            const [, last = '-1'] =
              /-(\d+)$/.exec(shown(await gateway.put(at, { headers: { 'Content-Range': `bytes */${total}` } }))) ?? [];
            // What was on its way may be lost, and nothing else may be here.
            assert.ok(Number(last) + 1 <= to && Number(last) + 1 >= (arrived === 0 ? 0 : arrived));
            arrived = Number(last) + 1;
          } else if (kind === 'part' && to > arrived) {
            const reply = await gateway.put(at, bytes(arrived, to));
            arrived = to;
            assert.equal(shown(reply), here());
          }
        }
        assert.equal(shown(await gateway.put(at, bytes(arrived, total))), '200 loaded');
        assert.deepEqual(await gateway.loads(name), ['loaded']);
        assert.equal(readFileSync(path.join(gateway.folder, 'loaded', 'tracebuzz', name), 'utf8'), text);
      }),
      { numRuns: 15 },
    );
  });
});
