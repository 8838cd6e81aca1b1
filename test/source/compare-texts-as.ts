import assert from 'node:assert/strict';
import { joinedBy } from '../../src/plan/logic/condition.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { isSetPlan } from '../../src/plan/model/sets.ts';
import { mapPlan } from '../../src/plan/model/walk.ts';
import { textUses } from '../../src/upstream/texts/text-uses.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { planOf } from '../sql/compile-url.ts';
import { model } from '../sql/small-model.ts';
import { evaluateAs, type Texts } from '../upstream/texts.ts';
import type { EvaluatedGateway } from './evaluated-gateway.ts';

const map = {
  source: 'far',
  model,
  enumTypes: new Map(),
  sets: new Map([...model.entitySets.keys()].map((name) => [name, name])),
  maxUrlLength: 100_000,
};

/**
 * Answers as the stored gateway does, but compares texts in another way: each comparison is asked as the list of those texts of its column for which it holds there.
 */
export async function compareTextsAs(gateway: EvaluatedGateway, texts: Texts): Promise<void> {
  const columns = new Map<string, readonly string[]>();
  for (const set of model.entitySets.values()) {
    const reply = (await gateway.rows(gateway.stored, set.name)) as { value: Record<string, unknown>[] };
    for (const { name } of set.entityType.properties.values()) {
      const values = reply.value.map((row) => row[name]).filter((value) => typeof value === 'string');
      columns.set(`${set.name} ${name}`, [...new Set(values)]);
    }
  }
  const compared = (leaf: BoundExpression): BoundExpression => {
    const [use, ...more] = textUses(leaf).filter(({ how }, at, all) => at === 0 || how === all[0]?.how);
    const operand = more.length > 0 ? undefined : valueIn(leaf);
    if (use === undefined || operand?.kind !== 'PropertyValue') {
      return leaf;
    }
    const { set, property } = use;
    const holds = (value: string | null): boolean => evaluateAs(leaf, { [property.name]: value }, texts) === true;
    const left = (columns.get(`${set.name} ${property.name}`) ?? []).filter(holds);
    const items = left.map((value): BoundExpression => ({ kind: 'Constant', type: 'Edm.String', value }));
    const list: BoundExpression = { kind: 'In', type: 'Edm.Boolean', nullable: false, operand, items };
    const nowhere: BoundExpression = { kind: 'Constant', type: 'Edm.String', value: 'no text at all' };
    const search = { kind: 'Function', type: 'Edm.Boolean', nullable: true, name: 'contains' } as const;
    const none: BoundExpression = { kind: 'Constant', type: 'null', value: null };
    return joinedBy('or', [
      ...(items.length === 0 ? [] : [list]),
      // Null where the text is, as a search is; a comparison is not.
      ...(leaf.kind === 'Function' || items.length === 0 ? [{ ...search, args: [operand, nowhere] }] : []),
      ...(leaf.kind !== 'Function' && holds(null)
        ? [
            {
              kind: 'Comparison',
              type: 'Edm.Boolean',
              nullable: false,
              operator: 'eq',
              left: operand,
              right: none,
            } as const,
          ]
        : []),
    ]);
  };
  const rewritten = (url: string): string => {
    const request = url.replace('/odata/', '');
    if (!/[$](?:filter|expand)/.test(decodeURIComponent(request)) || request.includes('$skiptoken')) {
      return request;
    }
    const plan = mapPlan(planOf(request), {
      expression: (expression, inside) => (isLeaf(expression) ? compared(expression) : inside(expression)),
    });
    assert.ok(isSetPlan(plan));
    const { path, query } = compileUpstreamUrl(plan, map);
    return `${path}?${query}`;
  };
  gateway.onRequest = (request, response) => {
    void (async () => {
      const reply = await fetch(gateway.stored.root + rewritten(request.url ?? ''));
      response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
      response.end(await reply.text());
    })().catch((error: unknown) => response.writeHead(400).end(String(error)));
    return true;
  };
}

const isLeaf = ({ kind }: BoundExpression): boolean => kind === 'Comparison' || kind === 'In' || kind === 'Function';

/** The property that is compared. */
function valueIn(leaf: BoundExpression): BoundExpression | undefined {
  const sides =
    leaf.kind === 'Comparison'
      ? [leaf.left, leaf.right]
      : leaf.kind === 'In'
        ? [leaf.operand]
        : leaf.kind === 'Function'
          ? leaf.args
          : [];
  return sides
    .map((side) => (side.kind === 'Function' ? (side.args[0] ?? side) : side))
    .find(({ kind }) => kind === 'PropertyValue');
}
