import { deepEqual } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { replayRejects } from '../../../src/ingest/load/replay-rejects.ts';
import { rebuildSets } from '../../../src/ingest/rebuild/rebuild-sets.ts';
import { csv } from '../support/feed.ts';
import { dump } from './dump.ts';
import { header, useErasures } from './erasure-world.ts';

/** Random files, a person erased at some moment, and what comes after it in any order: nothing of the person is left anywhere. */
export function erasureProperty(numRuns: number, timeout: number): void {
  const { feed, context, folders, loaded, load, erase, empty } = useErasures();
  const target = 'Zaphod Quux';
  const cell: fc.Arbitrary<string> = fc.constantFrom('Pia', 'Kim Koster', target, 'zaphod  QUUX', '', 'Ford');
  const note = fc.constantFrom('nothing', `so ${target}, said he`, 'a "b", c\nd', '', 'ZAPHOD quux!');
  const row = fc.record({
    id: fc.constantFrom<string[]>('1', '2', '3', 'x'),
    customer: fc.constantFrom('K-77', 'C-2', ''),
    name: cell,
    note,
    agent: cell,
    total: fc.constantFrom<string[]>('1', 'many', '3'),
    other: fc.constantFrom('', target, 'y'),
    /** The row is cut off behind its name. */
    short: fc.constantFrom(false, false, false, true),
  });
  const file = fc.array(row, { maxLength: 4 });
  type Rows = typeof file extends fc.Arbitrary<infer T> ? T : never;
  const step = fc.constantFrom('again', 'replay', 'rebuild', 'file');
  const text = (rows: Rows): string =>
    csv([
      header,
      ...rows.map((one) =>
        one.short
          ? [one.id, one.name]
          : [one.id, one.customer, one.name, '', one.note, one.agent, one.total, one.other],
      ),
    ]);
  let number = 0;

  const carryOut = async (
    one: string,
    files: { readonly first: Rows; readonly later: Rows; readonly minute: number },
  ) => {
    switch (one) {
      case 'again':
        return load(`again ${number++}.csv`, text(files.first), { again: true, force: true });
      case 'replay':
        return replayRejects(context());
      case 'rebuild':
        return rebuildSets({
          ...context(),
          sets: ['AcmeOrders', 'AcmeCustomers'],
          folders: folders(),
        });
      default:
        return load(`later ${number++}.csv`, text(files.later), { minute: files.minute, force: true });
    }
  };

  it('is nowhere, whatever files came before and come after, in whatever order', async function () {
    this.timeout(timeout);
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 3 }),
        fc.array(step, { maxLength: 4 }),
        file,
        async (before, steps, later) => {
          await empty();
          const names = before.map(() => `orders ${number++}.csv`);
          for (const [index, rows] of before.entries()) {
            await load(names[index] ?? '', text(rows), { minute: index, force: true });
          }
          await erase([target, 'K-77']);
          for (const [index, one] of steps.entries()) {
            await carryOut(one, { first: before[0] ?? [], later, minute: 10 + index });
          }
          const kept = readdirSync(loaded(''))
            .map((name) => readFileSync(loaded(name), 'utf8'))
            .join('\n');
          const all = `${await dump(feed().database)}\n${kept}`;
          deepEqual(
            all.split('\n').filter((line) => /zaphod|K-77/i.test(line)),
            [],
          );
        },
      ),
      { numRuns },
    );
  });

  it('takes nobody else along', async function () {
    this.timeout(timeout);
    const stored = async (): Promise<readonly unknown[]> =>
      feed().rows(`SELECT "OrderId", "Total", "Agent" FROM feed."AcmeOrders" ORDER BY 1`);
    const others = file.map((rows) =>
      rows.map((one) => ({ ...one, agent: 'Ford', short: false, id: one.id === 'x' ? '4' : one.id, total: '1' })),
    );
    await fc.assert(
      fc.asyncProperty(others, async (rows) => {
        await empty();
        await load('orders.csv', text(rows), { force: true });
        const before = await stored();
        await erase([target, 'K-77']);
        deepEqual(await stored(), before);
        await rebuildSets({ ...context(), sets: ['AcmeOrders'], folders: folders() });
        deepEqual(await stored(), before);
      }),
      { numRuns },
    );
  });
}
