import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planLineWithoutValues } from '../../src/commands/explain/postgres-plan.ts';
import { positionLines, requestedUrl, withoutValuesOf } from '../../src/commands/explain/requested-url.ts';
import { syntaxLines } from '../../src/commands/explain/syntax-tree.ts';
import { GatewayError } from '../../src/errors.ts';
import { withoutValues } from '../../src/plan/model/describe-expression.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';

const syntax = (url: string): string => syntaxLines(parseODataUri(url.replaceAll(' ', '%20'))).join('\n');

describe('The URL that gateway explain is given', () => {
  const cases: readonly (readonly [given: string, path: string, query: string])[] = [
    ['Cases?$top=1', 'Cases', '$top=1'],
    ['/odata/Cases?$top=1', 'Cases', '$top=1'],
    ['https://feed.example.com/odata/Cases(5)/Agent', 'Cases(5)/Agent', ''],
    [
      'HTTP://localhost:8080/behind/a/proxy/odata/Cases?$filter=Title%20eq%20%27/odata/%27',
      'Cases',
      '$filter=Title%20eq%20%27/odata/%27',
    ],
    [`Cases?$filter=Title eq 'Zoë'`, 'Cases', `$filter=Title%20eq%20'Zo%C3%AB'`],
    ['Cases?$top=1&api-key=secret', 'Cases', '$top=1'],
    ['/odata/', '', ''],
    ['/odata', '', ''],
    ['http://localhost/odata', '', ''],
  ];
  for (const [given, path, query] of cases) {
    it(given, () => assert.deepEqual(requestedUrl(given, 'api-key'), { path, query }));
  }

  it('is refused where it is not below the feed', () => {
    assert.throws(() => requestedUrl('http://localhost/Cases', 'api-key'), { code: 'ResourceNotFound' });
    assert.throws(() => requestedUrl('/Cases?x=/odata/', 'api-key'), { code: 'ResourceNotFound' });
  });

  it('is shown with the position of a fault', () => {
    const url = requestedUrl(`Cases?$top=1&%24filter=Title eqq 'x'`, 'api-key');
    const fault = (target: string, offset: number) => new GatewayError('UriSyntax', 'no', { target, offset });
    assert.deepEqual(positionLines(fault('$filter', 6), url, 'shown'), [
      'Position 6 of $filter:',
      `  Title eqq 'x'`,
      '        ^',
    ]);
    assert.deepEqual(positionLines(fault('path', 2), url, 'hidden'), ['Position 2 of the path:', '  Cases', '    ^']);
    assert.deepEqual(positionLines(new GatewayError('Busy', 'later'), url, 'shown'), []);
  });

  const faults: readonly (readonly [url: string, shown: string])[] = [
    [`Cases?$filter=Title eq 'secret' andd Id eq 4711`, `  Title eq '??????' andd Id eq ????`],
    [`Cases?$filter=Title eq 'secret`, `  Title eq '??????`],
    [`Cases?$filter=P1 eq 2.5e3`, '  P1 eq ?.???'],
  ];
  for (const [text, shown] of faults) {
    it(`has no value of a URL at fault: ${text}`, () => {
      const url = requestedUrl(text, 'api-key');
      const fault = new GatewayError('UriSyntax', 'no', { target: '$filter', offset: 3 });
      assert.equal(positionLines(fault, url, 'hidden')[1], shown);
    });
  }

  it('has no value in the message of its fault', () => {
    const url = requestedUrl(`Cases('secret')?$filter=Id eq 'it''s' and Size eq 4711`, 'api-key');
    const message = (text: string): string => withoutValuesOf(new GatewayError('TypeMismatch', text), url).message;
    assert.equal(
      message(`'Id' is Edm.Int64, not the Edm.String 'secret'`),
      `'Id' is Edm.Int64, not the Edm.String '?'`,
    );
    assert.equal(
      message(`$filter: found ''secr' at position 8, expected x`),
      `$filter: found '?' at position 8, expected x`,
    );
    assert.equal(message(`The Edm.String 'it''s' and '4711'`), `The Edm.String '?' and '?'`);
  });
});

