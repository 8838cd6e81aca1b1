import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from './told-feed.ts';

type NestedOption = '$filter' | '$orderby' | '$skip' | '$top' | '$count';

interface Call {
  readonly id: number;
  readonly agentId: string;
  readonly seconds: number;
}

/** How `NestedFeed` goes wrong inside of `$expand`. */
interface NestedFaults {
  /** Options that it passes over. */
  readonly ignores: readonly NestedOption[];
  /** Options that it refuses with 400. */
  readonly refuses: readonly NestedOption[];
  /** Rows of a nested collection that come at once; the others stand behind its next link. */
  readonly pageSize: number;
}

/**
 * A feed of agents and their calls, which knows the options of one `$expand` level as OData 4.0 says, and passes over some of them on
 * command, as services do that read `$expand` as a list of names. Conditions are comparisons of `id` and `seconds` with a
 * number or null; orders are of one of these.
 */
export class NestedFeed {
  readonly faults: NestedFaults;
  calls: readonly Call[];
  agents: readonly string[];

  constructor(faults: Partial<NestedFaults>, agents: readonly string[], calls: readonly Call[]) {
    this.faults = { ignores: [], refuses: [], pageSize: 100, ...faults };
    this.agents = agents;
    this.calls = calls;
  }

  readonly answer = (_request: IncomingMessage, response: ServerResponse, url: URL): void => {
    const set = url.pathname.split('/').at(-1);
    const page = url.searchParams.get('page');
    if (set === 'Calls') {
      const [agent, from, options] = page === null ? [null, 0, ''] : (JSON.parse(page) as [string, number, string]);
      const all = optionsIn(options);
      const rows = agent === null ? this.calls : this.#nested(agent, all);
      const value = page === null ? rows : rows.slice(from, from + this.faults.pageSize);
      const more = page !== null && from + value.length < rows.length;
      const next = more ? { '@odata.nextLink': linkOf([agent ?? '', from + value.length, options]) } : {};
      json(response, JSON.stringify({ value, ...next }));
      return;
    }
    const nested = /^Calls(?:\((.*)\))?$/.exec(url.searchParams.get('$expand') ?? '')?.[1] ?? '';
    const options = optionsIn(nested);
    if (this.faults.refuses.some((option) => options.has(option))) {
      json(response, '{"error":{"code":"400","message":"not in an expand"}}', 400);
      return;
    }
    const top = Number(url.searchParams.get('$top') ?? this.agents.length);
    const expands = url.searchParams.has('$expand');
    const value = this.agents.slice(0, top).map((id) => ({ id, ...(expands ? this.#member(id, nested) : {}) }));
    json(response, JSON.stringify({ value }));
  };

  #member(agent: string, nested: string): Record<string, unknown> {
    const options = optionsIn(nested);
    const rows = this.#nested(agent, options);
    const { pageSize, ignores } = this.faults;
    const counts = options.get('$count') === 'true' && !ignores.includes('$count');
    const uncut = new Map([...options].filter(([name]) => name !== '$top' && name !== '$skip'));
    return {
      ...(counts ? { 'Calls@odata.count': this.#nested(agent, uncut).length } : {}),
      Calls: rows.slice(0, pageSize),
      ...(rows.length > pageSize ? { 'Calls@odata.nextLink': linkOf([agent, pageSize, nested]) } : {}),
    };
  }

  #nested(agent: string, options: ReadonlyMap<string, string>): readonly Call[] {
    const option = (name: NestedOption): string | null =>
      this.faults.ignores.includes(name) ? null : (options.get(name) ?? null);
    const holds = conditionOf(option('$filter'));
    const [name, direction] = (option('$orderby') ?? '').split(' ');
    const sign = direction === 'desc' ? -1 : 1;
    const rows = this.calls.filter((call) => call.agentId === agent && holds(call));
    const sorted = name === 'id' || name === 'seconds' ? rows.toSorted((a, b) => sign * (a[name] - b[name])) : rows;
    const skip = Number(option('$skip') ?? 0);
    const top = option('$top');
    return sorted.slice(skip, top === null ? undefined : skip + Number(top));
  }
}

const linkOf = (page: readonly [agent: string, from: number, options: string]): string =>
  `Calls?page=${encodeURIComponent(JSON.stringify(page))}`;

const optionsIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(';')
      .filter((one) => one !== '')
      .map((one): [string, string] => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
  );

function conditionOf(filter: string | null): (call: Call) => boolean {
  if (filter === null) {
    return () => true;
  }
  const parts = /^(id|seconds) (eq|gt|lt|ge) (null|\d+)$/.exec(filter);
  if (parts === null) {
    throw new Error(`The feed does not know the condition ${filter}`);
  }
  const [, name, operator, text] = parts;
  return (call) => {
    const value = name === 'id' ? call.id : call.seconds;
    if (text === 'null') {
      return false;
    }
    const other = Number(text);
    return operator === 'eq'
      ? value === other
      : operator === 'gt'
        ? value > other
        : operator === 'ge'
          ? value >= other
          : value < other;
  };
}
