/**
 * The feed under pressure: `npm run bench -- pressure`, two minutes. While readers stall, expensive statements run, many read everything
 * and bodies drip, a small request is asked again and again, by a process of its own; afterwards memory, connections and disk are
 * looked at. PRESSURE_ROWS (100,000) and PRESSURE_SECONDS (10) change the size. Needs nothing but Node.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashKey } from '../src/sign-in/files/credentials.ts';
import { type Crowd, crowd, type Probed } from './pressure/crowd.ts';
import { type MeasuredServer, startGateway } from './support/gateway.ts';
import { conversations, messageColumns, messages, selectOption } from './support/messages.ts';
import { type Cell, median, note, print, type Report, verdict } from './support/report.ts';
import { type BenchWarehouse, fill, openWarehouse } from './support/warehouse.ts';

const rows = Number(process.env['PRESSURE_ROWS'] ?? 100_000);
const seconds = Number(process.env['PRESSURE_SECONDS'] ?? 10);
const readers = 16;
const extractions = 50;
const dripping = 200;
/** Of the proof that a small request stays quick beside both. */
const [together, slowOnes] = [16, 200];

/** Small requests: a page, a key, and a filter by an index. */
const small = (root: string): readonly string[] => [
  `${root}${messages}?$top=20&$select=MessageId,CreatedAt,AgentName`,
  `${root}${conversations}?$top=20`,
  `${root}${conversations}('00000000-0000-0000-0000-000000000000')?$select=Medium`.replace(/\('.*'\)/, '/$count'),
];

/** Statements that PostgreSQL would work on for minutes; no two are the same, so that none is answered from memory. */
const expensive = (root: string): readonly string[] =>
  Array.from({ length: readers }, (_, turn) =>
    turn % 2 === 0
      ? `${root}$crossjoin(${messages},${conversations})/$count?$filter=${messages}/Content%20gt%20${conversations}/ConversationId%20and%20${messages}/AgentName%20ne%20'${turn}'`
      : `${root}$crossjoin(${messages},${conversations})?$filter=${messages}/Content%20gt%20${conversations}/ConversationId%20and%20${messages}/AgentName%20ne%20'${turn}'&$orderby=${messages}/Content%20desc,${conversations}/Medium&$top=5`,
  );

/** Sorts and groups more than it may keep in files. */
const spilling = (root: string): string =>
  `${root}${messages}?$apply=groupby((${grouped.join(',')}),aggregate($count%20as%20N))&$orderby=N%20desc,Content`;

/** All that a row holds beside its key: the groups are as many as the rows, and as large. */
const grouped = messageColumns.map(([name]) => name).filter((name) => name !== 'MessageId');

interface Place {
  readonly warehouse: BenchWarehouse;
  readonly server: MeasuredServer;
}

/** What small requests saw while something lasted. */
interface Line {
  readonly what: string;
  readonly probed: Probed;
  readonly remark: string;
}

async function probing(server: MeasuredServer): Promise<Crowd<'probe'>> {
  const probe = crowd({ kind: 'probe', urls: small(server.address) });
  // The process has to start.
  await sleep(1000);
  return probe;
}

async function quiet({ server }: Place): Promise<Line> {
  const probe = await probing(server);
  await sleep(3000);
  return { what: 'nothing else', probed: await probe.stop(), remark: '' };
}

async function backends({ warehouse }: Place): Promise<number> {
  const { rows: found } = await warehouse.database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'gateway reader' AND state <> 'idle'`,
  );
  return found[0]?.n ?? 0;
}

async function stalled(place: Place): Promise<Line> {
  const { server } = place;
  const crowdOfReaders = crowd({ kind: 'stall', url: `${server.address}${messages}?${selectOption}`, count: readers });
  await sleep(2000);
  const probe = await probing(server);
  await sleep(seconds * 1000);
  const busy = await backends(place);
  const probed = await probe.stop();
  const { closed, rows: read } = await crowdOfReaders.stop();
  const whole = read.filter((count) => count === rows).length;
  const remark = `${busy} connections to PostgreSQL still held after ${seconds + 3} s; read on, ${whole} of ${readers} got every row once, ${closed} were cut off`;
  return { what: `${readers} stalled readers`, probed, remark };
}

async function expensiveOnes({ server }: Place): Promise<Line> {
  const asked = crowd({ kind: 'ask', urls: expensive(server.address) });
  await sleep(2000);
  const probe = await probing(server);
  await sleep(seconds * 1000);
  const probed = await probe.stop();
  const answers = await asked.stop();
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
  const others = [...new Set(answers.map(({ status }) => status))].filter((status) => status !== 0 && status !== 200);
  const remark = `meanwhile ${count(200)} answered, ${count(0)} still waiting${others.map((status) => `, ${count(status)} got ${status}`).join('')}`;
  return { what: `${readers} expensive statements`, probed, remark };
}

async function everything({ server }: Place): Promise<{ line: Line; ratio: number }> {
  const url = `${server.address}${messages}?${selectOption}`;
  const alone = await crowd({ kind: 'extract', url, count: extractions, together: 1 }).done;
  const all = crowd({ kind: 'extract', url, count: extractions, together: extractions });
  const probe = await probing(server);
  const { milliseconds, rows: read } = await all.done;
  const probed = await probe.stop();
  const whole = read.filter((count) => count === rows).length;
  const ratio = milliseconds / alone.milliseconds;
  const remark = `${whole} of ${extractions} whole in ${(milliseconds / 1000).toFixed(1)} s, ${ratio.toFixed(2)} of the ${(alone.milliseconds / 1000).toFixed(1)} s they take one after another`;
  return { line: { what: `${extractions} full extractions`, probed, remark }, ratio };
}

async function everythingBesideSlowOnes({ server }: Place): Promise<Line> {
  const url = `${server.address}${messages}?${selectOption}`;
  const slow = crowd({ kind: 'slow', url, count: slowOnes });
  await sleep(2000);
  const all = crowd({ kind: 'extract', url, count: together, together });
  const probe = await probing(server);
  const { milliseconds, rows: read } = await all.done;
  const probed = await probe.stop();
  const { taking, ended, broken } = await slow.stop();
  const whole = read.filter((count) => count === rows).length;
  const remark = `${whole} of ${together} whole in ${(milliseconds / 1000).toFixed(1)} s; of the slow readers ${taking} were at it still, ${ended} had their page, ${broken} were cut off`;
  return { what: `${together} full extractions and ${slowOnes} slow readers`, probed, remark };
}

/** With little room for PostgreSQL's temporary files. */
async function fullDisk(warehouse: BenchWarehouse): Promise<Line> {
  const server = await startGateway(warehouse, { TEMP_FILES_MB: '4', STATEMENT_TIMEOUT: '60' });
  try {
    const urls = Array.from({ length: readers }, () => spilling(server.address));
    const asked = crowd({ kind: 'ask', urls });
    const probe = await probing(server);
    await sleep(seconds * 1000);
    const probed = await probe.stop();
    const [answer] = await asked.stop();
    const remark = `answered ${answer?.status ?? 0} after ${((answer?.milliseconds ?? 0) / 1000).toFixed(1)} s: ${/"message":"([^"]*)"/.exec(answer?.body ?? '')?.[1] ?? answer?.body ?? ''}`;
    return { what: `${readers} queries that want more than their 4 MB of temporary files`, probed, remark };
  } finally {
    await server.stop();
  }
}

