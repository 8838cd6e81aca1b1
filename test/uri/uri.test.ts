import assert from 'node:assert/strict';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import { parseApply, parseODataUri, parseQueryOptions, parseSearch } from '../../src/uri/parse-uri.ts';
import type { PathSegment, SelectItem } from '../../src/uri/syntax.ts';
import { compact } from './compact.ts';
import { printSearch, withoutOffsets } from './print.ts';

function refusal(text: string): GatewayError {
  try {
    parseODataUri(text);
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  return assert.fail(`accepted: ${text}`);
}

/** One line for a path: keys in compact form. */
function path(text: string): string {
  const segment = (one: PathSegment): string => {
    switch (one.kind) {
      case 'System':
        return one.name;
      case 'FilterSegment':
        return `$filter(${compact(one.condition)})`;
      case 'Crossjoin':
        return `$crossjoin(${one.sets.join(',')})`;
      case 'Name':
        return compact({ kind: 'MemberPath', at: 0, segments: [one] });
    }
  };
  return parseODataUri(text).path.segments.map(segment).join(' / ');
}

const filterOf = (text: string): string => {
  const { filter } = parseODataUri(text).options;
  return filter === undefined ? '' : compact(filter);
};

const paths: readonly (readonly [string, string])[] = [
  ['', ''],
  ['/Set/', 'Set'],
  ["Set('a%2Fb')/Nav", "Set('a/b') / Nav"],
  ["Set('O''Neil')", "Set('O'Neil')"],
  ['Set(%27O%27%27Neil%27)', "Set('O'Neil')"],
  ["Set('%2541')", "Set('%41')"],
  ["Set('a+b')", "Set('a+b')"],
  ["Set('%C3%A9%F0%9F%98%80')", "Set('é😀')"],
  ['Set(A=1,B=@b)/$value?@b=2', 'Set(A=1,B=@b) / $value'],
  ['Set( A = 1 )', 'Set(A=1)'],
  ['Set(-5)', 'Set(-5)'],
  ['Set(2020-02-29T00:00Z)', 'Set(dateTimeOffset:2020-02-29T00:00Z)'],
  ['Set/1/Nav/$count', 'Set / 1 / Nav / $count'],
  ['Set/a b(c', 'Set / a b(c'],
  ["Set/O'Neil", "Set / O'Neil"],
  ['Set/Ns.Type(1)/Ns.F(x=1)', 'Set / Ns.Type(1) / Ns.F(x=1)'],
  ["Set/$filter(A/B eq 'x/y)')/$filter(@f)/$count", "Set / $filter([A/B eq 'x/y)']) / $filter(@f) / $count"],
  ['Set/%24filter%28A%20eq%201%29/%24count', 'Set / $filter([A eq 1]) / $count'],
  ['Set/%24k', 'Set / $k'],
  ['Set/%24count', 'Set / $count'],
  ['Set/%24metadata', 'Set / $metadata'],
  ['Set/k%28v%29', 'Set / k(v)'],
  ['Set/k%28v%29/Nav', 'Set / k(v) / Nav'],
  ['Set/k%28%27v%27%29', "Set / k('v')"],
  ['Set%281%29/Nav%282%29', 'Set(1) / Nav(2)'],
  ['Set/%28v%29', 'Set / (v)'],
  ['$crossjoin(A, B)', '$crossjoin(A,B)'],
  ['$all/Ns.Type', '$all / Ns.Type'],
  ['Set/$count/$query', 'Set / $count / $query'],
  ['Set/$each/Ns.Do', 'Set / $each / Ns.Do'],
];

const refused: readonly (readonly [string, ErrorCode, RegExp])[] = [
  ['Set//A', 'UriSyntax', /segment between two slashes is empty/],
  ["Set('a/b')", 'UriSyntax', /cut by a slash; write it as '%2F'/],
  ["Set('%zz')", 'UriSyntax', /'%zz' is not a percent-encoded byte/],
  ["Set('%FF')", 'UriSyntax', /not valid UTF-8/],
  ["Set('%00')", 'UriSyntax', /U\+0000/],
  ["Set('\ud800')", 'UriSyntax', /half of a surrogate pair/],
  ['Set?@a=["a\\u0000b"]', 'UriSyntax', /U\+0000/],
  ['Set?@a={"x":"\\udc00"}', 'UriSyntax', /half of a surrogate pair/],
  ['Set(1,2)', 'UriSyntax', /found ',2\)' at position 5/],
  ['Set(1)x', 'UriSyntax', /found 'x' at position 6/],
  ['Set(A=B)', 'UriSyntax', /a literal or a parameter alias/],
  ['Set/$foo', 'UriSyntax', /\$metadata/],
  ['Set/$metadata', 'UriSyntax', /no \$metadata after the first segment/],
  ['Set/$count/A', 'UriSyntax', /nothing after \$count/],
  ['Set/$value/$count', 'UriSyntax', /nothing after \$value/],
  ['$count', 'UriSyntax', /entity set at the start/],
  ['1Set', 'UriSyntax', /entity set/],
  ['Set(x=1)(2)', 'NotImplemented', /key predicate after the parameters/],
  ['$entity', 'InvalidOption', /needs the query option \$id/],
  ['Set#x', 'UriSyntax', /%23/],
  ['Set?$fitler=1', 'UnknownOption', /\$fitler is not known; did you mean \$filter\?/],
  ['Set?$foo=1', 'UnknownOption', /\$foo is not known\.$/],
  ['Set?$constructor=1', 'UnknownOption', /\$constructor/],
  ['Set?$expand=A($fliter=1)', 'UnknownOption', /\$expand: the query option \$fliter.*\$filter/],
  ['Set?$top=1&$TOP=2', 'InvalidOption', /\$top stands more than once/],
  ['Set?top=1&$top=2', 'InvalidOption', /\$top stands more than once/],
  ['Set?@a=1&@a=2', 'InvalidOption', /@a stands more than once/],
  ['Set?$levels=2', 'InvalidOption', /only allowed inside \$expand/],
  ['Set?$top=9007199254740992', 'InvalidOption', /too large/],
  ['Set?$top=-1', 'UriSyntax', /\$top: found '-1' at position 0, expected a non-negative whole number/],
  ['Set?$top', 'UriSyntax', /\$top: found the end/],
  ['Set?$count=1', 'UriSyntax', /'true' or 'false'/],
  ['Set?$filter=', 'UriSyntax', /found the end at position 0/],
  ['Set?$filter=A%2520eq%201', 'UriSyntax', /found '%20eq 1' at position 1/],
  ['Set?$select=A,,B', 'UriSyntax', /at position 2/],
  ['Set?$orderby=A descending', 'UriSyntax', /at position 1, expected an operator, ' asc'/],
  ['Set?$compute=A add B', 'UriSyntax', /' as ' and a name/],
  ['Set?$expand=A($skiptoken=1)', 'InvalidOption', /\$skiptoken is not allowed here/],
  ['Set?$expand=A/$count($top=1)', 'InvalidOption', /\$top is not allowed here/],
  ['Set?$expand=A($top=1;$top=2)', 'InvalidOption', /\$top stands twice/],
  ['Set?$expand=*($select=A)', 'InvalidOption', /\$select is not allowed here/],
  ['Set?$expand=A($select=X', 'UriSyntax', /expected '\)'/],
  ['Set?$search=a;b', 'UriSyntax', /write it as '%3B'/],
  ['Set?$at=2020-01-01', 'NotImplemented', /\$at/],
  ['Set?$filter=D eq 2021-02-29', 'UriSyntax', /day 29 does not exist in 02/],
  ['Set?$filter=D eq 1900-02-29', 'UriSyntax', /day 29/],
  ['Set?$filter=D eq 2021-04-31', 'UriSyntax', /day 31/],
  ['Set?$filter=D eq 2021-13-01', 'UriSyntax', /month 13/],
  ['Set?$filter=D eq 2021-00-01', 'UriSyntax', /month 00/],
  ['Set?$filter=T eq 24:00', 'UriSyntax', /hour 24/],
  ['Set?$filter=T eq 23:60', 'UriSyntax', /minute 60/],
  ['Set?$filter=D eq 2021-01-01T00:00:60Z', 'UriSyntax', /second 60/],
  ['Set?$filter=D eq 2021-01-01T00:00:00', 'UriSyntax', /needs 'Z' or an offset/],
  ['Set?$filter=D eq 2021-01-01T00:00:00.1234567890123Z', 'UriSyntax', /at most 12 digits/],
  ['Set?$filter=D eq 2021-01-01T00:00:00%2B24:00', 'UriSyntax', /offset \+24:00/],
  ["Set?$filter=D eq duration'P1Y'", 'UriSyntax', /a duration such as/],
  ["Set?$filter=D eq duration'P'", 'UriSyntax', /a duration such as/],
  ["Set?$filter=D eq duration'P1DT'", 'UriSyntax', /a duration such as/],
  ["Set?$filter=B eq binary'A'", 'UriSyntax', /base64/],
  ["Set?$filter=B eq binary'A~/='", 'UriSyntax', /base64/],
  ["Set?$filter=B eq binary'A+=/'", 'UriSyntax', /base64/],
  ['Set?$apply=toString', 'UriSyntax', /a transformation such as/],
  ['Set?$apply=custom(1)', 'UriSyntax', /a transformation such as/],
  ['Set?$apply=concat(identity)', 'UriSyntax', /at least two sequences/],
  ['Set?$apply=aggregate(A with median as B)', 'UriSyntax', /sum, min, max/],
  ['Set?$apply=aggregate(A add 1 as B)', 'UriSyntax', /' with '/],
  ['Set?$apply=groupby(A)', 'UriSyntax', /expected '\('/],
];

/** Literals as Power BI and other clients send them; left the option value, right the literal of the tree. */
const literals: readonly (readonly [string, string])[] = [
  ['2021-02-03T04%3A05%3A06Z', 'dateTimeOffset:2021-02-03T04:05:06Z'],
  ['2021-02-03T00%3A00%3A00%2B01%3A00', 'dateTimeOffset:2021-02-03T00:00:00+01:00'],
  ['2021-02-03T00:00:00+01:00', 'dateTimeOffset:2021-02-03T00:00:00+01:00'],
  ['2021-02-03T00:00:00%2001:00', 'dateTimeOffset:2021-02-03T00:00:00+01:00'],
  ['2021-02-03T00:00:00-08:00', 'dateTimeOffset:2021-02-03T00:00:00-08:00'],
  ['2021-02-03T04:05:06.1234567Z', 'dateTimeOffset:2021-02-03T04:05:06.1234567Z'],
  ['2021-02-03t04:05z', 'dateTimeOffset:2021-02-03T04:05Z'],
  ['2024-02-29', 'date:2024-02-29'],
  ['2000-02-29', 'date:2000-02-29'],
  ['-0001-01-01', 'date:-0001-01-01'],
  ['23%3A59%3A59.999', 'timeOfDay:23:59:59.999'],
  ["duration'P1DT2H'", 'duration:P1DT2H'],
  ["Duration'-pT0.5s'", 'duration:-PT0.5S'],
  ["'PT1H'", "'PT1H'"],
  ['%2B5', '5'],
  ['-5', '-5'],
  ['1.50', 'decimal:1.50'],
  ['1E-3', 'double:1E-3'],
  ['-INF', 'double:-INF'],
  ['NaN', 'double:NaN'],
  ['TRUE', 'boolean:true'],
  ['null', 'null:null'],
  ['0123ABCD-89ab-cdef-0123-456789abcdef', 'guid:0123ABCD-89ab-cdef-0123-456789abcdef'],
  ["binary'Zg=='", 'binary:Zg=='],
  ["Ns.E'A,-1'", 'enum:A,-1'],
  ["'a%26b%23c%2Bd+e'", "'a&b#c+d+e'"],
  ["''", "''"],
];

const searches: readonly (readonly [string, string])[] = [
  ['a b OR c', 'a AND b OR c'],
  ['a OR b AND c', 'a OR b AND c'],
  ['(a OR b) c', '(a OR b) AND c'],
  ['NOT a b', 'NOT a AND b'],
  ['NOT (a b)', 'NOT (a AND b)'],
  ['"a \\"b\\" OR c"', '"a \\"b\\" OR c"'],
  ['AND', 'AND'],
  ['a or b', 'a AND or AND b'],
  ["'still typ''ing (", 'error'],
  ["'still typ''ing ('", "still AND typ'ing AND ("],
];

describe('resource paths', () => {
  for (const [text, expected] of paths) {
    it(`${text} is ${expected}`, () => {
      assert.equal(path(text), expected);
    });
  }

  it('offsets count in the decoded path', () => {
    const [, second] = parseODataUri("S%65t/Nav('x')").path.segments;
    assert.equal(second?.at, 4);
  });
});

describe('refusals', () => {
  for (const [text, code, message] of refused) {
    it(`${text} is ${code}`, () => {
      const error = refusal(text);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
    });
  }

  it('name the option and the offset in its decoded value', () => {
    const error = refusal('Set?$top=1&%24filter=A%20eq%20%20%5E');
    assert.deepEqual([error.target, error.offset], ['$filter', 6]);
  });
});

describe('literals', () => {
  for (const [text, expected] of literals) {
    it(`${text} is ${expected}`, () => {
      assert.equal(filterOf(`Set?$filter=A eq ${text} and B`), `[[A eq ${expected}] and B]`);
    });
  }
});

describe('query options', () => {
  const item = (found: SelectItem, at: number, names: string[]): void =>
    assert.deepEqual(found, { at, path: names, wildcard: false, options: null });

  it('are known with and without $, percent-encoded, in any case', () => {
    for (const name of ['$top', 'top', '%24top', '$Top', 'TOP', '$t%6Fp']) {
      assert.deepEqual(parseODataUri(`Set?${name}=3`).options, { top: 3 }, name);
    }
  });

  it('the encodings Power Query uses inside $expand', () => {
    const { options } = parseODataUri(
      'BaseAsset?$select=Syscode%2CPropertyRef&$expand=Ref_Property%28%24select%3DSyscode%2CName%3B%24top%3D3%29',
    );
    const [first, second] = options.select ?? [];
    assert.ok(first !== undefined && second !== undefined);
    item(first, 0, ['Syscode']);
    item(second, 8, ['PropertyRef']);
    const select = [
      { at: 21, path: ['Syscode'], wildcard: false, options: null },
      { at: 29, path: ['Name'], wildcard: false, options: null },
    ];
    assert.deepEqual(options.expand, [
      { at: 0, path: ['Ref_Property'], wildcard: false, suffix: null, options: { select, top: 3 } },
    ]);
  });

  it('$expand: wildcards, suffixes, casts, levels', () => {
    const { options } = parseODataUri(
      'Set?$expand=*/$ref,A/*($levels=2),Ns.T/N/Ns.U/$count($filter=X eq 1;$search=y),N($levels=max;$orderby=X desc)',
    );
    const found = options.expand?.map((one) => [
      one.path.join('/'),
      one.wildcard,
      one.suffix,
      Object.keys(one.options ?? {}),
    ]);
    assert.deepEqual(found, [
      ['', true, 'ref', []],
      ['A', true, null, ['levels']],
      ['Ns.T/N/Ns.U', false, 'count', ['filter', 'search']],
      ['N', false, null, ['levels', 'orderby']],
    ]);
    assert.equal(options.expand?.[3]?.options?.levels, 'max');
  });

  it('$orderby, $compute, $count, $skip and the texts', () => {
    const { options } = parseODataUri(
      'Set?$orderby=A DESC, tolower(B)&$compute=A add 1 as C&$count=True&$skip=0&$format=application/json;odata.metadata=none&$skiptoken=a+b%2B=',
    );
    assert.deepEqual(
      options.orderby?.map((one) => [compact(one.expression), one.direction]),
      [
        ['A', 'desc'],
        ['tolower(B)', 'asc'],
      ],
    );
    assert.deepEqual(
      options.compute?.map((one) => [compact(one.expression), one.alias]),
      [['[A add 1]', 'C']],
    );
    assert.equal(options.count, true);
    assert.equal(options.skip, 0);
    assert.equal(options.format, 'application/json;odata.metadata=none');
    assert.equal(options.skiptoken, 'a+b+=');
  });

  it('aliases and custom options stand apart', () => {
    const { aliases, custom } = parseODataUri(
      'Set?@l=(1,2)&@x=(A eq 1)&@j=["a"]&api%20key=s%26t&find&find=O\'Neil&__proto__=1',
    );
    assert.deepEqual(
      [...aliases].map(([name, value]) => [name, compact(value)]),
      [
        ['l', '(1,2)'],
        ['x', '[A eq 1]'],
        ['j', "('a')"],
      ],
    );
    assert.deepEqual(
      [...custom],
      [
        ['api key', 's&t'],
        ['find', "O'Neil"],
        ['__proto__', '1'],
      ],
    );
  });

  it('a query string alone, as a POST body with its line end', () => {
    assert.deepEqual(parseQueryOptions('$top=1&x=2\r\n'), {
      options: { top: 1 },
      aliases: new Map(),
      custom: new Map([['x', '2']]),
    });
  });
});

describe('$search', () => {
  for (const [text, expected] of searches) {
    it(`${text} is ${expected}`, () => {
      if (expected === 'error') {
        assert.throws(() => parseSearch(text), GatewayError);
      } else {
        assert.equal(printSearch(parseSearch(text)), expected);
      }
    });
  }

  it('an encoded semicolon is part of a word, one in quotes too', () => {
    assert.deepEqual(parseODataUri('S?$search=a%3Bb').options.search, { kind: 'Word', at: 0, text: 'a;b' });
    assert.deepEqual(parseODataUri('S?$search="a;b"').options.search, { kind: 'Phrase', at: 0, text: 'a;b' });
  });
});

describe('$apply', () => {
  it('reads every transformation of the tree', () => {
    const text =
      'filter(A eq 1)/compute(A add 1 as B)/groupby((C,D/E,rollup($all,F,G)),aggregate(H with sum as I,$count as J,' +
      'K/$count as L,M/N with countdistinct as O,P from Q with average as R,Custom))/topcount(2,I)/orderby(I desc)/' +
      'skip(1)/top(2)/search(x)/concat(identity,expand(N,filter(A eq 2)))/Ns.own(x=1)';
    const found = parseApply(text);
    assert.deepEqual(
      found.map((one) => one.kind),
      [...['filter', 'compute', 'groupby', 'ranked', 'orderby', 'skip', 'top', 'search', 'concat', 'other']],
    );
    const groupby = found[2];
    assert.ok(groupby?.kind === 'groupby');
    assert.deepEqual(withoutOffsets(groupby.properties), [
      { kind: 'path', path: ['C'] },
      { kind: 'path', path: ['D', 'E'] },
      { kind: 'rollup', all: true, paths: [['F'], ['G']] },
    ]);
    const aggregate = groupby.transformations[0];
    assert.ok(aggregate?.kind === 'aggregate');
    const items = aggregate.items.map((one) => [
      one.expression === null ? `#${one.countPath.join('/')}` : compact(one.expression),
      one.method,
      one.from.map((from) => `${from.path.join('/')} ${from.method}`).join(),
      one.alias,
    ]);
    assert.deepEqual(items, [
      ['H', 'sum', '', 'I'],
      ['#', null, '', 'J'],
      ['#K', null, '', 'L'],
      ['M/N', 'countdistinct', '', 'O'],
      ['P', null, 'Q average', 'R'],
      ['Custom', null, '', null],
    ]);
  });
});
