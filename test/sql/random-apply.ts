import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compiled, part } from './compile-url.ts';
import type { Value } from './read-rows.ts';
import {
  aggregateAll,
  concat,
  filter,
  groupBy,
  type Instance,
  type Item,
  type Method,
  navigations,
  ofSet,
  onlyKeys,
  type Run,
  read,
  type Scalar,
  type SetName,
  sequence,
} from './reference-apply.ts';
import type { TestFeed } from './test-feed.ts';

/** A transformation or a sequence of them: as OData writes it, and as the reference evaluates it. */
interface Step {
  readonly text: string;
  readonly run: Run;
}

const numbers: Readonly<Record<SetName, readonly string[]>> = {
  Agents: ['Id', 'LeaderId'],
  Cases: ['Id', 'Priority', 'Cost', 'Small'],
  Messages: ['Number', 'Length'],
};
const groupable: Readonly<Record<SetName, readonly string[]>> = {
  Agents: ['City', 'LeaderId', 'Leader/Name', 'Leader/City'],
  Cases: ['Priority', 'Open', 'Small', 'Agent/City', 'Agent/Leader/Name', 'Agent/LeaderId'],
  Messages: ['Length', 'Number', 'Case/Open', 'Case/Agent/City', 'Case/Priority'],
};

interface Path {
  readonly names: readonly string[];
  readonly to: SetName;
  readonly toOne: boolean;
}

/** Every path over navigation of up to three steps. */
function pathsFrom(set: SetName, steps = 3): readonly Path[] {
  if (steps === 0) return [];
  return Object.entries(navigations[set]).flatMap(([name, { to, many }]) => [
    { names: [name], to, toOne: !many },
    ...pathsFrom(to, steps - 1).map((rest) => ({ ...rest, names: [name, ...rest.names], toOne: rest.toOne && !many })),
  ]);
}

const methods: readonly Method[] = ['sum', 'min', 'max', 'average', 'countdistinct'];

/** One aggregate without its name: of the rows, of entities that a path reaches, or of an expression of each row. */
function item(set: SetName): fc.Arbitrary<Omit<Item, 'alias'>> {
  const here: Path = { names: [], to: set, toOne: true };
  return fc.constantFrom(here, here, ...pathsFrom(set)).chain((path) =>
    fc.oneof(
      fc.constant({ path: path.names, property: null, each: false, method: 'count' as const }),
      fc.record({
        path: fc.constant(path.names),
        property: fc.constantFrom(...numbers[path.to]),
        each: path.toOne ? fc.boolean() : fc.constant(false),
        method: fc.constantFrom(...methods),
      }),
    ),
  );
}

function itemText({ path, property, each, method, alias }: Item): string {
  if (property === null) return `${[...path, '$count'].join('/')} as ${alias}`;
  const value = [...path, property].join('/');
  return `${each ? `${value} add 0` : value} with ${method} as ${alias}`;
}

const aggregateStep = (set: SetName, prefix = 'A'): fc.Arbitrary<Step> =>
  fc.array(item(set), { minLength: 1, maxLength: 3 }).map((found) => {
    const items = found.map((one, index): Item => ({ ...one, alias: `${prefix}${index}` }));
    return { text: `aggregate(${items.map(itemText).join(',')})`, run: aggregateAll(items) };
  });

/** A transformation that leaves rows rows. */
export const rowStep = (set: SetName): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.tuple(fc.constantFrom(...numbers[set]), fc.integer({ min: -3, max: 9 })).map(([name, least]) => ({
      text: `filter(${name} gt ${least})`,
      run: filter((one) => Number(read(one, name) ?? Number.NaN) > least),
    })),
    fc.constantFrom(...groupable[set]).map((name) => ({
      text: `filter(${name} eq null)`,
      run: filter((one) => read(one, name) === null),
    })),
  );

/** What stands in `groupby(...)`; `only` the kinds that one pass can do for every level of a rollup and others. */
const inGroup = (set: SetName): fc.Arbitrary<Step | null> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 4, arbitrary: aggregateStep(set) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.array(rowStep(set), { minLength: 1, maxLength: 2 }), aggregateStep(set))
        .map(([steps, last]) => inSequence([...steps, last])),
    },
  );

