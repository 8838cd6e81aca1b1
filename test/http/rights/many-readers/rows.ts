/** Rows of the small model as plain objects, those of a set in load order, and the statements that put them into PostgreSQL. */
export interface CaseRow {
  readonly Id: number;
  Title: string;
  Priority: number;
  CreatedAt: string;
  AgentId: number;
}

export interface MessageRow {
  readonly CaseId: number;
  readonly Number: number;
  Body: string;
  Length: number;
}

export interface AgentRow {
  readonly Id: number;
  readonly Name: string;
  City: string;
}

export interface World {
  readonly Cases: CaseRow[];
  readonly Messages: MessageRow[];
  readonly Agents: AgentRow[];
}

/** Words of every frequency, each in rows of both halves of the ids. */
export function textOf(n: number): string {
  const words = [
    n % 5 === 0 ? '' : 'hello',
    n % 3 === 0 ? 'refund' : 'order',
    n % 10 < 2 ? 'angry' : '',
    n % 131 < 2 ? 'zebra' : '',
    n % 7 === 0 ? "it's late" : '',
  ];
  return words.filter((word) => word !== '').join(' ');
}

export const dayOf = (n: number): string => new Date(Date.UTC(2021, 0, 1 + n)).toISOString().replace('.000', '');

/** `count`: of cases. Each has two messages. */
export function makeWorld(count: number): World {
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  return {
    Cases: ids.map((Id) => ({ Id, Title: textOf(Id), Priority: Id % 4, CreatedAt: dayOf(Id), AgentId: (Id % 6) + 1 })),
    Messages: ids.flatMap((CaseId) =>
      [1, 2].map((n) => ({ CaseId, Number: n, Body: textOf(CaseId + 3 * n), Length: (CaseId * n) % 9 })),
    ),
    Agents: [1, 2, 3, 4, 5, 6].map((Id) => ({ Id, Name: `Agent ${Id}`, City: Id % 3 === 0 ? 'Kiel' : 'Bonn' })),
  };
}

const columns = {
  Cases: '"Id" bigint, "Title" text, "Priority" int, "CreatedAt" timestamptz, "AgentId" int',
  Messages: '"CaseId" bigint, "Number" int, "Body" text, "Length" int',
  Agents: '"Id" int, "Name" text, "City" text',
};

/** Puts rows into a set, in their order, at a data version. */
export function insert(set: keyof World, rows: readonly object[], version = '1'): string {
  const names = columns[set].replace(/" \w+/g, '"');
  const json = JSON.stringify(rows).replaceAll("'", "''");
  return `INSERT INTO feed."${set}" (${names}, _version) SELECT ${names}, ${version} FROM ROWS FROM (json_to_recordset('${json}') AS (${columns[set]})) WITH ORDINALITY AS r ORDER BY ordinality;`;
}

export const insertWorld = (world: World): string =>
  (['Agents', 'Cases', 'Messages'] as const).map((set) => insert(set, world[set])).join(' ');
