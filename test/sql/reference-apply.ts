import { agentRows, caseRows } from './sample-rows.ts';

/**
 * What `$apply` gives by the algorithms of Data Aggregation 4.0, chapter 3, on the sample rows: plain JavaScript over
 * arrays, which knows nothing of SQL. An instance is an entity, or names alone; `added` holds what transformations gave it.
 */
export type Scalar = string | number | boolean | null;

export interface Entity {
  readonly set: SetName;
  readonly values: Readonly<Record<string, Scalar>>;
}

export interface Instance {
  readonly entity: Entity | null;
  readonly added: ReadonlyMap<string, Scalar>;
}

export type SetName = 'Agents' | 'Cases' | 'Messages';
export type Run = (input: readonly Instance[]) => readonly Instance[];

const agents = agentRows
  .filter((row) => row.hidden !== true)
  .map(({ Id, Name, City, LeaderId }): Entity => ({ set: 'Agents', values: { Id, Name, City, LeaderId } }));
const cases = caseRows.map(
  ({ Id, Title, Priority, Small, Cost, Open, AgentId }): Entity => ({
    set: 'Cases',
    values: { Id, Title, Priority, Small, Cost, Open, AgentId },
  }),
);
const messages = caseRows.flatMap(({ Id, Messages }) =>
  Messages.map(
    (one): Entity => ({
      set: 'Messages',
      values: { CaseId: Id, Number: one.Number, Length: one.Length },
    }),
  ),
);

/** The rows of each set in load order. */
export const entities: Readonly<Record<SetName, readonly Entity[]>> = {
  Agents: agents,
  Cases: cases,
  Messages: messages,
};

interface Navigation {
  readonly to: SetName;
  readonly many: boolean;
  readonly own: string;
  readonly theirs: string;
}

/** As the small model declares it. */
export const navigations: Readonly<Record<SetName, Readonly<Record<string, Navigation>>>> = {
  Cases: {
    Agent: { to: 'Agents', many: false, own: 'AgentId', theirs: 'Id' },
    Messages: { to: 'Messages', many: true, own: 'Id', theirs: 'CaseId' },
  },
  Agents: {
    Leader: { to: 'Agents', many: false, own: 'LeaderId', theirs: 'Id' },
    Team: { to: 'Agents', many: true, own: 'Id', theirs: 'LeaderId' },
    Cases: { to: 'Cases', many: true, own: 'Id', theirs: 'AgentId' },
  },
  Messages: { Case: { to: 'Cases', many: false, own: 'CaseId', theirs: 'Id' } },
};

export function follow(from: readonly Entity[], path: readonly string[]): readonly Entity[] {
  return path.reduce<readonly Entity[]>(
    (reached, name) =>
      reached.flatMap((entity) => {
        const navigation = navigations[entity.set][name];
        if (navigation === undefined) {
          throw new Error(`${entity.set} has no ${name}`);
        }
        const value = entity.values[navigation.own];
        if (value === null) {
          return [];
        }
        return entities[navigation.to].filter((one) => one.values[navigation.theirs] === value);
      }),
    from,
  );
}

/** The value of a path to a property, null where it leads nowhere. */
export function read({ entity, added }: Instance, path: string): Scalar {
  const known = added.get(path);
  if (known !== undefined) {
    return known;
  }
  if (entity === null) {
    throw new Error(`there is no ${path}`);
  }
  const names = path.split('/');
  const [reached] = follow([entity], names.slice(0, -1));
  return reached?.values[names.at(-1) ?? ''] ?? null;
}

export const ofSet = (set: SetName): readonly Instance[] =>
  entities[set].map((entity) => ({ entity, added: new Map() }));

export type Method = 'sum' | 'min' | 'max' | 'average' | 'countdistinct' | 'count';

/** `path`: navigation only. `property` null: the entities are counted. `each`: an expression of every row, not a path. */
export interface Item {
  readonly alias: string;
  readonly path: readonly string[];
  readonly property: string | null;
  readonly each: boolean;
  readonly method: Method;
}

/** Each entity that the path reaches counts once; without navigation every row counts (3.2.1.1). */
function aggregate(input: readonly Instance[], { path, property, each, method }: Item): Scalar {
  if (path.length === 0 || each) {
    if (property === null) {
      return input.length;
    }
    return combined(
      method,
      input.map((one) => read(one, [...path, property].join('/'))),
    );
  }
  const own = input.map((one) => one.entity).filter((one) => one !== null);
  const reached = [...new Set(follow(own, path))];
  return property === null
    ? reached.length
    : combined(
        method,
        reached.map((one) => one.values[property] ?? null),
      );
}

