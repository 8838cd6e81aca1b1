import assert from 'node:assert/strict';
import { messages, rows } from '../sql/apply-rows.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { more } from './unexpanded-ways.ts';

/** What a feed makes of the options of a request. */
type Blind = (options: URLSearchParams, path: string) => void;

const reading =
  (option: string, change: (text: string) => string): Blind =>
  (options) => {
    const text = options.get(option);
    if (text !== null) {
      options.set(option, change(text));
    }
  };
const filterAs = (from: RegExp, to: string): Blind => reading('$filter', (text) => text.replaceAll(from, to));
const relatedComparison = /\b(Agent|Case|Leader)\/\w+ (eq|ne|gt|lt|ge|le) ('[^']*'|-?\d+|null)/g;

/** What a feed passes over in silence, and requests whose rows it would make wrong. */
const blindnesses: readonly (readonly [string, Blind, readonly string[]])[] = [
  [
    '$count=true',
    (options) => options.delete('$count'),
    ['Cases?$select=Id&$filter=Id gt 20&$count=true&$top=2&$orderby=Id'],
  ],
  ['$top with $orderby', (options) => options.delete('$top'), ['Cases?$select=Id&$orderby=Priority desc,Id&$top=3']],
  [
    '$orderby beside $top',
    (options) => (options.has('$top') ? options.delete('$orderby') : undefined),
    ['Cases?$select=Id&$orderby=Id desc&$top=3'],
  ],
  [
    '$search',
    (options) => options.delete('$search'),
    ['Cases?$select=Id&$search=hello&$orderby=Id', 'Cases/$count?$search=hello'],
  ],
  [
    '$compute',
    (options) => options.delete('$compute'),
    ['Cases?$compute=Priority add 1 as P&$select=Id,P&$orderby=Id'],
  ],
  [
    'any',
    filterAs(/Messages\/any\([^)]*\)/g, 'true'),
    ['Cases?$select=Id&$filter=Messages/any(m:m/Length gt 5)&$orderby=Id', 'Cases/$count?$filter=Messages/any()'],
  ],
  [
    'any, of rows that it did not load',
    filterAs(/Messages\/any\([^)]*\)/g, 'false'),
    [
      'Cases?$select=Id&$filter=Messages/any(m:m/Length gt 5)&$orderby=Id',
      'Cases?$select=Id&$filter=Messages/any()&$orderby=Id',
    ],
  ],
  [
    'all',
    filterAs(/Messages\/all\([^)]*\)/g, 'true'),
    ['Cases?$select=Id&$filter=Messages/all(m:m/Length gt 5)&$orderby=Id'],
  ],
  [
    'comparisons of a related row',
    filterAs(relatedComparison, 'true'),
    ["Cases?$select=Id&$filter=Agent/Name eq 'Ann'&$orderby=Id", "Cases/$count?$filter=Agent/Name eq 'Ann'"],
  ],
  [
    'related rows, which it did not load',
    filterAs(/\b(Agent|Case|Leader)\/\w+/g, 'null'),
    [
      "Cases?$select=Id&$filter=Agent/Name eq 'Ann'&$orderby=Id",
      "Messages?$select=Number&$filter=Case/Agent/Name eq 'Ann'&$orderby=CaseId,Number",
    ],
  ],
  [
    'orders by a related row',
    reading('$orderby', (text) => text.replaceAll(/\b(Agent|Case)\/\w+( desc)?,?/g, '') || 'Id'),
    ['Cases?$select=Id&$orderby=Agent/Name desc,Id&$top=9'],
  ],
  [
    'orders by a count',
    reading('$orderby', (text) => text.replaceAll(/Messages\/\$count( desc)?,?/g, '') || 'Id'),
    ['Cases?$select=Id&$orderby=Messages/$count desc,Id&$top=9'],
  ],
  [
    'a count in $filter',
    filterAs(/Messages\/\$count (eq|gt|lt) \d+/g, 'true'),
    ['Cases?$select=Id&$filter=Messages/$count gt 3&$orderby=Id'],
  ],
  ['in', filterAs(/\w+ in \([^)]*\)/g, 'true'), ['Cases?$select=Id&$filter=Id in (10,40)&$orderby=Id']],
  [
    '$filter of /$count',
    (options, path) => (path.endsWith('/$count') ? options.delete('$filter') : undefined),
    ['Cases/$count?$filter=Priority gt 1'],
  ],
  [
    '$levels, and any $expand inside of another',
    reading('$expand', (text) => text.replaceAll(/;?[$]expand=.*/g, ')')),
    ['Agents?$select=Id&$orderby=Id&$expand=Team($select=Id;$orderby=Id;$levels=3)'],
  ],
];

/** Rows that come first and name some that have gone. */
const lost = `
  INSERT INTO feed."Messages" ("CaseId", "Number") SELECT -100 - n, 1 FROM generate_series(1, 60) AS n;
  INSERT INTO feed."Cases" ("Id", "AgentId") SELECT -n, 500 + n FROM generate_series(1, 60) AS n;
  INSERT INTO feed."Messages" ("CaseId", "Number") SELECT -n, 1 FROM generate_series(1, 60) AS n;`;
const related = blindnesses.filter(([what]) => /related|any,|^all|count in/.test(what));

describe('parts of options that a feed passes over', () => {
  let gateway: EvaluatedGateway;

  const open = async (before: string): Promise<void> => {
    gateway = await evaluatedGateway({ rows: `${before}${rows}${messages}${more}`, readsOptions: false });
  };
  describe('make no row wrong', () => {
    before(() => open(''));
    after(() => gateway.close());
    checks(blindnesses);
  });
  describe('make no row wrong where the rows that come first name some that have gone', () => {
    before(() => open(lost));
    after(() => gateway.close());
    checks(related);
  });

  function checks(some: typeof blindnesses): void {
    for (const [what, blind, requests] of some) {
      it(what, () => check(blind, requests));
    }
  }

  async function check(blind: Blind, requests: readonly string[]): Promise<void> {
    gateway.time.at += 25 * 3_600_000;
    gateway.onRequest = (request, response) => {
      const url = new URL(request.url ?? '', gateway.stored.root);
      blind(url.searchParams, url.pathname);
      void fetch(url).then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      });
      return true;
    };
    for (const request of requests) {
      const right = await gateway.rows(gateway.stored, request);
      assert.deepEqual(await gateway.rows(gateway.evaluated, request), right, request);
    }
  }
});
