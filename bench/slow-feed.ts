/**
 * Stored sets beside a slow proxied feed: `npm run bench -- slow-feed`, a minute. A small request for stored rows is asked again and
 * again, by a process of its own, alone and while 16 clients read from a feed that sends a row every 100 ms; both in turns, in one
 * run. SLOW_FEED_ROUNDS (3) and SLOW_FEED_SECONDS (5) change the size. Needs nothing but Node.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { crowd } from './pressure/crowd.ts';
import { startGateway } from './support/gateway.ts';
import { messages } from './support/messages.ts';
import { median, note, print, verdict } from './support/report.ts';
import { fill, openWarehouse } from './support/warehouse.ts';

const rounds = Number(process.env['SLOW_FEED_ROUNDS'] ?? 3);
const seconds = Number(process.env['SLOW_FEED_SECONDS'] ?? 5);
const readers = 16;
/** The proxied source that is slow, and one of its sets that is asked for each time. */
const [source, proxied, variable] = ['buzzeasy', 'BuzzeasyCalls', 'BUZZEASY_URL'];

const warehouse = await openWarehouse();
const sandbox = await startSandbox(warehouse.catalogue, source, { rows: 20, seed: 1 });
/** Replies that go on, each with what it is fed with. */
const slow = new Set<ServerResponse>();
const feed = createServer(async (request, response) => {
  const url = request.url ?? '';
  let gone = false;
  response.once('close', () => {
    gone = true;
    slow.delete(response);
  });
  const reply = await fetch(new URL(`.${url}`, sandbox.url));
  const text = await reply.text();
  response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
  if (url.includes('$metadata')) {
    response.end(text);
    return;
  }
  // Whoever hung up meanwhile is not served for ever.
  if (gone) {
    return;
  }
  const { value } = JSON.parse(text) as { readonly value: readonly unknown[] };
  const row = JSON.stringify(value[0]);
  response.write(`{"value":[${row}`);
  slow.add(response);
  const timer = setInterval(() => response.write(`,${row}`), 100);
  response.once('close', () => clearInterval(timer));
});
feed.listen(0, '127.0.0.1');
await once(feed, 'listening');
const { port } = feed.address() as AddressInfo;

async function probe(address: string): Promise<readonly number[]> {
  const asking = crowd({
    kind: 'probe',
    urls: [`${address}${messages}?$top=20&$select=MessageId,CreatedAt,AgentName`],
  });
  // The process has to start.
  await sleep(1000 + seconds * 1000);
  const { times, failed } = await asking.stop();
  if (failed.length > 0) {
    throw new Error(`${failed.length} small requests failed: ${failed[0]}`);
  }
  return times;
}

try {
  await fill(warehouse.database, 20_000);
  note('filled');
  const server = await startGateway(warehouse, { [variable]: `http://127.0.0.1:${port}/` });
  const alone: number[] = [];
  const beside: number[] = [];
  let most = 0;
  try {
    await probe(server.address);
    for (let round = 1; round <= rounds; round++) {
      alone.push(...(await probe(server.address)));
      const reading = crowd({
        kind: 'ask',
        urls: Array.from({ length: readers }, () => `${server.address}${proxied}`),
      });
      await sleep(1500);
      beside.push(...(await probe(server.address)));
      most = Math.max(most, slow.size);
      await reading.stop();
      note(`round ${round}`);
    }
  } finally {
    await server.stop();
  }
  const p99 = (times: readonly number[]): number =>
    [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  print({
    title: 'Small requests for stored rows beside a slow proxied feed',
    columns: ['beside', 'answered', 'p50, ms', 'p99, ms'],
    rows: [
      ['nothing else', alone.length, median(alone), p99(alone)],
      [`${readers} slow proxied reads, ${most} at the feed at once`, beside.length, median(beside), p99(beside)],
    ],
    verdicts: [verdict('p50 beside, of alone', median(beside) / median(alone), { below: 1.2 })],
  });
} finally {
  feed.close();
  feed.closeAllConnections();
  await sandbox.close();
  await warehouse.close();
}
