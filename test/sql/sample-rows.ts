/** Rows that are hard to filter rightly: nulls, wildcards, quotes, backslashes, non-ASCII text, leap days, ties at .5. */

export interface MessageRow {
  readonly Number: number;
  readonly Body: string | null;
  readonly Length: number | null;
}

export interface CaseRow {
  readonly Id: number;
  readonly Title: string | null;
  readonly Priority: number | null;
  readonly Small: number | null;
  readonly Cost: number | null;
  readonly Score: number | null;
  readonly Open: boolean | null;
  readonly CreatedAt: string | null;
  readonly DueOn: string | null;
  readonly AgentId: number | null;
  readonly Messages: readonly MessageRow[];
}

export interface AgentRow {
  readonly Id: number;
  readonly Name: string | null;
  readonly City: string | null;
  readonly LeaderId: number | null;
  readonly hidden?: boolean;
}

export const agentRows: readonly AgentRow[] = [
  { Id: 1, Name: 'Zoë', City: 'Bonn', LeaderId: null },
  { Id: 2, Name: 'ann', City: null, LeaderId: 1 },
  { Id: 3, Name: 'Ann', City: 'Bonn', LeaderId: 1 },
  { Id: 4, Name: 'Left', City: 'Kiel', LeaderId: 1, hidden: true },
];

const titles: readonly (string | null)[] = [
  'plain',
  null,
  '',
  '100%',
  '100x',
  'a_b',
  'aXb',
  "O'Neil",
  "'; DROP TABLE x; --",
  'back\\slash',
  "\\'quoted",
  'é',
  'e\u0301',
  'Straße',
  'İstanbul',
  'ΟΔΥΣΣΕΥΣ',
  '😀 emoji',
  '\uff5a above the surrogates',
  ' \t padded \u00a0',
  'line\nbreak',
  'ctrl \u0001 \u001b \u001d \u0008 end',
  'Zulu',
  'alpha',
  'Alpha',
];

const instants: readonly (string | null)[] = [
  '2024-02-29T23:30:00Z',
  '2024-03-01T00:00:00Z',
  null,
  '2023-12-31T23:59:59.999999Z',
  '2000-01-01T00:00:00.5Z',
];
const days: readonly (string | null)[] = ['2024-02-29', null, '2023-02-28', '1999-12-31'];
const halves: readonly (number | null)[] = [0.5, -0.5, 1.5, 2.5, -2.5, null, 0, 0.25, -7.75, 12];
const cycle = <T>(values: readonly T[], index: number): T => values[index % values.length] as T;

export const caseRows: readonly CaseRow[] = titles.map((Title, index) => ({
  Id: index + 1,
  Title,
  Priority: cycle([1, 2, null, -3, 0, 7, 7], index),
  Small: cycle([null, 5, -5], index),
  Cost: cycle(halves, index),
  Score: cycle(halves, index + 3),
  Open: cycle([true, false, null], index),
  CreatedAt: cycle(instants, index),
  DueOn: cycle(days, index),
  AgentId: cycle([1, null, 2, 3, 4], index),
  Messages: Array.from({ length: index % 4 }, (_, at) => ({
    Number: at + 1,
    Body: cycle(titles, index + at),
    Length: cycle([3, null, 0, 10], index + at),
  })),
}));

const text = (value: string | null): string => (value === null ? 'NULL' : `E'${escaped(value)}'`);
const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll("'", "''");
const plain = (value: number | boolean | null): string => (value === null ? 'NULL' : String(value));

/** INSERT statements of all rows, in the order of their ids. */
export function insertRows(): string {
  const agents = agentRows.map(
    (row) =>
      `(${row.Id}, ${text(row.Name)}, ${text(row.City)}, ${plain(row.LeaderId)}, ${row.hidden === true ? 'now()' : 'NULL'})`,
  );
  const cases = caseRows.map((row) => {
    const numbers = [row.Priority, row.Small, row.Cost, row.Score, row.Open].map(plain).join(', ');
    return `(${row.Id}, ${text(row.Title)}, ${numbers}, ${text(row.CreatedAt)}, ${text(row.DueOn)}, ${plain(row.AgentId)})`;
  });
  const messages = caseRows.flatMap((row) =>
    row.Messages.map((one) => `(${row.Id}, ${one.Number}, ${text(one.Body)}, ${plain(one.Length)})`),
  );
  return `INSERT INTO feed."Agents" ("Id", "Name", "City", "LeaderId", "_deleted_at") VALUES ${agents.join(', ')};
    INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Small", "Cost", "Score", "Open", "CreatedAt", "DueOn", "AgentId")
      SELECT i, t, p, s, c, d, o, ca::timestamptz, du::date, a
      FROM (VALUES ${cases.join(', ')}) AS v(i, t, p, s, c, d, o, ca, du, a);
    INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length") VALUES ${messages.join(', ')};`;
}

/** The agent of a case as the feed shows it: hidden ones are absent. */
export function agentOf(row: CaseRow): AgentRow | null {
  return agentRows.find((agent) => agent.Id === row.AgentId && agent.hidden !== true) ?? null;
}
