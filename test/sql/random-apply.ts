import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compiled, part } from './compile-url.ts';
import type { Value } from './read-rows.ts';
import {
  aggregateAll,
  concat,
  filter,
  firstRows,
  groupBy,
  type Instance,
  type Item,
  laterRows,
  type Method,
  navigations,
  ofSet,
  onlyKeys,
  orderBy,
  presenceName,
  type Run,
  ranked,
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
  if (steps === 0) {
    return [];
  }
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
  if (property === null) {
    return `${[...path, '$count'].join('/')} as ${alias}`;
  }
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
    fc
      .tuple(fc.constantFrom(...numbers[set]), fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 4 }))
      .map(([name, descending, top, count]) => ({
        text: `orderby(${name}${descending ? ' desc' : ''})/${top ? 'top' : 'skip'}(${count})`,
        run: sequence([orderBy(name, descending), top ? firstRows(count) : laterRows(count)]),
      })),
    fc
      .tuple(fc.constantFrom(...numbers[set]), fc.boolean(), fc.integer({ min: 1, max: 3 }))
      .map(([name, top, count]) => ({
        text: `${top ? 'top' : 'bottom'}count(${count},${name})`,
        run: ranked(top, count, name),
      })),
    fc.constant({ text: 'identity', run: (input: readonly Instance[]) => input }),
    fc.constantFrom(...groupable[set]).map((name) => ({
      text: `filter(${name} eq null)`,
      run: filter((one) => read(one, name) === null),
    })),
  );

/** What stands in `groupby(...)` of `names`; null: nothing. */
const inGroup = (set: SetName, names: readonly string[]): fc.Arbitrary<Step | null> => {
  const steps = fc.array(rowStep(set), { minLength: 1, maxLength: 3 });
  const least = fc.integer({ min: -1, max: 3 });
  // A grand total in there is refused.
  const inner = names.length > 1 ? [groupStep(set, names, 'C').filter(({ text }) => !text.includes('$all'))] : [];
  return fc.oneof(
    fc.constant(null),
    aggregateStep(set),
    fc.tuple(steps, aggregateStep(set)).map(([before, last]) => inSequence([...before, last])),
    fc.tuple(steps, aggregateStep(set), least).map(([before, last, value]) =>
      inSequence([
        ...before,
        last,
        {
          text: `filter(A0 gt ${value})`,
          run: filter((one) => Number(read(one, 'A0') ?? Number.NaN) > value),
        },
      ]),
    ),
    fc
      .tuple(steps, aggregateStep(set, 'B'), aggregateStep(set))
      .map(([before, left, right]) => concatOf(inSequence([...before, left]), right)),
    ...inner.map((nested) => fc.tuple(steps, nested).map(([before, last]) => inSequence([...before, last]))),
  );
};

const concatOf = (left: Step, right: Step): Step => ({
  text: `concat(${left.text},${right.text})`,
  run: concat([left.run, right.run]),
});

function inSequence(steps: readonly Step[]): Step {
  return { text: steps.map((step) => step.text).join('/'), run: sequence(steps.map((step) => step.run)) };
}

/** Keys, some of them in rollups: for each rollup the level and all above it. */
const grouping = (names: readonly string[]): fc.Arbitrary<{ text: string; levels: readonly (readonly string[])[] }> =>
  fc
    .tuple(
      fc.shuffledSubarray([...names], { minLength: 1, maxLength: Math.min(4, names.length) }),
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
      if (!usable) {
        return { text: names.join(','), levels: [names] };
      }
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

/** `rest`: what a group inside of this one may be grouped by. */
function groupStep(
  set: SetName,
  names: readonly string[],
  prefix = 'A',
  rest: readonly string[] = [],
): fc.Arbitrary<Step> {
  const inside = prefix === 'A' ? inGroup(set, rest) : aggregateStep(set, prefix);
  return fc.tuple(grouping(names), inside).map(([{ text, levels }, then]) => {
    const run = then?.run ?? onlyKeys;
    // Without keys there is the whole as one group, also of no rows.
    const all = concat(levels.map((keys) => (keys.length === 0 ? run : groupBy(keys, run))));
    return { text: `groupby((${text})${then === null ? '' : `,${then.text}`})`, run: all };
  });
}

const groupsOf = (set: SetName): fc.Arbitrary<Step> =>
  fc.oneof(
    groupStep(set, groupable[set]),
    groupStep(set, groupable[set].slice(2), 'A', groupable[set].slice(0, 2)),
    chosenStep(set),
  );

/** Rows chosen in their groups, then aggregated by what they still have. */
const chosenStep = (set: SetName): fc.Arbitrary<Step> =>
  fc
    .tuple(
      fc.constantFrom(...groupable[set]),
      fc.array(rowStep(set), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...numbers[set]),
    )
    .map(([key, steps, name]) => {
      const within = inSequence(steps);
      const items: readonly Item[] = [
        { alias: 'A0', path: [], property: null, each: false, method: 'count' },
        { alias: 'A1', path: [], property: name, each: false, method: 'sum' },
      ];
      return {
        text: `groupby((${key}),${within.text})/groupby((${key}),aggregate(${items.map(itemText).join(',')}))`,
        run: sequence([groupBy([key], within.run), groupBy([key], aggregateAll(items))]),
      };
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
        fc.oneof(aggregateStep(set), groupsOf(set), groupsOf(set), groupsOf(set), concatStep(set)),
      )
      .map(([before, last]) => ({ set, ...inSequence([...before, last]) })),
  );

const concatStep = (set: SetName): fc.Arbitrary<Step> =>
  fc.tuple(aggregateStep(set, 'D'), groupsOf(set)).map(([left, right]) => concatOf(left, right));

/** Random pipelines give the rows that the reference evaluation gives; in which order is not compared. */
export async function assertApplyAgreement(feed: TestFeed, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(pipeline, async ({ set, text, run }) => {
      const query = compiled(`${set}?$apply=${part(text)}`);
      const found = (await feed.read(query)).map(({ row }) => flat(row));
      const results = run(ofSet(set));
      const shown = results.flatMap(({ added }) => [...added.keys()].filter((name) => name.includes('/')));
      const names = [...new Set([...found.flatMap((row) => Object.keys(row)), ...shown])];
      const expected = results.map((one) => namesOf(one, names));
      assert.deepEqual(sorted(found, names), sorted(expected, names), `${set}?$apply=${text}\n${query.text}`);
    }),
    { numRuns },
  );
}

/** What one instance shows under the names of the whole result; it may lack some, and all behind an entity that is not there. */
const namesOf = ({ added }: Instance, names: readonly string[]): Readonly<Record<string, Scalar>> => {
  const lost = [...added].flatMap(([name, value]) =>
    name.endsWith('/$') && value === false ? [name.slice(0, -1)] : [],
  );
  const hidden = (name: string): boolean => lost.some((path) => name.startsWith(path) && name !== `${path}$`);
  return Object.fromEntries(names.map((name) => [name, hidden(name) ? null : (added.get(name) ?? null)]));
};

const isNavigation = (name: string): boolean => Object.values(navigations).some((all) => name in all);

function flat(row: Value, before = ''): Record<string, Scalar> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new Error('no row');
  }
  return Object.assign(
    {},
    ...Object.entries(row).map(([name, value]) =>
      typeof value === 'object' && value !== null
        ? { [presenceName(before + name)]: true, ...flat(value, `${before}${name}/`) }
        : {
            [isNavigation(name) ? presenceName(before + name) : before + name]:
              value === null && isNavigation(name) ? false : value,
          },
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
