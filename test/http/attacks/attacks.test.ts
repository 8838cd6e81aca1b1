import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { type AttackedFeed, attackedFeed } from './attacked-feed.ts';
import { bombs, peeks, requests, smuggled } from './corpus.ts';

/** Some hundred requests of the corpus, one of each kind and more; all of them in the long test. */
const step = 9;

describe('http: what is sent to break in or break down', () => {
  let attacked: AttackedFeed;
  before(async () => {
    attacked = await attackedFeed();
  });
  after(async () => {
    await attacked.close();
    assert.deepEqual(attacked.feed.defects, []);
  });

  it('the marker is there to be found: who sees everything sees it', async () => {
    const reply = await attacked.feed.get('Agents', { 'api-key': 'ann' });
    assert.match(await reply.text(), /Xq7LeakAgent1/);
  });

  it('requests of all kinds: no fault of the gateway, nothing that is hidden', async () => {
    const all = requests();
    for (const [at, target] of all.entries()) {
      if (at % step === 0) {
        await attacked.ask(target);
      }
    }
    for (const target of [...bombs, ...peeks]) {
      await attacked.ask(target.replace(/[^!-~]|[<>"\\^`{|}#]/gu, encodeURIComponent));
    }
    assert.ok((attacked.statuses.get(200) ?? 0) > 10 && (attacked.statuses.get(400) ?? 0) > 50);
  });

  it('requests inside a batch are those of who sent the batch, whatever they say of themselves', async () => {
    for (const headers of smuggled) {
      for (const kind of ['json', 'multipart'] as const) {
        await attacked.batch(peeks.filter((one) => !/[^!-~]/.test(one)).slice(0, 24), headers, kind);
      }
    }
  });

  it('names and line ends in headers of a batch are no second message', async () => {
    for (const value of ['x\r\nGET /odata/Agents HTTP/1.1', 'x\n\nx', '\u0000', '\u0001', 'x'.repeat(100_000)]) {
      await attacked.batch(['Cases/$count'], { 'x-a': value }, 'json');
      await attacked.batch(['Cases/$count'], { 'x-a': value }, 'multipart');
      await attacked.batch(['Cases/$count'], { [value]: 'x' }, 'json');
    }
  });

  it('bodies: deep, long, compressed, of another type or none', async () => {
    const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      attacked.ask('$batch', { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
    await post('['.repeat(200_000));
    await post(`{"requests":${'{"a":'.repeat(100_000)}`);
    await post('{"__proto__":{"requests":[]},"constructor":{"prototype":{"x":1}}}');
    await post(`{"requests":[${'{"id":"1","method":"GET","url":"Cases"},'.repeat(500)}]}`);
    await post(new Uint8Array(gzipSync(Buffer.alloc(64 * 1024 * 1024))), { 'Content-Encoding': 'gzip' });
    await post(new Uint8Array([0xff, 0xfe, 0x00, 0xd8]));
    await post('', { 'Content-Type': 'text/plain' });
    await post('{}', { 'Content-Type': `application/json;${'a=b;'.repeat(3000)}` });
    for (const target of ['Cases/$query', 'Agents/$query']) {
      for (const body of ['$filter=Title ne null', `$filter=${'('.repeat(200_000)}`, '$expand=Agent', '\u0000', '%']) {
        await attacked.ask(target, { method: 'POST', body, headers: { 'Content-Type': 'text/plain' } });
      }
    }
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      await attacked.ask('Cases(1)', { method, ...(method === 'OPTIONS' ? {} : { body: '{}' }) });
    }
  });

  it('and it is alive and well afterwards', async () => {
    const { status, body } = await attacked.ask('Cases/$count');
    assert.deepEqual([status, body], [200, '10']);
  });
});
