import type { EntitySet } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { keyedCondition } from '../../src/plan/logic/keyed-condition.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import type { Upstream, UpstreamReply } from '../../src/upstream/upstream.ts';

export type FeedRow = Readonly<Record<string, string | number | null>>;

/** A proxied feed in memory, which gives pages and does what the plans of copies ask for; `trip` may throw before each request and row. */
export class ModelFeed {
  /** By set, the rows by key, in the order in which they came. */
  readonly sets = new Map<string, Map<string, FeedRow>>();
  url = 'https://feed.example/odata/';
  trip: () => void = () => {};
  /** Rows of a page. */
  page = 3;
  requests = 0;

  reset(): void {
    this.sets.clear();
    this.url = 'https://feed.example/odata/';
    this.trip = () => {};
    this.page = 3;
    this.requests = 0;
  }

  put(set: string, row: FeedRow): void {
    const rows = this.sets.get(set) ?? new Map<string, FeedRow>();
    rows.set(String(row['id']), row);
    this.sets.set(set, rows);
  }

  rows(set: string): readonly FeedRow[] {
    return [...(this.sets.get(set)?.values() ?? [])];
  }

  remove(set: string, id: string): void {
    this.sets.get(set)?.delete(id);
  }

  asUpstream(): Upstream {
    return {
      source: 'far',
      read: (plan, options) =>
        Promise.resolve().then(() => {
          this.#ask();
          if (plan.kind !== 'Collection') {
            throw new TypeError(plan.kind);
          }
          if (plan.apply !== null || plan.restriction.search !== null) {
            throw new GatewayError('NotImplemented', 'Not here', { feature: 'proxied' });
          }
          const { filter, orderby, top } = plan.restriction;
          const all = this.#found(plan.selection.set, filter);
          const [order] = orderby;
          if (order !== undefined) {
            all.sort((a, b) =>
              String(operandValue(order.expression, a)) < String(operandValue(order.expression, b)) ? -1 : 1,
            );
          }
          const wanted = top === null ? all : all.slice(0, top);
          const from = Number(options.skipToken ?? 0);
          const rows = wanted.slice(from, from + this.page);
          const next = from + this.page < wanted.length ? String(from + this.page) : null;
          return this.#reply(rows, next);
        }),
      fetchByKeys: (request) => this.#byKeys(request.set, request.properties, request.keys),
      addressOf: () => new URL(this.url),
      follows: () => true,
      state: () => ({ source: 'far', url: this.url, metadataReadAt: null, failure: null, differences: [] }),
      refresh: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  #ask(): void {
    this.requests += 1;
    this.trip();
  }

  #found(set: EntitySet, filter: BoundExpression | null): FeedRow[] {
    return this.rows(set.name).filter((row) => filter === null || holds(filter, row));
  }

  #reply(rows: readonly FeedRow[], next: string | null): UpstreamReply {
    const trip = this.trip;
    return {
      kind: 'collection',
      count: null,
      objects: (async function* () {
        for (const row of rows) {
          trip();
          yield JSON.stringify(row);
        }
      })(),
      discard: () => undefined,
      end: () => ({ count: null, next }),
    };
  }

  async *#byKeys(
    set: EntitySet,
    properties: Parameters<typeof keyedCondition>[0]['properties'],
    keys: readonly (readonly string[])[],
  ): AsyncGenerator<string> {
    this.#ask();
    for (const row of this.#found(set, keyedCondition({ set, properties, keys }, null))) {
      yield JSON.stringify(row);
    }
  }
}

function operandValue(expression: BoundExpression, row: FeedRow): string | number | null {
  switch (expression.kind) {
    case 'PropertyValue': {
      const value = row[expression.property.name] ?? null;
      return expression.property.type === 'Edm.DateTimeOffset' && value !== null ? Date.parse(String(value)) : value;
    }
    case 'Constant':
      return expression.type === 'Edm.DateTimeOffset' && expression.value !== null
        ? Date.parse(expression.value)
        : expression.value;
    default:
      throw new GatewayError('NotImplemented', `${expression.kind} is not known here`, { feature: 'proxied' });
  }
}

function holds(expression: BoundExpression, row: FeedRow): boolean {
  switch (expression.kind) {
    case 'Logical': {
      const [left, right] = [holds(expression.left, row), holds(expression.right, row)];
      return expression.operator === 'and' ? left && right : left || right;
    }
    case 'Comparison': {
      const [a, b] = [operandValue(expression.left, row), operandValue(expression.right, row)];
      switch (expression.operator) {
        case 'eq':
          return String(a) === String(b);
        case 'ne':
          return String(a) !== String(b);
        case 'lt':
          return a !== null && b !== null && a < b;
        case 'ge':
          return a !== null && b !== null && a >= b;
        default:
          throw new TypeError(expression.operator);
      }
    }
    case 'In':
      return expression.items.some(
        (item) => String(operandValue(item, row)) === String(operandValue(expression.operand, row)),
      );
    default:
      throw new TypeError(expression.kind);
  }
}