function combined(method: Method, all: readonly Scalar[]): Scalar {
  const values = all.filter((value) => value !== null);
  const total = values.reduce<number>((sum, value) => sum + Number(value), 0);
  const smaller = (a: Scalar, b: Scalar): boolean =>
    typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) < 0 : Number(a) < Number(b);
  switch (method) {
    case 'count':
      return all.length;
    case 'countdistinct':
      return new Set(values).size;
    case 'sum':
      return values.length === 0 ? null : total;
    case 'average':
      return values.length === 0 ? null : total / values.length;
    case 'min':
      return values.reduce<Scalar>((best, value) => (best === null || smaller(value, best) ? value : best), null);
    case 'max':
      return values.reduce<Scalar>((best, value) => (best === null || smaller(best, value) ? value : best), null);
  }
}

export const aggregateAll =
  (items: readonly Item[]): Run =>
  (input) => [{ entity: null, added: new Map(items.map((item) => [item.alias, aggregate(input, item)])) }];

/** The name under which an instance says whether there is an entity at a path. */
export const presenceName = (path: string): string => `${path}/$`;

function present({ entity, added }: Instance, path: string): Scalar {
  const known = added.get(presenceName(path));
  if (known !== undefined) {
    return known;
  }
  return entity === null ? null : follow([entity], path.split('/')).length > 0;
}

/** Every navigation path on the way of one of the paths. */
const prefixesOf = (paths: readonly string[]): readonly string[] => [
  ...new Set(
    paths.flatMap((path) =>
      path.split('/').flatMap((_, index, names) => (index === 0 ? [] : [names.slice(0, index).join('/')])),
    ),
  ),
];

/**
 * 3.2.3.1: the groups, each transformed, each result given the keys of its group. Projections are the same where the
 * values are and the same entities on the way are there.
 */
export const groupBy =
  (keys: readonly string[], then: Run): Run =>
  (input) => {
    const groups = new Map<string, { key: [string, Scalar][]; rows: Instance[] }>();
    for (const one of input) {
      const key = [
        ...keys.map((path): [string, Scalar] => [path, read(one, path)]),
        ...prefixesOf(keys).map((path): [string, Scalar] => [presenceName(path), present(one, path)]),
      ];
      const text = JSON.stringify(key);
      const group = groups.get(text) ?? { key, rows: [] };
      group.rows.push(one);
      groups.set(text, group);
    }
    return [...groups.values()].flatMap(({ key, rows }) =>
      then(rows).map(({ entity, added }) => ({ entity, added: new Map([...added, ...key]) })),
    );
  };

export const onlyKeys: Run = () => [{ entity: null, added: new Map() }];

export const concat =
  (branches: readonly Run[]): Run =>
  (input) =>
    branches.flatMap((branch) => branch(input));

export const sequence =
  (steps: readonly Run[]): Run =>
  (input) =>
    steps.reduce((rows, step) => step(rows), input);

export const filter =
  (holds: (one: Instance) => boolean): Run =>
  (input) =>
    input.filter(holds);

/** Nulls first ascending, last descending; equal ones keep their order. */
export const orderBy =
  (path: string, descending: boolean): Run =>
  (input) =>
    input.toSorted((a, b) => (descending ? -1 : 1) * ascending(read(a, path), read(b, path)));

function ascending(a: Scalar, b: Scalar): number {
  if (a === b) {
    return 0;
  }
  if (a === null || b === null) {
    return a === null ? -1 : 1;
  }
  if (typeof a === 'string') {
    return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  }
  return Number(a) < Number(b) ? -1 : 1;
}

export const firstRows =
  (count: number): Run =>
  (input) =>
    input.slice(0, count);

export const laterRows =
  (count: number): Run =>
  (input) =>
    input.slice(count);

const loaded = new Map(Object.values(entities).flatMap((all) => all.map((one, index) => [one, index] as const)));
const inLoadOrder = (a: Instance, b: Instance): number =>
  a.entity === null || b.entity === null ? 0 : (loaded.get(a.entity) ?? 0) - (loaded.get(b.entity) ?? 0);

/** 3.3.1: rows by descending (bottom: ascending) value, equal ones in load order, null the least of all, until the number is reached. */
export const ranked =
  (top: boolean, count: number, path: string): Run =>
  (input) => {
    const nullsLast = input.toSorted(inLoadOrder).toSorted((a, b) => {
      const [x, y] = [read(a, path), read(b, path)];
      if (x === null || y === null) {
        return x === y ? 0 : x === null ? 1 : -1;
      }
      return (top ? -1 : 1) * ascending(x, y);
    });
    const chosen = new Set(nullsLast.slice(0, count));
    return input.filter((one) => chosen.has(one));
  };
