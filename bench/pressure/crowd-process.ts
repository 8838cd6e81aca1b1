/** One process of clients under `bench/pressure.ts`. */
import { once, setMaxListeners } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked, CrowdOrder, Dripped, Extracted, Probed, Slow, Stalled } from './crowd.ts';

const stopped = new AbortController();
setMaxListeners(0, stopped.signal);

process.on('message', (message: CrowdOrder | 'stop') => {
  if (message === 'stop') {
    return stopped.abort();
  }
  run(message).then(
    (report) => process.send?.({ report }),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());

function run(order: CrowdOrder): Promise<unknown> {
  switch (order.kind) {
    case 'probe':
      return probe(order.urls);
    case 'extract':
      return extract(order);
    case 'stall':
      return stall(order);
    case 'slow':
      return slow(order);
    case 'ask':
      return Promise.all(order.urls.map(ask));
    case 'drip':
      return drip(order);
  }
}

/** Answers later than this count as none. */
const probePatience = 10_000;

async function probe(urls: readonly string[]): Promise<Probed> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const failed: string[] = [];
  for (let turn = 0; !stopped.signal.aborted; turn++) {
    const asked = performance.now();
    try {
      const signal = AbortSignal.timeout(probePatience);
      const { status, body } = await fetched(urls[turn % urls.length] ?? '', { agent, signal });
      if (status === 200) {
        times.push(performance.now() - asked);
      } else {
        failed.push(`${status} ${body.slice(0, 200)}`);
      }
    } catch {
      failed.push(`no answer in ${Math.round(performance.now() - asked)} ms`);
    }
    await sleep(20);
  }
  agent.destroy();
  return { times, failed };
}

interface Fetching {
  readonly agent?: Agent;
  readonly signal: AbortSignal;
}

async function fetched(url: string, { agent, signal }: Fetching): Promise<{ status: number; body: string }> {
  const reply = await opened(url, { ...(agent === undefined ? {} : { agent }), signal });
  const parts: Buffer[] = [];
  for await (const part of reply) {
    parts.push(part as Buffer);
  }
  return { status: reply.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') };
}

async function opened(url: string, options: Fetching): Promise<IncomingMessage> {
  const request = get(url, {
    headers: { connection: options.agent === undefined ? 'close' : 'keep-alive' },
    ...options,
  });
  const [reply] = (await once(request, 'response')) as [IncomingMessage];
  return reply;
}

const rowStart = Buffer.from('{"MessageId":');

/** Counts the rows of one page; gives the link to the next one. `onFirst` may hold the reader up. */
async function countPage(
  url: string,
  agent: Agent,
  onFirst: (() => Promise<void>) | null,
): Promise<{ rows: number; next: string | null }> {
  const reply = await opened(url, { agent, signal: new AbortController().signal });
  if (reply.statusCode !== 200) {
    throw new Error(`${url}: ${reply.statusCode}`);
  }
  let rows = 0;
  let rest = Buffer.alloc(0);
  let first = onFirst;
  for await (const part of reply) {
    const held = first;
    first = null;
    await held?.();
    const bytes = Buffer.concat([rest, part as Buffer]);
    let at = bytes.indexOf(rowStart);
    let behind = 0;
    for (; at >= 0; at = bytes.indexOf(rowStart, behind)) {
      rows += 1;
      behind = at + rowStart.length;
    }
    rest = bytes.subarray(Math.max(behind, bytes.length - 4096));
  }
  const link = /"@odata\.nextLink":("(?:[^"\\]|\\.)*")\}$/.exec(rest.toString('utf8'))?.[1];
  return { rows, next: link === undefined ? null : (JSON.parse(link) as string) };
}

async function countAll(url: string, onFirst: (() => Promise<void>) | null = null): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let rows = 0;
  let hold = onFirst;
  for (let next: string | null = url; next !== null; ) {
    const page = await countPage(next, agent, hold);
    hold = null;
    rows += page.rows;
    next = page.next;
  }
  agent.destroy();
  return rows;
}

async function extract({ url, count, together }: CrowdOrder & { kind: 'extract' }): Promise<Extracted> {
  const started = performance.now();
  const rows: number[] = [];
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      rows.push(await countAll(url));
    }
  };
  await Promise.all(Array.from({ length: together }, one));
  return { milliseconds: performance.now() - started, rows };
}

async function stall({ url, count }: CrowdOrder & { kind: 'stall' }): Promise<Stalled> {
  const until = stopped.signal.aborted ? Promise.resolve() : once(stopped.signal, 'abort').then(() => {});
  const rows: number[] = [];
  let closed = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      try {
        rows.push(await countAll(url, () => until));
      } catch {
        closed += 1;
      }
    }),
  );
  return { closed, rows };
}

/** A page of a link that is as slow as its reader; its next link is not followed. */
async function slow({ url, count }: CrowdOrder & { kind: 'slow' }): Promise<Slow> {
  const report = { taking: 0, ended: 0, broken: 0 };
  await Promise.all(
    Array.from({ length: count }, async () => {
      try {
        const reply = await opened(url, { signal: stopped.signal });
        if (reply.statusCode !== 200) {
          throw new Error(String(reply.statusCode));
        }
        for await (const _ of reply) {
          await sleep(100, undefined, { signal: stopped.signal });
        }
        report.ended += 1;
      } catch {
        report[stopped.signal.aborted ? 'taking' : 'broken'] += 1;
      }
    }),
  );
  return report;
}

async function ask(url: string): Promise<Asked> {
  const asked = performance.now();
  const answer = await fetched(url, { signal: stopped.signal }).catch((error: Error) => ({
    status: 0,
    body: error.name,
  }));
  return { ...answer, body: answer.body.slice(0, 600), milliseconds: performance.now() - asked };
}

async function drip({ url, count }: CrowdOrder & { kind: 'drip' }): Promise<Dripped> {
  const { hostname, port, pathname } = new URL(url);
  const statuses: number[] = [];
  let open = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname);
    open += 1;
    socket.on('error', () => {});
    socket.on('close', () => {
      open -= 1;
    });
    socket.on('data', (bytes) => void statuses.push(Number(bytes.toString('latin1').slice(9, 12))));
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`,
    );
    return socket;
  });
  while (!stopped.signal.aborted) {
    for (const socket of sockets) {
      if (socket.writable) {
        socket.write(' ');
      }
    }
    await sleep(1000);
  }
  const report = { open, statuses };
  for (const socket of sockets) {
    socket.destroy();
  }
  return report;
}
