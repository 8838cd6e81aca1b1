import { deepEqual, equal, ok } from 'node:assert/strict';
import { KeptCounts } from '../../src/source/stored/kept-counts.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import type { ReadSession } from '../../src/warehouse/database.ts';

/** Statements by what they are for. */
const query: CompiledQuery = {
  text: 'plain',
  shape: { fields: [] },
  positionColumns: 0,
  blocks: {
    set: 'Cases',
    probe: 'probe',
    all: (shift) => `all ${shift}`,
    changed: ({ version, shift, blocks }) => `changed ${version} ${shift} ${blocks}`,
  },
};

/** A server that answers with what is given, and what it was asked. */
class Server {
  readonly asked: string[] = [];
  answers: Readonly<Record<string, string>> = { probe: '3000000 s1', plain: '4' };
  versions: string | null = 'Agents=9/e Cases=1/e';
  onPlain = (): void => {};

  count(counts: KeptCounts): Promise<string> {
    const { asked } = this;
    const session = {
      copyOut: async function* (this: void, text: string) {
        asked.push(text);
        const answer = answers[text];
        ok(answer !== undefined, `${text} was asked`);
        onPlain();
        const buffer = Buffer.from(`${answer}\n`);
        yield { buffer, starts: Int32Array.of(0), ends: Int32Array.of(buffer.length - 1), count: 1 };
      },
    } as unknown as ReadSession;
    const { answers, onPlain } = this;
    return counts.count('key', query, { session, versions: async () => this.versions }, { final: true });
  }

  /** What was asked since. */
  told(): readonly string[] {
    return this.asked.splice(0);
  }
}

describe('source: counts that outlive the version they were made from', () => {
  let server: Server;
  let counts: KeptCounts;
  let now = 1;
  beforeEach(async () => {
    server = new Server();
    now = 1;
    counts = new KeptCounts({ slow: 0 }, () => now);
    server.answers = { plain: '4', probe: '3000000 s1', 'all 10': '0 5,2929 7' };
    deepEqual([await server.count(counts), await server.count(counts)], ['4', '12']);
    deepEqual(server.told(), ['plain', 'probe', 'all 10']);
  });

  it('take of the next version what changed, and of the one behind it only what changed since', async () => {
    server.answers = { probe: '3000000 s1', 'changed 1 10 2930': '2929 3,2930 1' };
    server.versions = 'Agents=9/e Cases=2/e';
    equal(await server.count(counts), '9');
    server.answers = { probe: '3000000 s1', 'changed 2 10 2931': '0 0' };
    server.versions = 'Agents=10/e Cases=5/e';
    equal(await server.count(counts), '4');
    server.answers = { probe: '3000000 s1' };
    server.versions = 'Agents=11/e Cases=5/e';
    equal(await server.count(counts), '4');
    deepEqual(server.told(), ['probe', 'changed 1 10 2930', 'probe', 'changed 2 10 2931', 'probe']);
  });

  for (const [what, change] of [
    ['too much of them changed, or nobody noted what was removed', { versions: 'Cases=2/e', changed: 'all' }],
    ['the rows have another history', { versions: 'Cases=2/f' }],
    ['the rows are older', { versions: 'Cases=0/e' }],
    ['the server was started again, and may have another history', { versions: 'Cases=2/e', probe: '3000000 s2' }],
    ['a day is over', { versions: 'Cases=2/e', hours: 24 }],
  ] as const) {
    it(`are made anew where ${what}`, async () => {
      server.versions = change.versions;
      now += 'hours' in change ? change.hours * 3_600_000 : 0;
      server.answers = {
        probe: 'probe' in change ? change.probe : '3000000 s1',
        ...('changed' in change ? { 'changed 1 10 2930': change.changed } : {}),
        'all 10': '1 2',
      };
      equal(await server.count(counts), '2');
      ok(server.told().includes('all 10'));
    });
  }

  it('are those of each server that is read, one by one', async () => {
    server.answers = { probe: '3000000 s2', 'all 10': '0 6' };
    equal(await server.count(counts), '6');
    server.versions = 'Cases=2/e';
    server.answers = { probe: '3000000 s1', 'changed 1 10 2930': '' };
    equal(await server.count(counts), '12');
    server.answers = { probe: '3000000 s2', 'changed 1 10 2930': '' };
    equal(await server.count(counts), '6');
  });

  it('are not kept without a version', async () => {
    const unknown = new KeptCounts({ slow: 0 });
    server.versions = null;
    server.answers = { plain: '4' };
    server.told();
    deepEqual([await server.count(unknown), await server.count(unknown)], ['4', '4']);
    deepEqual(server.told(), ['plain', 'plain'], 'what would be counted by blocks in vain is not');
    server.versions = 'Cases=1/e';
    server.answers = { plain: '4', probe: '3000000 s1', 'all 10': '0 5' };
    await server.count(unknown);
    server.versions = null;
    deepEqual([await server.count(unknown), await server.count(unknown)], ['5', '5']);
  });

  it('have blocks that grow with the set, and are for large sets alone', async () => {
    const large = new KeptCounts({ slow: 0 });
    server.answers = { plain: '1', probe: '1000000000 s1', 'all 15': '30517 1' };
    deepEqual([await server.count(large), await server.count(large)], ['1', '1']);
    const small = new KeptCounts({ slow: 0 });
    server.answers = { plain: '5', probe: '199999 s1' };
    deepEqual([await server.count(small), await server.count(small)], ['5', '5']);
  });

  it('are made at the second time, and only if the first took long', async () => {
    const quick = new KeptCounts({}, () => now);
    server.answers = { plain: '4' };
    deepEqual([await server.count(quick), await server.count(quick)], ['4', '4']);
    server.onPlain = () => {
      now += 100;
    };
    equal(await server.count(quick), '4');
    deepEqual(server.told().slice(-3), ['plain', 'plain', 'plain']);
    equal(quick.has('key'), false);
    server.answers = { probe: '3000000 s1', 'all 10': '0 5' };
    equal(await server.count(quick), '5');
    equal(quick.has('key'), true);
  });
});
