import fc from 'fast-check';
import type { GrantRules, SetRule } from '../../../src/plan/bind/grants.ts';
import { pipeline } from '../../sql/random-apply.ts';
import { condition, numberExpression, textExpression } from '../../sql/random-expression.ts';
import { catalogue } from '../../sql/small-model.ts';

/** Random rights over the small model, said twice: as rules of the gateway, and as what a database without the rest holds. */
export interface Rights {
  readonly rules: GrantRules;
  /** By set: the rows that there are, as SQL about `t`; null: none, the set is hidden. */
  readonly rows: Readonly<Record<string, string | null>>;
  /** By set: the columns that have values. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

/** An agent that is served. */
const agentOf = (id: string, more: string): string =>
  `EXISTS (SELECT FROM whole."Agents" a WHERE a."Id" = ${id} AND a._deleted_at IS NULL AND ${more})`;

/** `$filter` texts and what they say in SQL; conditions look at all rows, whoever asks. */
const conditions: Readonly<Record<string, readonly (readonly [filter: string, sql: string])[]>> = {
  Cases: [
    ['Priority gt 0', 't."Priority" > 0'],
    // Dear to compute: what the request asks for would be computed before it.
    ['Priority mul 1 mul 1 mul 1 mul 1 mul 1 gt 0', 't."Priority" > 0'],
    ['not (Open eq true)', 't."Open" IS DISTINCT FROM TRUE'],
    ['Priority ne 0 and Small mul 1 mul 1 ne 5', 't."Priority" IS DISTINCT FROM 0 AND t."Small" IS DISTINCT FROM 5'],
    ["Agent/City eq 'Bonn'", agentOf('t."AgentId"', `a."City" = 'Bonn'`)],
    ['Agent eq null', `NOT ${agentOf('t."AgentId"', 'TRUE')}`],
    [
      'Messages/any(m:m/Length gt 2)',
      'EXISTS (SELECT FROM whole."Messages" m WHERE m."CaseId" = t."Id" AND m."Length" > 2)',
    ],
    ['Id lt 12', 't."Id" < 12'],
    ["contains(Title,'a')", `strpos(t."Title", 'a') > 0`],
    ['false', 'FALSE'],
  ],
  Agents: [
    ['Id ne 1', 't."Id" <> 1'],
    ["City eq 'Bonn'", `t."City" = 'Bonn'`],
    ['Leader ne null', agentOf('t."LeaderId"', 'TRUE')],
    ['Cases/$count gt 5', '(SELECT count(*) FROM whole."Cases" c WHERE c."AgentId" = t."Id") > 5'],
  ],
  Messages: [
    ['Number le 2', 't."Number" <= 2'],
    ['Length ne null', 't."Length" IS NOT NULL'],
    ['Case/Open', 'EXISTS (SELECT FROM whole."Cases" c WHERE c."Id" = t."CaseId" AND c."Open")'],
    ['CaseId gt 4 and Number ne 1', 't."CaseId" > 4 AND t."Number" <> 1'],
  ],
};

const sets = [...catalogue.model.entitySets.values()];

interface SetRights {
  readonly name: string;
  readonly rule: SetRule | null;
  readonly sql: string | null;
  readonly columns: readonly string[];
}

const setRights = sets.map(({ name, entityType }): fc.Arbitrary<SetRights> => {
  const all = [...entityType.properties.keys()];
  const others = all.filter((one) => !entityType.key.includes(one));
  const shown = fc.oneof(fc.constant(null), fc.subarray(others));
  return fc
    .record({
      hidden: fc.integer({ min: 0, max: 5 }),
      shown,
      rows: fc.option(fc.constantFrom(...(conditions[name] ?? []))),
    })
    .map(({ hidden, shown: some, rows }) => {
      if (hidden === 0) {
        return { name, rule: null, sql: null, columns: [] };
      }
      const columns = some === null ? all : all.filter((one) => entityType.key.includes(one) || some.includes(one));
      const rule = { ...(some === null ? {} : { properties: columns }), ...(rows === null ? {} : { rows: rows[0] }) };
      return { name, rule, sql: rows?.[1] ?? 'TRUE', columns };
    });
});

const rights: fc.Arbitrary<Rights> = fc.tuple(...setRights).map((all) => ({
  rules: new Map(all.flatMap(({ name, rule }) => (rule === null ? [] : [[name, rule] as const]))),
  rows: Object.fromEntries(all.map(({ name, sql }) => [name, sql])),
  columns: Object.fromEntries(all.map(({ name, columns }) => [name, columns])),
}));

/** The same names, and the rows of the second one. */
const withRowsOf = (names: Rights, { rules, rows }: Rights): Rights => ({
  ...names,
  rules: new Map(
    [...names.rules].map(([set, { properties }]) => {
      const condition = rules.get(set)?.rows;
      return [
        set,
        {
          ...(properties === undefined ? {} : { properties }),
          ...(condition === undefined ? {} : { rows: condition }),
        },
      ] as const;
    }),
  ),
  rows: Object.fromEntries(
    Object.entries(names.rows).map(([set, sql]) => [set, sql === null ? null : (rows[set] ?? 'TRUE')]),
  ),
});

/** Two readers; of half of them the model is the same one. */
export const readers: fc.Arbitrary<readonly [Rights, Rights]> = fc
  .tuple(rights, rights, fc.boolean())
  .map(([one, other, alike]) => [one, alike ? withRowsOf(one, other) : other]);

const text = (value: string): string => encodeURIComponent(value);

const filter = condition.map((one) => `$filter=${text(one.text)}`);
/** Computations that fail for some rows: the reply must not tell of those that are not there. */
const failing = fc.constantFrom('1 div Priority gt 0', 'Priority div Small ne 3', 'cast(Id mul 3000,Edm.Int16) gt 0');

const caseOptions = fc.array(
  fc.oneof(
    filter,
    failing.map((one) => `$filter=${text(one)}`),
    failing.map((one) => `$filter=${text(one)}`),
    fc.oneof(numberExpression, textExpression).map((one) => `$orderby=${text(one.text)} desc`),
    fc.oneof(numberExpression, textExpression).map((one) => `$compute=${text(`${one.text} as X`)}&$select=Id,X`),
    fc.constantFrom(
      '$count=true',
      '$top=4',
      '$skip=3',
      '$search=a',
      '$search=NOT plain',
      '$select=Title,Agent',
      '$select=*',
    ),
    fc.constantFrom(
      '$expand=*',
      '$expand=Agent($expand=Leader,Team($count=true))',
      '$expand=Agent/$ref,Messages/$count',
      '$expand=Messages($filter=Agent eq null;$orderby=Length desc;$top=1;$count=true;$expand=Case($select=Title))',
      '$expand=Agent($expand=Cases($apply=groupby((Priority),aggregate($count as N))))',
      '$expand=Messages($filter=$it/Priority gt 1)',
    ),
  ),
  { maxLength: 3 },
);

/** Each option once: the last of a name. */
const query = (options: readonly string[]): string => {
  const parts = options.flatMap((one) => one.split('&'));
  const byName = new Map(parts.map((one) => [one.split('=')[0], one]));
  return byName.size === 0 ? '' : `?${[...byName.values()].join('&')}`;
};

const fixed = fc.constantFrom(
  '',
  '$metadata',
  '$metadata?$format=json',
  '$all',
  '$all/$count',
  '$all/$ref?$top=7',
  '$entity?$id=Cases(3)',
  'Case',
  'Agent(1)',
  'Cases?$select=Titel',
  'Cases?$filter=Agnt/Name eq null',
  'Cases?$expand=Mesages',
  'Messages?$orderby=Lenght',
  'Agents?$filter=$root/Case(1) eq null',
  '$crossjoin(Cases,Agent)',
  'Agents',
  'Messages?$expand=Case($expand=Agent),Agent',
  'Agents?$filter=Team/any(t:t/Leader/City ne null)&$expand=Team/$ref',
  'Agents?$filter=Cases/all(c:c/Priority gt 0) or Cases/$count($filter=Open) gt 2',
  'Messages/$filter(Number gt 1)/$count',
  '$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id&$expand=Agents($select=Name)&$count=true',
  '$crossjoin(Messages,Agents)/$count',
  'Cases?$apply=filter(Agent ne null)/groupby((Agent),aggregate($count as N,Priority with sum as S))&$expand=Agent($expand=Leader)',
  'Cases?$apply=join(Messages as M)/groupby((M/Body),aggregate($count as N))',
  'Cases?$apply=outerjoin(Messages as M,filter(Length gt 0))/aggregate(M/$count as N,M/Length with sum as S)',
  'Agents?$apply=groupby((Leader),aggregate(Cases/$count as N,Team/Cases/Cost with max as C))',
  'Agents?$apply=concat(aggregate($count as N),groupby((rollup($all,City)),aggregate(Cases/Priority with sum as S)))',
  'Cases?$apply=topcount(3,Priority)/compute(Priority add 1 as X)&$orderby=X desc',
);

const keyed = fc
  .tuple(
    fc.constantFrom('Cases', 'Agents'),
    fc.integer({ min: 1, max: 26 }),
    fc.constantFrom(
      ...[
        '',
        '/Agent',
        '/Agent/Leader/Name',
        '/Messages',
        '/Messages/$count',
        '/Messages(1)/Body/$value',
        '/Title',
        '/Name',
      ],
      ...[
        '/Team?$count=true',
        '/Team(2)/Cases',
        '/Cases?$select=Id,Title',
        '/Cases/$ref',
        '/Leader/Team/$count',
        '/$ref',
      ],
    ),
  )
  .map(([set, id, rest]) => `${set}(${set === 'Agents' ? (id % 5) + 1 : id})${rest}`);

/** URLs below the service root that ask for all kinds of things, also for what is hidden, not there or wrong. */
export const request: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: caseOptions.map((options) => `Cases${query(options)}`) },
  { weight: 1, arbitrary: failing.map((one) => `Cases?$filter=${text(one)}`) },
  {
    weight: 1,
    arbitrary: caseOptions.map((options) => `Cases/$count${query(options.filter((one) => /filter|search/.test(one)))}`),
  },
  { weight: 3, arbitrary: fixed },
  { weight: 2, arbitrary: keyed },
  { weight: 2, arbitrary: pipeline.map(({ set, text: apply }) => `${set}?$apply=${text(apply)}`) },
);