describe('The syntax that gateway explain prints', () => {
  it('is a tree of what was read', () => {
    assert.equal(
      syntax(
        `Cases(5)/Agent?$filter=Name eq 'Jan' and not (Team/Size gt 3)&$select=Name&$expand=Cases($top=2;$orderby=Id desc)&$count=true`,
      ),
      [
        'path',
        '  Cases',
        '    key',
        `      '5' integer`,
        '  Agent',
        '$filter',
        '  and',
        '    eq',
        '      Name',
        `      'Jan' string`,
        '    not',
        '      gt',
        '        Team/Size',
        `        '3' integer`,
        '$select',
        '  Name',
        '$expand',
        '  Cases',
        '    $orderby',
        '      desc',
        '        Id',
        '    $top 2',
        '$count true',
      ].join('\n'),
    );
    assert.equal(
      syntax(
        `Cases?$apply=filter(Items/any(i:i/A in (1,null)))/groupby((Agent/Name,rollup(A,B)),aggregate(Amount with sum as Total,$count as N))&$search=late OR NOT "a b"`,
      ),
      [
        'path',
        '  Cases',
        '$apply',
        '  filter',
        '    Items/any(i)',
        '      in',
        '        i/A',
        '        list',
        `          '1' integer`,
        '          null',
        '  groupby',
        '    Agent/Name',
        '    rollup',
        '      A',
        '      B',
        '    aggregate',
        '      with sum as Total',
        '        Amount',
        '      $count as N',
        '$search',
        '  or',
        `    'late' word`,
        '    not',
        `      'a b' phrase`,
      ].join('\n'),
    );
  });

  it('has no value where they are hidden, and is the same whatever the value is', () => {
    const secret = fc
      .string({ unit: fc.constantFrom("'", '"', '?', ' ', 'é', '(', '0'), maxLength: 6 })
      .map((text) => `§${text}§`);
    const hidden = (value: string): string => {
      const text = encodeURIComponent(`'${value.replaceAll("'", "''")}'`);
      return withoutValues(
        syntax(
          `Cases(${text})?$filter=contains(Title,${text}) or Id eq 4711&$compute=concat(A,${text}) as X&$skiptoken=${text}`,
        ),
      );
    };
    const expected = hidden('other');
    assert.doesNotMatch(expected, /other|4711/);
    fc.assert(fc.property(secret, (value) => assert.equal(hidden(value), expected)));
  });
});

describe('PostgreSQL’s plan without values', () => {
  const cases: readonly (readonly [line: string, hidden: string])[] = [
    [
      `  ->  Index Scan using "Cases_key" on "Cases" t1  (cost=0.29..8.31 rows=1 width=8)`,
      `  ->  Index Scan using "Cases_key" on "Cases" t1  (cost=0.29..8.31 rows=1 width=8)`,
    ],
    [
      `Limit  (cost=0.29..0.36 rows=2 width=16) (actual time=0.010..0.012 rows=2.00 loops=1)`,
      `Limit  (cost=0.29..0.36 rows=2 width=16) (actual time=0.010..0.012 rows=2.00 loops=1)`,
    ],
    [`        Index Cond: ("CaseId" = '4711'::bigint)`, `        Index Cond: ("CaseId" = '?'::bigint)`],
    [`  Filter: (("A" > 5) AND ("B" = 'it''s (cost=1)'::text))`, `  Filter: (("A" > ?) AND ("B" = '?'::text))`],
    [`  Rows Removed by Filter: 12`, `  Rows Removed by Filter: 12`],
    [`  Buffers: shared hit=3`, `  Buffers: shared hit=3`],
    [`Planning Time: 0.100 ms`, `Planning Time: 0.100 ms`],
    [`Execution Time: 0.030 ms`, `Execution Time: 0.030 ms`],
  ];
  for (const [line, hidden] of cases) {
    it(line.trim(), () => assert.equal(planLineWithoutValues(line), hidden));
  }
});