function inSequence(steps: readonly Step[]): Step {
  return { text: steps.map((step) => step.text).join('/'), run: sequence(steps.map((step) => step.run)) };
}

/** Keys, some of them in rollups: for each rollup the level and all above it. */
const grouping = (set: SetName): fc.Arbitrary<{ text: string; levels: readonly (readonly string[])[] }> =>
  fc
    .tuple(
      fc.shuffledSubarray([...groupable[set]], { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 2 }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([names, plain, all, two]) => {
      const rolled = names.slice(plain);
      const half = two && rolled.length > 2 ? 1 : rolled.length;
      const rollups = [rolled.slice(0, half), rolled.slice(half)].filter((one) => one.length > 0);
      // One path alone in a rollup would be the name of a hierarchy.
      const usable = rollups.every((one) => one.length > 1 || all);
      if (!usable) return { text: names.join(','), levels: [names] };
      const parts = rollups.map((one) => `rollup(${all ? '$all,' : ''}${one.join(',')})`);
      const levels = rollups.map((one) => [
        ...one.map((_, index) => one.slice(0, one.length - index)),
        ...(all ? [[]] : []),
      ]);
      const sets = levels.reduce<readonly (readonly string[])[]>(
        (found, next) => found.flatMap((set) => next.map((level) => [...set, ...level])),
        [names.slice(0, plain)],
      );
      return { text: [...names.slice(0, plain), ...parts].join(','), levels: sets };
    });

const groupStep = (set: SetName): fc.Arbitrary<Step> =>
  fc.tuple(grouping(set), inGroup(set)).map(([{ text, levels }, inside]) => {
    const then = inside?.run ?? onlyKeys;
    // Without keys there is the whole as one group, also of no rows.
    const run = concat(levels.map((keys) => (keys.length === 0 ? then : groupBy(keys, then))));
    return { text: `groupby((${text})${inside === null ? '' : `,${inside.text}`})`, run };
  });

interface Pipeline extends Step {
  readonly set: SetName;
}

export const pipeline: fc.Arbitrary<Pipeline> = fc
  .constantFrom<SetName>('Agents', 'Cases', 'Messages')
  .chain((set) =>
    fc
      .tuple(
        fc.array(rowStep(set), { maxLength: 1 }),
        fc.oneof(aggregateStep(set), groupStep(set), groupStep(set), concatStep(set)),
      )
      .map(([before, last]) => ({ set, ...inSequence([...before, last]) })),
  );

const concatStep = (set: SetName): fc.Arbitrary<Step> =>
  fc.tuple(aggregateStep(set, 'B'), groupStep(set)).map(([left, right]) => ({
    text: `concat(${left.text},${right.text})`,
    run: concat([left.run, right.run]),
  }));

/** Random pipelines give the rows that the reference evaluation gives; in which order is not compared. */
export async function assertApplyAgreement(feed: TestFeed, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(pipeline, async ({ set, text, run }) => {
      const query = compiled(`${set}?$apply=${part(text)}`);
      const found = (await feed.read(query)).map(({ row }) => flat(row));
      const names = [...new Set(found.flatMap((row) => Object.keys(row)))];
      const expected = run(ofSet(set)).map((one) => namesOf(one, names));
      assert.deepEqual(sorted(found, names), sorted(expected, names), `${set}?$apply=${text}\n${query.text}`);
    }),
    { numRuns },
  );
}

/** What one instance shows under the names of the whole result; it may lack some. */
const namesOf = ({ added }: Instance, names: readonly string[]): Readonly<Record<string, Scalar>> =>
  Object.fromEntries(names.map((name) => [name, added.get(name) ?? null]));

function flat(row: Value, before = ''): Record<string, Scalar> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new Error('no row');
  return Object.assign(
    {},
    ...Object.entries(row).map(([name, value]) =>
      typeof value === 'object' && value !== null ? flat(value, `${before}${name}/`) : { [before + name]: value },
    ),
  ) as Record<string, Scalar>;
}

/** Averages end after sixteen digits here and there. */
const sorted = (rows: readonly Readonly<Record<string, Scalar>>[], names: readonly string[]): readonly string[] =>
  rows
    .map((row) =>
      JSON.stringify(
        names.map((name) => {
          const value = row[name] ?? null;
          return typeof value === 'number' ? Number(value.toFixed(9)) : value;
        }),
      ),
    )
    .sort();
