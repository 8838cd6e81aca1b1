import assert from 'node:assert/strict';
import fc from 'fast-check';
import { byName } from '../../by-name.ts';
import { type CacheServer, startCacheServer } from '../../reply-cache/cache-server.ts';
import { anyChange, change } from './changes.ts';
import { anyQuestion, type Question, seenBy } from './questions.ts';
import { type Reader, readers } from './readers.ts';
import { insertWorld, makeWorld, type World } from './rows.ts';

/** One running feed with the rows that it has, here as plain objects. */
export interface ManyReaders {
  readonly server: CacheServer;
  readonly world: World;
}

export async function openManyReaders({
  rowLevelSecurity,
}: {
  readonly rowLevelSecurity: boolean;
}): Promise<ManyReaders> {
  const world = makeWorld(300);
  const server = await startCacheServer({
    rows: `${insertWorld(world)} ANALYZE;`,
    rowLevelSecurity,
    authentication: byName,
    settings: { publicUrl: null, pageSize: 150 },
    grantsOf: (principal) => readers.find(({ name }) => name === principal?.name)?.grants ?? nobody.grants,
  });
  return { server, world };
}

const at = <T>(all: readonly T[], n: number): T => {
  const found = all[n % all.length];
  assert.ok(found !== undefined);
  return found;
};

const nobody = at(readers, readers.length - 1);

const picks = { reader: fc.nat(readers.length - 1), question: fc.nat(2) };

const step = fc.oneof(
  {
    arbitrary: fc.record({ kind: fc.constant('ask' as const), ...picks, size: fc.constantFrom(null, null, 7, 40) }),
    weight: 6,
  },
  { arbitrary: fc.record({ kind: fc.constant('everybody' as const), question: picks.question }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('if changed' as const), ...picks, tag: fc.nat(30) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('token' as const), ...picks, of: fc.nat(30) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('follow' as const), reader: picks.reader, link: fc.nat(30) }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant('change' as const), what: anyChange }), weight: 2 },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Body {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** What readers of this run were given, each with whom and what it belongs to. */
interface Given {
  readonly tags: {
    readonly tag: string;
    readonly reader: Reader;
    readonly question: Question;
    readonly expected: string;
  }[];
  readonly next: { readonly link: string; readonly reader: Reader }[];
  readonly deltas: {
    readonly link: string;
    readonly reader: Reader;
    readonly question: Question;
    readonly rows: ReadonlyMap<string, unknown>;
  }[];
}

/** `numRuns` times some questions, asked by all readers in random order, with changes in between. */
export async function assertEachSeesHisOwn(feed: ManyReaders, numRuns: number): Promise<void> {
  const questions = fc.array(anyQuestion, { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(questions, fc.array(step, { minLength: 12, maxLength: 24 }), async (asked, steps) => {
      const given: Given = { tags: [], next: [], deltas: [] };
      for (const one of steps) {
        await take(one, { feed, asked, given });
      }
    }),
    // Rows stay changed, so that no smaller case is the same one.
    { numRuns, endOnFailure: true },
  );
  assert.deepEqual(feed.server.feed.defects, []);
}

interface Run {
  readonly feed: ManyReaders;
  readonly asked: readonly Question[];
  readonly given: Given;
}

async function take(one: Step, run: Run): Promise<void> {
  const { feed, asked, given } = run;
  switch (one.kind) {
    case 'ask':
      return ask(run, at(readers, one.reader), at(asked, one.question), one.size);
    case 'everybody':
      await Promise.all(readers.map((reader) => ask(run, reader, at(asked, one.question), null)));
      return;
    case 'if changed':
      return askIfChanged(run, at(readers, one.reader), one.tag);
    case 'token':
      return followNext(run, at(readers, one.reader), one.of);
    case 'follow':
      return followChanges(run, at(readers, one.reader), one.link);
    case 'change': {
      const { set, statement } = change(feed.world, one.what);
      await feed.server.load(set, statement);
      // What was read before goes on in rows that are others now.
      given.next.length = 0;
    }
  }
}

const get = ({ server }: ManyReaders, { name }: Reader, url: string, headers: Readonly<Record<string, string>> = {}) =>
  server.feed.get(url, { 'api-key': name, ...headers });

const expectedOf = ({ url, answer, count }: Question, reader: Reader, world: World) => {
  const seen = seenBy(reader, world);
  return { url, reader: reader.name, answer: answer(seen), count: count?.(seen) ?? null };
};

/** Properties that both know, of a row and of what is expanded in it. */
function like(told: unknown, expected: unknown): unknown {
  if (Array.isArray(told) && Array.isArray(expected)) {
    return told.map((one, n) => like(one, expected[n]));
  }
  if (typeof told !== 'object' || told === null || typeof expected !== 'object' || expected === null) {
    return told;
  }
  const of = new Map(Object.entries(told));
  return Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, like(of.get(name), value)]));
}

/** Without annotations. */
const plain = (row: object): object => Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('@')));

