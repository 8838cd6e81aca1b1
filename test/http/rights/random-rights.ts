import fc from 'fast-check';
import type { SetRule } from '../../../src/plan/bind/grants.ts';
import { pipeline } from '../../sql/random-apply.ts';
import { condition, numberExpression, textExpression } from '../../sql/random-expression.ts';
import { catalogue } from './personal-model.ts';

/** Random rights over the small model, said twice: as rules of the gateway, and as what a database without the rest holds. */
export interface Rights {
  readonly rules: ReadonlyMap<string, readonly SetRule[]>;
  /** By set: the rows that there are, as SQL about `t`; null: none, the set is hidden. */
  readonly rows: Readonly<Record<string, string | null>>;
  /** By set: the columns that have values, and these as SQL about the row `t` and its masked twin `m`. */
  readonly columns: Readonly<Record<string, readonly (readonly [name: string, sql: string])[]>>;
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

/** One rule of a set; `conditioned`: it has the condition of its place. */
interface Alternative {
  readonly shown: readonly string[] | null;
  readonly masked: readonly string[];
  readonly conditioned: boolean;
}

/** By set: its rules; none: it is hidden. */
type Structure = readonly (readonly Alternative[])[];
/** By set and place of the rule. */
type Conditions = readonly (readonly (readonly [filter: string, sql: string])[])[];

const mostRules = 2;

const structure: fc.Arbitrary<Structure> = fc.tuple(
  ...sets.map(({ entityType }) => {
    const others = [...entityType.properties.keys()].filter((one) => !entityType.key.includes(one));
    const alternative = fc.record({
      shown: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.subarray(others) }),
      masked: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray(others) }),
      conditioned: fc.boolean(),
    });
    const rules = fc.array(alternative, { minLength: 1, maxLength: mostRules });
    return fc.oneof({ weight: 5, arbitrary: rules }, { weight: 1, arbitrary: fc.constant([]) });
  }),
);

const chosen: fc.Arbitrary<Conditions> = fc.tuple(
  ...sets.map(({ name }) => {
    const one = fc.constantFrom(...(conditions[name] ?? []));
    return fc.array(one, { minLength: mostRules, maxLength: mostRules });
  }),
);

function rightsOf(structure: Structure, all: Conditions): Rights {
  const rules = new Map<string, readonly SetRule[]>();
  const rows: Record<string, string | null> = {};
  const columns: Record<string, [string, string][]> = {};
  for (const [at, { name, entityType }] of sets.entries()) {
    const { key, properties } = entityType;
    const alternatives = (structure[at] ?? []).map(({ shown, masked, conditioned }, place) => {
      const names = [...properties.keys()].filter((one) => shown === null || key.includes(one) || shown.includes(one));
      const [filter, sql] = all[at]?.[place] ?? ['true', 'TRUE'];
      const seen = masked.filter((one) => names.includes(one));
      const rule: SetRule = {
        ...(shown === null ? {} : { properties: names }),
        ...(seen.length === 0 ? {} : { masked: seen }),
        ...(conditioned ? { rows: filter } : {}),
      };
      return { rule, names, seen, sql: conditioned ? `(${sql}) IS TRUE` : 'TRUE' };
    });
    rows[name] = alternatives.length === 0 ? null : alternatives.map(({ sql }) => `(${sql})`).join(' OR ');
    if (alternatives.length > 0) {
      rules.set(
        name,
        alternatives.map(({ rule }) => rule),
      );
    }
    columns[name] = [...properties.keys()].flatMap((column): [string, string][] => {
      const having = alternatives.filter(({ names }) => names.includes(column));
      const clear = having
        .filter(({ seen }) => !seen.includes(column))
        .map(({ sql }) => `WHEN ${sql} THEN t."${column}"`);
      const masks = having
        .filter(({ seen }) => seen.includes(column))
        .map(({ sql }) => `WHEN ${sql} THEN m."${column}"`);
      return having.length === 0 ? [] : [[column, `CASE ${[...clear, ...masks].join(' ')} END`]];
    });
  }
  return { rules, rows, columns };
}

/** Two readers; half of them have rules that differ in their conditions alone. */
export const readers: fc.Arbitrary<readonly [Rights, Rights]> = fc
  .tuple(structure, structure, chosen, chosen, fc.boolean())
  .map(([one, other, first, second, alike]) => [rightsOf(one, first), rightsOf(alike ? one : other, second)]);

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
