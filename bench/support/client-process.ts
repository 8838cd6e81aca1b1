/** The counting client's process: takes orders from its parent, one at a time. */
import process from 'node:process';
import { createGunzip } from 'node:zlib';
import type { ClientOrder, Fetched, FetchOrder, Load, LoadOrder } from './client.ts';
import { ClientConnection } from './client-connection.ts';

process.on('message', (message: ClientOrder) => {
  const work = message.kind === 'fetch' ? fetchAll(message.order) : load(message.order);
  work.then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());

async function fetchAll(order: FetchOrder): Promise<{ fetched: Fetched }> {
  let url: URL | null = new URL(order.url);
  const connection = new ClientConnection(url);
  const counter = order.countRows === undefined ? null : rowCounter(order.countRows, order.headers);
  const started = performance.now();
  let pages = 0;
  let bytes = 0;
  let firstByte = 0;
  try {
    while (url !== null) {
      const reply = await connection.get(url, order.headers ?? {}, counter?.take ?? null);
      if (reply.status !== 200) {
        throw new Error(`${url.href}: ${reply.status} ${reply.tail}`);
      }
      if (pages === 0) {
        firstByte = reply.firstByteAt - started;
      }
      pages += 1;
      bytes += reply.bytes;
      const next = order.follow === true ? nextLink(reply.tail) : null;
      url = next === null ? null : new URL(next);
    }
  } finally {
    connection.close();
  }
  const milliseconds = performance.now() - started;
  const rows = counter === null ? null : await counter.rows();
  return { fetched: { status: 200, milliseconds, firstByte, bytes, pages, rows } };
}

function nextLink(tail: string): string | null {
  const found = /"@odata\.nextLink":("(?:[^"\\]|\\.)*")\}$/.exec(tail);
  return found === null ? null : (JSON.parse(found[1] ?? '""') as string);
}

/** Counts a byte sequence across all parts of the bodies; inflates where gzip was asked for. */
function rowCounter(text: string, headers: FetchOrder['headers'] = {}) {
  const wanted = Buffer.from(text);
  let rows = 0;
  let rest = Buffer.alloc(0);
  const count = (part: Buffer): void => {
    const bytes = Buffer.concat([rest, part]);
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + wanted.length)) {
      rows += 1;
    }
    rest = Buffer.from(bytes.subarray(-(wanted.length - 1)));
  };
  if (headers['Accept-Encoding'] !== 'gzip') {
    return { take: count, rows: async () => rows };
  }
  const gunzip = createGunzip();
  gunzip.on('data', count);
  return {
    take: (bytes: Buffer): void => void gunzip.write(Buffer.from(bytes)),
    rows: () =>
      new Promise<number>((resolve, reject) => {
        gunzip.on('end', () => resolve(rows));
        gunzip.on('error', reject);
        gunzip.end();
      }),
  };
}

async function load({ urls, connections, seconds, headers = {} }: LoadOrder): Promise<{ load: Load }> {
  const until = performance.now() + seconds * 1000;
  const started = performance.now();
  const times: number[] = [];
  let failed = 0;
  let turn = 0;
  const one = async (): Promise<void> => {
    const connection = new ClientConnection(new URL(urls[0] ?? ''));
    while (performance.now() < until) {
      const url = new URL(urls[turn++ % urls.length] ?? '');
      const asked = performance.now();
      const { status } = await connection.get(url, headers, null);
      times.push(performance.now() - asked);
      if (status !== 200) {
        failed += 1;
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, one));
  const elapsed = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    load: { requests: times.length, perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99), failed },
  };
}
