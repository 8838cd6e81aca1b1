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
const expandAs = (from: RegExp, to: string): Blind => reading('$expand', (text) => text.replaceAll(from, to));
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
    'in, which a chain of or, or of ne, is asked with',
    filterAs(/\w+ in \([^)]*\)/g, 'true'),
    [
      'Cases?$select=Id&$filter=Id eq 10 or Id eq 40 or Id eq 20&$orderby=Id',
      'Cases?$select=Id&$filter=Id ne 10 and Id ne 40 and Id ne 20&$orderby=Id',
    ],
  ],
  [
    'searches inside of $expand',
    expandAs(/contains\([^)]*\)/g, 'true'),
    [
      "Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$filter=contains(Body,'1'))",
      "Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$expand=Messages($select=Number;$orderby=Number;$filter=contains(Body,'1')))",
    ],
  ],
  [
    'in and not inside of $expand',
    expandAs(/\w+ in \([^)]*\)|not \([^)]*\)/g, 'true'),
    [
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$filter=Length in (5,7))',
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$filter=not (Length gt 5))',
    ],
  ],
  [
    'any and all inside of $expand',
    expandAs(/Messages\/(any|all)\([^)]*\)/g, 'true'),
    [
      'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$filter=Messages/any(m:m/Length gt 5))',
      'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$filter=Messages/any())',
      'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$filter=Messages/all(m:m/Length gt 5))',
    ],
  ],
  [
    'comparisons of a related row inside of $expand',
    expandAs(relatedComparison, 'true'),
    ["Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$filter=Agent/Name eq 'Ann')"],
  ],
  [
    'related rows inside of $expand, which it did not load',
    expandAs(/\b(Agent|Case|Leader)\/\w+/g, 'null'),
    ["Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number;$filter=Agent/Name eq 'Ann')"],
  ],
  [
    'orders by a related row, or by what is computed, inside of $expand',
    expandAs(/(Agent\/\w+|Length mul -1)( desc)?,/g, ''),
    [
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Agent/Name desc,Number;$top=2)',
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Length mul -1,Number;$top=2)',
    ],
  ],
  [
    'rows that lead to none, as joins of tables do',
    (options) => {
      const [filter, orderby] = [options.get('$filter'), options.get('$orderby') ?? ''];
      if (/\bAgent\//.test(`${filter ?? ''} ${orderby}`)) {
        options.set('$filter', filter === null ? 'AgentId ne null' : `(${filter}) and AgentId ne null`);
      }
    },
    [
      "Cases?$select=Id&$filter=Agent/Name ne 'Ann'&$orderby=Id",
      "Cases?$select=Id&$filter=Agent/Name eq 'Ann' or Id eq 40&$orderby=Id",
      'Cases?$select=Id&$orderby=Agent/Name desc,Id',
    ],
  ],
  [
    'rows of which all of nothing is true, and takes none for one without values in any',
    reading('$filter', (text) =>
      text
        .replaceAll(/(Messages\/all\([^)]*\))/g, '($1 and Messages/any())')
        .replaceAll(/(Messages\/any\([^)]* eq null\))/g, '($1 or not Messages/any())'),
    ),
    [
      'Cases?$select=Id&$filter=Messages/all(m:m/Length gt 5)&$orderby=Id',
      'Cases?$select=Id&$filter=Messages/any(m:m/Length eq null)&$orderby=Id',
    ],
  ],
  [
    'the second of two $expand, each of which it does alone',
    reading('$expand', (text) => outermost(text)[0] ?? ''),
    [
      'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Number),Agent($select=Name)',
      'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name),Messages($select=Number;$orderby=Number)',
      'Agents?$select=Id&$orderby=Id&$expand=Cases($select=Id;$orderby=Id;$expand=Messages/$count,Agent($select=Name))',
      'Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name;$expand=Leader($select=Id),Team($select=Id;$orderby=Id))',
    ],
  ],
  [
    'an $expand where the list is parted at each comma',
    (options) => {
      const text = options.get('$expand') ?? '';
      if (outermost(text).length < text.split(',').length) {
        options.delete('$expand');
      }
    },
    ['Cases?$select=Id&$orderby=Id&$expand=Agent($select=Name,City)'],
  ],
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

/** The parts of an `$expand` that stand beside each other. */
function outermost(expand: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const char of expand) {
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    if (char === ',' && depth === 0) {
      parts.push('');
    } else {
      parts.push(`${parts.pop() ?? ''}${char}`);
    }
  }
  return parts;
}

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
  describe('make no row wrong where all rows lead to others', () => {
    before(async () => {
      const each = `
        INSERT INTO feed."Messages" ("CaseId", "Number", "Length", "AgentId") SELECT "Id", 900, 6, 1 FROM feed."Cases" WHERE "Id" < 150;`;
      gateway = await evaluatedGateway({ rows: `${rows}${messages}${more}${each}`, readsOptions: false });
    });
    after(() => gateway.close());
    checks(blindnesses.filter(([what]) => /any|all of/.test(what)));
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
