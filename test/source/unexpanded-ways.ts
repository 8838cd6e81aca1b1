import { type Way, withoutNested } from './pass-over.ts';

/** More than one request for keys, and more children than `$top` leaves. */
export const more = `
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") SELECT 100 + n, 't' || n, n % 7, 1 + n % 5 FROM generate_series(1, 60) AS n;
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length", "AgentId")
    SELECT 100 + n % 45, n, 'b' || n % 3, NULLIF(n % 9, 0), NULLIF(n % 4, 0) FROM generate_series(1, 200) AS n;`;

export const requests = [
  'Cases?$select=Id&$orderby=Id&$expand=Messages',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Body;$orderby=Number)',
  'Cases?$orderby=Id desc&$top=7&$expand=Messages($filter=Length gt 5;$orderby=Number desc)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$top=2)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Length desc,Number;$skip=1;$top=2;$count=true)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$filter=Length gt 5;$orderby=Number;$count=true;$top=0)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages/$count',
  'Cases?$select=Id&$orderby=Id&$expand=Messages/$count($filter=Length gt 5)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages/$ref($orderby=Number)',
  'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name),Messages($select=Number;$orderby=Number;$expand=Agent($select=City))',
  'Cases(10)?$select=Id&$expand=Messages($select=Number;$orderby=Number)',
  'Cases(30)?$select=Id&$expand=Messages',
  'Cases(10)/Messages?$select=Number&$orderby=Number&$expand=Agent($select=Name;$expand=Cases($select=Id;$orderby=Id))',
  'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$expand=Messages($select=Number;$orderby=Number desc;$top=1))',
  'Agents?$select=Id&$orderby=Id&$expand=Team($select=Id;$orderby=Id;$levels=2)',
  'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$filter=Messages/any(m:m/Length gt 5);$expand=Messages/$count)',
  'Messages?$select=CaseId,Number&$filter=Case/Priority eq 1&$orderby=CaseId,Number&$expand=Case($select=Id;$expand=Messages($select=Number;$orderby=Number))',
  'Agents?$select=Id&$orderby=Id&$expand=Cases($apply=aggregate($count as n))',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($compute=Length add 1 as L;$select=L;$orderby=Number)',
];

/** An object of a reply, with what is expanded in it. */
type Shown = Readonly<Record<string, unknown>>;

const led = ['Messages', 'Team', 'Cases', 'Agent', 'Case', 'Leader'];
const toMany = ['Messages', 'Team', 'Cases'];
const navigationsOf = (row: Shown): readonly string[] =>
  'Name' in row || 'City' in row || 'LeaderId' in row ? ['Team', 'Cases', 'Leader'] : led;

/** Ways in which a feed does no `$expand`, or not all of it: the URL that it works out, and what it makes of each row. */
export const feeds = {
  'passes over $expand': { asked: (expand: string | null) => (expand === null ? expand : null) },
  'passes over what stands in the parentheses of $expand': {
    asked: (expand: string | null) => expand?.replace(/\(.*\)/, '') ?? null,
  },
  'passes over $expand inside of $expand': {
    asked: (expand: string | null) => (expand === null ? null : withoutNested(expand, ['$expand'])),
  },
  'leaves out what is empty': {
    asked: (expand: string | null) => expand,
    row: (row: Shown) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => String(value) !== '' || !Array.isArray(value))),
  },
  'writes empty ones for what it does not look for': {
    asked: (_: string | null) => null,
    row: (row: Shown, expand: string) => ({
      ...row,
      ...Object.fromEntries(
        navigationsOf(row)
          .filter((name) => expand.includes(name))
          .map((name) => [name, toMany.includes(name) ? [] : null]),
      ),
    }),
  },
  'refuses $expand with 400': { asked: (expand: string | null) => (expand === null ? expand : 400) },
  'refuses $expand with 501': { asked: (expand: string | null) => (expand === null ? expand : 501) },
  'refuses options inside of $expand but for $select': {
    asked: (expand: string | null) => (/[$](?!select)/.test(expand ?? '') ? 400 : expand),
  },
} as const satisfies Readonly<Record<string, Way>>;

export const ways = Object.keys(feeds) as (keyof typeof feeds)[];
