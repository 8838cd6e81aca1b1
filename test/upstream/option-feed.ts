import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { BoundExpression } from '../../src/plan/model/read-plan.ts';
import { evaluate, type Row, type Value } from './conditions.ts';
import { planOf } from './tenant.ts';
import { evaluateAs, type Texts } from './texts.ts';
import { catalogue, json } from './told-feed.ts';

export type SetOption = '$filter' | '$orderby' | '$skip' | '$top' | '$count';

/** How `OptionFeed` goes wrong. */
interface OptionFaults {
  /** Options that it passes over, in whatever request a pattern is found. */
  readonly ignores: readonly SetOption[];
  readonly where: RegExp;
  /** Requests that it refuses with 400. */
  readonly refuses: RegExp | null;
  /** Whether it takes a part of a condition, outside of `and` and `or`, for what always holds. */
  readonly blindTo: (part: BoundExpression) => boolean;
  /** Most that `$top` may say. */
  readonly maxTop: number | null;
  readonly status: number;
  /** Where it puts rows without a value: before all others upwards, behind them, or behind them in both directions. */
  readonly nulls: 'least' | 'greatest' | 'last';
  /** It passes over orders by anything but properties. */
  readonly ordersByNames: boolean;
  /** How it compares texts. Absent: by code point. */
  readonly texts: Texts;
}

/** A feed of one set that reads its options as OData 4.0 says, and passes over some of them on command, as actions do that know no options. */
export class OptionFeed {
  readonly faults: OptionFaults;
  rows: readonly Row[];
  readonly #set: string;
  readonly #catalogue: Catalogue;

  constructor(
    faults: Partial<OptionFaults>,
    rows: readonly Row[],
    { set = 'FarCalls', catalogue: ours = catalogue }: { readonly set?: string; readonly catalogue?: Catalogue } = {},
  ) {
    this.faults = {
      ignores: [],
      where: /./,
      refuses: null,
      blindTo: () => false,
      maxTop: null,
      status: 200,
      nulls: 'least',
      ordersByNames: false,
      texts: {},
      ...faults,
    };
    this.rows = rows;
    this.#set = set;
    this.#catalogue = ours;
  }

  readonly answer = (_request: IncomingMessage, response: ServerResponse, url: URL): void => {
    const { ignores, where, refuses, maxTop, status } = this.faults;
    const text = decodeURIComponent(`${url.pathname}${url.search}`);
    const isPassedOver = where.test(text);
    const option = (name: SetOption): string | null =>
      isPassedOver && ignores.includes(name) ? null : url.searchParams.get(name);
    const top = option('$top');
    const isRefused = refuses?.test(text) === true || (maxTop !== null && Number(top ?? 0) > maxTop);
    if (status !== 200 || isRefused) {
      const message = isRefused ? `no more than ${String(maxTop)}` : 'down';
      json(response, JSON.stringify({ error: { code: 'x', message } }), isRefused ? 400 : status);
      return;
    }
    const found = this.#ordered(this.#left(option('$filter')), option('$orderby'));
    if (url.pathname.endsWith('/$count')) {
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(String(found.length));
      return;
    }
    const skip = Number(option('$skip') ?? 0);
    const value = found.slice(skip, top === null ? undefined : skip + Number(top));
    json(response, JSON.stringify({ ...(option('$count') === 'true' ? { '@odata.count': found.length } : {}), value }));
  };

  /** Its rows in an order. */
  readonly sorted = (orderby: string | null): readonly Row[] => this.#ordered(this.rows, orderby);

  #left(filter: string | null): readonly Row[] {
    const plan = filter === null ? null : planOf(`${this.#set}?$filter=${filter}`, this.#catalogue);
    const condition = plan?.kind === 'Collection' ? plan.restriction.filter : null;
    const seen = condition === null ? null : this.#seen(condition);
    return this.rows.filter((row) => seen === null || evaluateAs(seen, row, this.faults.texts) === true);
  }

  #seen(part: BoundExpression): BoundExpression {
    if (part.kind === 'Logical') {
      return { ...part, left: this.#seen(part.left), right: this.#seen(part.right) };
    }
    return this.faults.blindTo(part) ? { kind: 'Constant', type: 'Edm.Boolean', value: 'true' } : part;
  }

  #ordered(rows: readonly Row[], orderby: string | null): readonly Row[] {
    const plan = orderby === null ? null : planOf(`${this.#set}?$orderby=${orderby}`, this.#catalogue);
    const keys = plan?.kind === 'Collection' ? plan.restriction.orderby : [];
    if (this.faults.ordersByNames && keys.some(({ expression }) => expression.kind !== 'PropertyValue')) {
      return rows;
    }
    return rows.toSorted((a, b) => {
      const signs = keys.map(({ expression, direction }) => {
        const [left, right] = [a, b].map((row) => evaluate(expression, row, 'odata')) as [Value, Value];
        const sign = direction === 'desc' ? -1 : 1;
        if (left === null || right === null) {
          const isLeft = left === null;
          const up = { least: -1, greatest: 1, last: sign }[this.faults.nulls];
          return left === right ? 0 : (isLeft ? up : -up) * sign;
        }
        return left < right ? -sign : left > right ? sign : 0;
      });
      return signs.find((sign) => sign !== 0) ?? 0;
    });
  }
}