const inOrder = (rows: readonly unknown[]): readonly unknown[] =>
  [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Told and expected rows as they are compared. */
const compared = (question: Question, told: Body['value'], expected: readonly unknown[]) =>
  question.sorted
    ? { told: inOrder(told.map(plain)), expected: inOrder(expected) }
    : { told: like(told, expected), expected };

async function ask(run: Run, reader: Reader, question: Question, size: number | null): Promise<void> {
  const { feed, given } = run;
  const expected = expectedOf(question, reader, feed.world);
  const prefer = [
    ...(size === null ? [] : [`odata.maxpagesize=${size}`]),
    ...(question.followed ? ['odata.track-changes'] : []),
  ];
  const first = await get(feed, reader, question.url, prefer.length === 0 ? {} : { Prefer: prefer.join(', ') });
  const text = await first.text();
  assert.equal(first.status, 200, `${reader.name} ${question.url}: ${text}`);
  const tag = first.headers.get('etag');
  if (tag !== null) {
    given.tags.push({ tag, reader, question, expected: JSON.stringify(expected) });
  }
  if (typeof expected.answer === 'string') {
    assert.deepEqual({ ...expected, answer: text.replace('\uFEFF', '') }, expected);
    return;
  }
  const whole = await rest(run, reader, JSON.parse(text) as Body);
  const rows = compared(question, whole.rows, expected.answer);
  assert.deepEqual({ ...expected, answer: rows.told, count: whole.count }, { ...expected, answer: rows.expected });
  assert.equal(
    whole.delta !== null,
    question.followed && reader.byKey,
    `a delta link of ${reader.name} ${question.url}`,
  );
  if (whole.delta !== null) {
    given.deltas.push({
      link: whole.delta,
      reader,
      question,
      rows: new Map(whole.rows.map((row) => [keyOf(row), row])),
    });
  }
}

interface Whole {
  readonly rows: Body['value'];
  readonly count: number | null;
  readonly delta: string | null;
}

/** A page and all that follow it. */
async function rest({ feed, given }: Run, reader: Reader, page: Body): Promise<Whole> {
  const rows = [...page.value];
  let last = page;
  while (last['@odata.nextLink'] !== undefined) {
    const link = last['@odata.nextLink'];
    given.next.push({ link, reader });
    const reply = await get(feed, reader, link);
    last = (await reply.json()) as Body;
    assert.equal(reply.status, 200, JSON.stringify(last));
    rows.push(...last.value);
  }
  return { rows, count: page['@odata.count'] ?? null, delta: last['@odata.deltaLink'] ?? null };
}

/** With the ETag that somebody got: nothing new is only for whom it is the same, and as long as it is. */
async function askIfChanged(run: Run, reader: Reader, n: number): Promise<void> {
  if (run.given.tags.length === 0) {
    return;
  }
  const { tag, reader: other, question, expected } = at(run.given.tags, n);
  const now = expectedOf(question, reader, run.feed.world);
  const reply = await get(run.feed, reader, question.url, { 'If-None-Match': tag });
  const text = await reply.text();
  if (reply.status === 304) {
    assert.equal(reader.rights, other.rights, `the ETag of ${other.name} for ${reader.name}: ${question.url}`);
    assert.equal(JSON.stringify({ ...now, reader: other.name }), expected, `304 for ${reader.name}: ${question.url}`);
    return;
  }
  assert.equal(reply.status, 200, text);
  if (typeof now.answer === 'string') {
    assert.equal(text.replace('\uFEFF', ''), now.answer, `${reader.name} ${question.url}`);
    return;
  }
  const { rows } = await rest(run, reader, JSON.parse(text) as Body);
  const { told, expected: right } = compared(question, rows, now.answer);
  assert.deepEqual(told, right, `${reader.name} ${question.url}`);
}

/** The page after another reader's page is for his rights; who cannot follow the changes that it leads to begins anew. */
async function followNext({ feed, given }: Run, reader: Reader, n: number): Promise<void> {
  if (given.next.length > 0) {
    const { link, reader: other } = at(given.next, n);
    const reply = await get(feed, reader, link);
    await reply.text();
    const refused = link.includes('$deltatoken=') && !reader.byKey ? 410 : 400;
    const expected = reader.rights === other.rights ? 200 : refused;
    assert.equal(reply.status, expected, `${reader.name} follows ${other.name}'s ${link}`);
  }
}

const keyOf = (row: Readonly<Record<string, unknown>>): string =>
  'Id' in row ? `Cases(${row['Id']})` : `Messages(CaseId=${row['CaseId']},Number=${row['Number']})`;

/** What changed since somebody read all, for whom it is the same; the rows are then as they are now. */
async function followChanges(run: Run, reader: Reader, n: number): Promise<void> {
  const { feed, given } = run;
  if (given.deltas.length === 0) {
    return;
  }
  const { link, reader: other, question, rows: before } = at(given.deltas, n);
  const reply = await get(feed, reader, link);
  const text = await reply.text();
  if (reader.rights !== other.rights) {
    assert.equal(reply.status, 410, `${reader.name} follows ${other.name}'s changes: ${text}`);
    return;
  }
  assert.equal(reply.status, 200, text);
  const changes = await rest(run, reader, JSON.parse(text) as Body);
  const rows = new Map(before);
  for (const row of changes.rows) {
    const id = row['id'] ?? row['@odata.id'];
    if ('reason' in row || '@removed' in row) {
      rows.delete(String(id).replace(/.*\/odata\//, ''));
    } else {
      rows.set(keyOf(row), row);
    }
  }
  const { answer } = expectedOf(question, reader, feed.world);
  assert.ok(typeof answer !== 'string');
  const expected = new Map((answer as Body['value']).map((row) => [keyOf(row), row]));
  const told = new Map([...rows].map(([key, row]) => [key, like(row, expected.get(key) ?? {})]));
  const byKey = (all: ReadonlyMap<string, unknown>) => [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(byKey(told), byKey(expected), `${reader.name} follows ${question.url}`);
}