/** Where credentials are wanted, nobody's body is read without them. */
async function drippingBodies(warehouse: BenchWarehouse): Promise<Line> {
  const keys = path.join(warehouse.folder, 'keys');
  const secret = 'a key that nobody else knows';
  writeFileSync(keys, `bench:${hashKey(secret)}\n`);
  const server = await startGateway(warehouse, { AUTH_KEY_FILE: keys });
  try {
    const drips = crowd({ kind: 'drip', url: `${server.address}$batch`, count: dripping });
    const key = `api-key=${encodeURIComponent(secret)}`;
    const urls = small(server.address).map((url) => `${url}${url.includes('?') ? '&' : '?'}${key}`);
    const probe = crowd({ kind: 'probe', urls });
    await sleep(5000);
    const probed = await probe.stop();
    const { open, statuses } = await drips.stop();
    const refused = statuses.filter((status) => status === 401).length;
    return {
      what: `${dripping} dripping bodies without credentials`,
      probed,
      remark: `${refused} were told 401, ${open} still open after 5 s`,
    };
  } finally {
    await server.stop();
    rmSync(keys);
  }
}

async function afterwards(place: Place, before: number | null): Promise<string> {
  await sleep(3000);
  const { rows: found } = await place.warehouse.database.query<{ bytes: string }>(
    'SELECT coalesce(sum(size), 0)::text AS bytes FROM pg_ls_tmpdir()',
  );
  return `afterwards: ${await backends(place)} busy connections, ${found[0]?.bytes ?? '?'} bytes of temporary files, resident memory at most ${place.server.peakMemory() ?? '?'} MB (${before ?? '?'} MB at the start)`;
}

function report(lines: readonly Line[], ratio: number, after: string): Report {
  const cells = lines.map(({ what, probed, remark }): Cell[] => {
    const times = [...probed.times].sort((a, b) => a - b);
    const p99 = times[Math.floor(times.length * 0.99)] ?? null;
    return [what, times.length, times.length === 0 ? null : median(times), p99, probed.failed.length, remark];
  });
  const p50 = (probed: Probed): number => (probed.times.length === 0 ? probePatience : median(probed.times));
  const verdicts = lines.map(({ what, probed }) =>
    verdict(`small request beside ${what}, p50 in ms`, p50(probed), { below: 50 }),
  );
  return {
    title: 'Small requests under pressure',
    columns: ['beside', 'answered', 'p50, ms', 'p99, ms', 'failed', ''],
    rows: cells,
    verdicts: [...verdicts, verdict('extractions together, of one after another', ratio, { below: 1.2 }), after],
  };
}

const probePatience = 10_000;

const warehouse = await openWarehouse();
try {
  await fill(warehouse.database, rows);
  note('filled');
  const server = await startGateway(warehouse);
  const place = { warehouse, server };
  const lines: Line[] = [];
  const started = server.peakMemory();
  let ratio = 0;
  let after = '';
  try {
    const steps: readonly (() => Promise<Line>)[] = [
      () => quiet(place),
      () => stalled(place),
      () => expensiveOnes(place),
      async () => {
        const found = await everything(place);
        ratio = found.ratio;
        return found.line;
      },
      () => everythingBesideSlowOnes(place),
    ];
    for (const step of steps) {
      lines.push(await step());
      note(`${lines.at(-1)?.what}: done`);
    }
    after = await afterwards(place, started);
  } finally {
    await server.stop();
  }
  lines.push(await fullDisk(warehouse), await drippingBodies(warehouse));
  print(report(lines, ratio, after));
} finally {
  await warehouse.close();
}
