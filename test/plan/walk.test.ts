import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { EntitySet } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import type {
  BoundExpression,
  BoundTransformation,
  CollectionPath,
  ExpandPlan,
  RangeVariable,
  ReadPlan,
  RowPath,
  RowSource,
  SearchNode,
} from '../../src/plan/model/read-plan.ts';
import { mapNode, mapPlan, type PlanMapper, skipInside, visitPlan } from '../../src/plan/model/walk.ts';
import { type ByKind, byKind, fields, leaf } from '../../src/plan/model/walk-parts.ts';
import { part, planOf } from '../sql/compile-url.ts';
import { pipeline } from '../sql/random-apply.ts';
import { condition, numberExpression, textExpression } from '../sql/random-expression.ts';
import { bindText } from './bind-text.ts';

/** Every plan of the golden files. */
function goldenPlans(): readonly { readonly url: string; readonly plan: ReadPlan }[] {
  const folder = new URL('golden/', import.meta.url);
  const texts = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  const urls = texts.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/^GET (.*)$/gm)].map((match) => match[1] ?? ''),
  );
  return urls.flatMap((url) => {
    try {
      return [{ url, plan: bindText(url) }];
    } catch (error) {
      assert.ok(error instanceof GatewayError, url);
      return [];
    }
  });
}

const randomPlan = fc
  .oneof(
    fc.tuple(condition, numberExpression, textExpression).map(([filter, order, text]) => {
      const nested = `$expand=Cases($filter=${part(filter.text)};$orderby=${part(order.text)};$count=true)`;
      const options = `$filter=${part(filter.text)}&$orderby=${part(order.text)}&$compute=${part(text.text)} as X`;
      return [`Cases?${options}`, `Agents?${nested}`, `Cases/$filter(${part(filter.text)})/$count`];
    }),
    pipeline.map(({ set, text }) => [`${set}?$apply=${part(text)}`]),
  )
  .map((urls) =>
    urls.flatMap((url) => {
      try {
        return [{ url, plan: planOf(url) }];
      } catch (error) {
        // Beyond a limit, or an expression that a nested row does not have.
        assert.ok(error instanceof GatewayError, url);
        return [];
      }
    }),
  );

/** The oracle: every object in a plan, found by looking at whatever is there; parts of the model are not looked into. */
function objectsIn(root: unknown): ReadonlySet<object> {
  const found = new Set<object>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null || found.has(node)) {
      continue;
    }
    found.add(node);
    const model =
      'kind' in node && ['EntitySet', 'EntityType', 'Property', 'NavigationProperty'].includes(String(node.kind));
    if (!model) {
      open.push(...Object.values(node));
    }
  }
  return found;
}

const ofKind = (root: unknown, kind: string): object[] =>
  [...objectsIn(root)].filter((node) => 'kind' in node && node.kind === kind);
const withNames = (root: unknown, ...names: string[]): object[] =>
  [...objectsIn(root)].filter((node) => names.every((name) => name in node));

/** As sets of identical objects. */
function assertSame(found: Iterable<object>, expected: readonly object[], what: string): void {
  const [left, right] = [new Set(found), new Set(expected)];
  assert.ok(left.size === right.size && expected.every((one) => left.has(one)), what);
}

function assertVisited(url: string, plan: ReadPlan): void {
  const sets: object[] = [];
  const properties: object[] = [];
  const navigations: object[] = [];
  const rows: RowPath[] = [];
  const collections: CollectionPath[] = [];
  const variables: RangeVariable[] = [];
  visitPlan(plan, {
    set: (node) => sets.push(node),
    property: (node) => properties.push(node),
    navigation: (node) => navigations.push(node),
    row: (node) => rows.push(node),
    collection: (node) => collections.push(node),
    variable: (node) => variables.push(node),
  });
  assertSame(sets, ofKind(plan, 'EntitySet'), `sets of ${url}`);
  assertSame(properties, ofKind(plan, 'Property'), `properties of ${url}`);
  assertSame(navigations, ofKind(plan, 'NavigationProperty'), `navigation of ${url}`);
  const paths = withNames(plan, 'variable', 'steps').filter((node) => !('from' in node));
  assertSame(rows, paths, `rows of ${url}`);
  const many = withNames(plan, 'from', 'navigation', 'variable');
  assertSame(collections, many, `collections of ${url}`);
  // A selection and a sub-plan have a set and no name; what has both is a variable, or an expand of a set.
  const named = withNames(plan, 'name', 'set').filter((node) => !('kind' in node));
  assertSame(variables, named, `variables of ${url}`);
}

const unchanged: PlanMapper = {
  plan: (node, inside) => inside(node),
  source: (node, inside) => inside(node),
  expression: (node, inside) => inside(node),
  variable: (node, inside) => inside(node),
  set: (node) => node,
};

function assertMapped(url: string, plan: ReadPlan): void {
  assert.equal(mapPlan(plan, {}), plan, `no hook changes ${url}`);
  assert.equal(mapPlan(plan, unchanged), plan, `hooks that change nothing, of ${url}`);
  const copied = mapPlan(plan, { expression: (node, inside) => ({ ...inside(node) }), row: (node) => ({ ...node }) });
  assert.deepEqual(copied, plan, `a copy of ${url}`);
  const variablesIn = (root: ReadPlan) => withNames(root, 'name', 'set').filter((node) => !('kind' in node));
  assertSame(variablesIn(copied), variablesIn(plan), `variables of a copy of ${url}`);
}

