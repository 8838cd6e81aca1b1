import type { EntitySet } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { keyedCondition } from '../../src/plan/logic/keyed-condition.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import type { Upstream, UpstreamReply } from '../../src/upstream/upstream.ts';
import { evaluate, type Value } from '../upstream/conditions.ts';

export type FeedRow = Readonly<Record<string, string | number | null>>;

/** A proxied feed in memory, which gives pages and does what the plans of copies ask for; `trip` may throw before each request and row. */
export class ModelFeed {
  /** By set, the rows by key, in the order in which they came. */
  readonly sets = new Map<string, Map<string, FeedRow>>();
  url = 'https://feed.example/odata/';
  trip: () => void = () => {};
  /** Rows of a page. */
  page = 3;
  /** It takes `desc` for `asc`. */
  onlyAscends = false;
  requests = 0;

  reset(): void {
    this.sets.clear();
    this.url = 'https://feed.example/odata/';
    this.trip = () => {};
    this.page = 3;
    this.onlyAscends = false;
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
          if (plan.kind === 'Count' && plan.apply === null && plan.restriction.search === null) {
            return { kind: 'count', count: String(this.#found(plan.set, plan.restriction.filter).length) } as const;
          }
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
            const turned = order.direction === 'desc' && !this.onlyAscends ? -1 : 1;
            all.sort((a, b) => {
              const [one, other] = [a, b].map((row) => String(workedOut(order.expression, row)));
              return one === other ? 0 : (one ?? '') < (other ?? '') ? -turned : turned;
            });
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
    return this.rows(set.name).filter((row) => filter === null || workedOut(filter, row) === true);
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

/** What a feed of this kind cannot work out, it says so of. */
function workedOut(expression: BoundExpression, row: FeedRow): Value {
  try {
    return evaluate(expression, row, 'odata');
  } catch (error) {
    throw error instanceof TypeError
      ? new GatewayError('NotImplemented', `${expression.kind} is not known here`, { feature: 'proxied' })
      : error;
  }
}