/** Each set is swapped for a twin: none of the old ones is left, and there are as many variables as before. */
function assertSwapped(url: string, plan: ReadPlan): void {
  const twins = new Map<EntitySet, EntitySet>();
  const swapped = mapPlan(plan, {
    set: (node) => {
      const twin = twins.get(node) ?? { ...node, name: `${node.name}Twin` };
      twins.set(node, twin);
      return twin;
    },
  });
  assertSame(ofKind(swapped, 'EntitySet'), [...twins.values()], `swapped sets of ${url}`);
  const named = (root: ReadPlan) => withNames(root, 'name', 'set').filter((node) => !('kind' in node));
  assert.equal(named(swapped).length, named(plan).length, `variables of ${url} after sets were swapped`);
  if (named(plan).length > 0) {
    assert.ok(
      named(swapped).every((one) => !named(plan).includes(one)),
      `old variables in ${url}`,
    );
  }
}

describe('the walk over plans', () => {
  const golden = goldenPlans();

  for (const [what, check] of [
    ['visits every set, property, navigation, row, collection and variable', assertVisited],
    ['gives the same plan where nothing changes, and keeps variables', assertMapped],
    ['swaps a set wherever it is named', assertSwapped],
  ] as const) {
    it(`${what}: golden URLs`, () => {
      assert.ok(golden.length > 150, `only ${golden.length} plans`);
      for (const { url, plan } of golden) {
        check(url, plan);
      }
    });

    it(`${what}: random URLs`, () => {
      let plans = 0;
      fc.assert(
        fc.property(randomPlan, (bound) => {
          for (const { url, plan } of bound) {
            plans += 1;
            check(url, plan);
          }
        }),
        { numRuns: 300 },
      );
      assert.ok(plans > 300, `only ${plans} plans`);
    });
  }

  it('sees every kind of plan, source, expression and transformation that a URL can have', () => {
    const kinds = new Set<string>();
    const note = ({ kind }: { readonly kind: string }): void => {
      kinds.add(kind);
    };
    for (const { plan } of golden) {
      visitPlan(plan, { plan: note, source: note, expression: note, transformation: note, searchNode: note });
    }
    assert.deepEqual([...kinds].sort(), Object.keys(allKinds).sort());
  });

  it('leaves out what is inside where a hook says so', () => {
    const plan = bindText("Cases?$filter=Agent/Name eq 'x'");
    const names: string[] = [];
    visitPlan(plan, { expression: () => skipInside, set: ({ name }) => names.push(name) });
    assert.ok(names.includes('Cases') && !names.includes('Agents'), names.join());
  });

  it('gives a hook what is inside as it has become', () => {
    const plan = bindText('Cases?$filter=not (Id eq 5)');
    assert.equal(plan.kind, 'Collection');
    const texts: string[] = [];
    mapNode('restriction', plan.restriction, {
      expression: (node, inside) => {
        const mapped = inside(node.kind === 'Constant' ? { ...node, value: '6' } : node);
        texts.push(mapped.kind);
        return mapped;
      },
    });
    assert.deepEqual(texts, ['PropertyValue', 'Constant', 'Comparison', 'Not']);
  });

  it('does not compile where a kind is forgotten, or a field that has nodes in it', () => {
    fields<ExpandPlan>({ navigation: leaf(), selection: leaf(), restriction: leaf(), apply: leaf() });
    // @ts-expect-error the pipeline inside is forgotten
    fields<ExpandPlan>({ navigation: leaf(), selection: leaf(), restriction: leaf() });
    byKind<ByKind<SearchNode>>({ Word: leaf(), Phrase: leaf(), Not: leaf(), And: leaf(), Or: leaf() });
    // @ts-expect-error `or` is forgotten
    byKind<ByKind<SearchNode>>({ Word: leaf(), Phrase: leaf(), Not: leaf(), And: leaf() });
  });
});

type Kind =
  | ReadPlan['kind']
  | RowSource['kind']
  | Exclude<BoundExpression['kind'], 'Has'>
  | BoundTransformation['kind']
  | SearchNode['kind'];

/** `Has` is left out: only proxied sets have enumerations. */
const allKinds: Readonly<Record<Kind, true>> = {
  All: true,
  And: true,
  Arithmetic: true,
  Case: true,
  Collection: true,
  CollectionCount: true,
  Comparison: true,
  ComputedValue: true,
  Constant: true,
  Convert: true,
  Count: true,
  Crossjoin: true,
  Entity: true,
  Filtered: true,
  Function: true,
  In: true,
  Keyed: true,
  Lambda: true,
  Logical: true,
  Metadata: true,
  Navigated: true,
  Negate: true,
  Not: true,
  Or: true,
  Phrase: true,
  PropertyRead: true,
  PropertyValue: true,
  RowExists: true,
  ServiceDocument: true,
  Set: true,
  Word: true,
  aggregate: true,
  compute: true,
  concat: true,
  filter: true,
  groupby: true,
  join: true,
  orderby: true,
  ranked: true,
  search: true,
  skip: true,
  top: true,
};
