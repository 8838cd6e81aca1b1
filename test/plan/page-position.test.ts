import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { queryFingerprint } from '../../src/plan/bind/fingerprint.ts';
import type { PagePosition, ReadPlan } from '../../src/plan/model/read-plan.ts';
import {
  decodeDeltaToken,
  decodePagePosition,
  decodeRemovedPosition,
  encodeDeltaToken,
  encodePagePosition,
  encodeRemovedPosition,
} from '../../src/plan/position/page-position.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { bindText, outcome } from './bind-text.ts';

const positions = fc
  .tuple(
    fc.array(fc.option(fc.string({ unit: 'grapheme' })), { maxLength: 5 }),
    fc.bigInt({ min: 0n, max: 9223372036854775807n }),
    fc.option(fc.nat()),
  )
  .map(([values, rowId, remaining]): PagePosition => ({ values, rowId: String(rowId), remaining }));

const fingerprintOf = (url: string): string => queryFingerprint(parseODataUri(url));

/** The URL of the page after `position`, as http makes it. */
function nextUrl(url: string, position: PagePosition): string {
  return `${url}${url.includes('?') ? '&' : '?'}$skiptoken=${encodePagePosition(position, fingerprintOf(url))}`;
}

function afterOf(plan: ReadPlan): PagePosition | null {
  assert.equal(plan.kind, 'Collection');
  return plan.kind === 'Collection' ? plan.after : null;
}

describe('page position', () => {
  it('every position comes back as it was, in characters that a URL takes as they are', () => {
    fc.assert(
      fc.property(positions, fc.string(), (position, fingerprint) => {
        const token = encodePagePosition(position, fingerprint);
        assert.match(token, /^[A-Za-z0-9_-]+$/);
        assert.deepEqual(decodePagePosition(token, fingerprint), position);
      }),
    );
  });

  it('every delta token comes back as it was, save one that says nothing', () => {
    const version = fc.option(fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }));
    fc.assert(
      fc.property(
        fc.record({ since: version, start: version, epoch: fc.string() }, { noNullPrototype: true }),
        (token) => {
          const text = encodeDeltaToken(token, 'f');
          if (token.since !== null || token.start !== null) {
            assert.deepEqual(decodeDeltaToken(text, 'f'), token);
          } else {
            assert.throws(() => decodeDeltaToken(text, 'f'), /damaged/);
          }
        },
      ),
    );
  });

  it('every position among removed rows comes back as it was, and is no position among others', () => {
    const number = fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n });
    const removed = fc.record(
      { part: fc.constantFrom('gone', 'left'), version: number, row: number },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(removed, (position) => {
        const token = encodeRemovedPosition(position, 'f');
        assert.deepEqual(decodeRemovedPosition(token, 'f'), position);
        assert.throws(() => decodeRemovedPosition(token, 'g'), /another query/);
        assert.throws(() => decodePagePosition(token, 'f'), /damaged/);
        assert.throws(() => decodeDeltaToken(token, 'f'), /damaged/);
      }),
    );
    const row = encodePagePosition({ values: [], rowId: '1', remaining: null }, 'f');
    assert.equal(decodeRemovedPosition(row, 'f'), null);
    for (const fields of [
      ['r', 'f', 'else', '1', '1'],
      ['r', 'f', 'gone', '1 OR 1=1', '1'],
      ['r', 'f', 'gone', '1', '-1'],
      ['r', 'f', 'gone', '1', '1', '1'],
      ['r', 'f', 'gone', '1'],
    ]) {
      assert.throws(() => decodeRemovedPosition(btoaOf(JSON.stringify(fields)), 'f'), /damaged/);
    }
  });

  it('anything else is InvalidSkipToken', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(btoaOf)), (token) => {
        for (const decode of [decodePagePosition, decodeDeltaToken]) {
          assert.throws(
            () => decode(token, 'f'),
            (error) => error instanceof GatewayError && error.code === 'InvalidSkipToken',
          );
        }
      }),
    );
  });

  it('a token of one kind is not one of the other', () => {
    const position = encodePagePosition({ values: [], rowId: '1', remaining: null }, 'f');
    assert.throws(() => decodeDeltaToken(position, 'f'), /damaged/);
    assert.throws(
      () => decodePagePosition(encodeDeltaToken({ since: 1n, start: null, epoch: 'e' }, 'f'), 'f'),
      /damaged/,
    );
  });

  it('fills `after`; $skip is over, $top is what remains', () => {
    const url = 'Cases?$orderby=Opened desc,Title&$top=500&$skip=20'.replaceAll(' ', '%20');
    const position = { values: ['2024-01-01 10:00:00.5+00', null], rowId: '17', remaining: 300 };
    const plan = bindText(nextUrl(url, position));
    assert.deepEqual(afterOf(plan), position);
    assert.equal(plan.kind === 'Collection' && plan.restriction.top, 300);
    assert.equal(plan.kind === 'Collection' && plan.restriction.skip, null);
  });

  it('holds without $top and $skip, and with another $select', () => {
    const position = { values: ['x'], rowId: '17', remaining: 3 };
    const token = encodePagePosition(position, fingerprintOf('Cases?$orderby=Title&$top=9&$skip=2'));
    assert.deepEqual(afterOf(bindText(`Cases?$orderby=Title&$select=Id&$skiptoken=${token}`)), position);
  });

  for (const other of [
    'Agents',
    'Cases?$orderby=Title%20desc',
    'Cases?$orderby=Title&$filter=Open',
    'Cases?$orderby=Title&$search=x',
    'Cases/$filter(Open)?$orderby=Title',
    'Cases?$orderby=Title&$apply=filter(Open)',
  ]) {
    it(`is refused for another query: ${other}`, () => {
      const token = encodePagePosition(
        { values: ['x'], rowId: '1', remaining: null },
        fingerprintOf('Cases?$orderby=Title'),
      );
      const url = `${other}${other.includes('?') ? '&' : '?'}$skiptoken=${token}`;
      assert.equal(outcome(url), 'InvalidSkipToken: $skiptoken: the token belongs to another query.');
    });
  }

  it('is refused where an alias has another value', () => {
    const token = encodePagePosition(
      { values: [], rowId: '1', remaining: null },
      fingerprintOf("Cases?$filter=Title eq @t&@t='a'"),
    );
    assert.match(outcome(`Cases?$filter=Title eq @t&@t='b'&$skiptoken=${token}`), /another query/);
  });

  const forged: readonly (readonly [string, string])[] = [
    ['Id', "1'; DROP TABLE x; --"],
    ['Id', '1.5'],
    ['Amount', '1e5'],
    ['Rate', 'Infinite'],
    ['Open', 'true'],
    ['Opened', '2024-01-01T10:00:00Z'],
    ['Due', 'infinity'],
    ['At', '25'],
    ['Took', '1 day'],
    ['Ref', 'x'],
    ['Photo', '\\xABC'],
  ];
  for (const [property, value] of forged) {
    it(`refuses a value that is not of its key's type: ${property} ${value}`, () => {
      const url = `Cases?$orderby=${property}`;
      const text = outcome(nextUrl(url, { values: [value], rowId: '1', remaining: null }));
      assert.equal(text, 'InvalidSkipToken: $skiptoken: the token belongs to another order.');
    });
  }

  const printed: readonly (readonly [string, string])[] = [
    ['Id', '-9223372036854775808'],
    ['Amount', '-1234567890123456789012.50'],
    ['Rate', '1.7976931348623157e+308'],
    ['Rate', '-Infinity'],
    ['Ratio', 'NaN'],
    ['Open', 't'],
    ['Opened', '2024-01-01 10:00:00.123456+00'],
    ['Due', '2024-01-01'],
    ['At', '10:00:00.5'],
    ['Took', 'P1DT-2H3M-4.5S'],
    ['Took', 'PT0S'],
    ['Ref', '0a1b2c3d-0000-0000-0000-00000000abcd'],
    ['Photo', '\\x00ff'],
    ['Title', "any'thing\\ at all"],
  ];
  for (const [property, value] of printed) {
    it(`takes what COPY prints: ${property} ${value}`, () => {
      const position = { values: [value], rowId: '1', remaining: null };
      assert.deepEqual(afterOf(bindText(nextUrl(`Cases?$orderby=${property}`, position))), position);
    });
  }

  it('refuses too few values and a row id that is none', () => {
    const url = 'Cases?$orderby=Title';
    assert.match(outcome(nextUrl(url, { values: [], rowId: '1', remaining: null })), /^InvalidSkipToken/);
    assert.match(outcome(nextUrl(url, { values: ['x'], rowId: '', remaining: null })), /^InvalidSkipToken/);
    assert.match(outcome(nextUrl(url, { values: ['x'], rowId: '1 OR 1=1', remaining: null })), /^InvalidSkipToken/);
  });

  it('of a crossjoin: one row id for each set', () => {
    const url = '$crossjoin(Agents,Cases)';
    const plan = bindText(nextUrl(url, { values: ['3'], rowId: '4', remaining: 7 }));
    assert.deepEqual(plan.kind === 'Crossjoin' && plan.after, ['3', '4']);
    assert.equal(plan.kind === 'Crossjoin' && plan.restriction.top, 7);
    assert.match(outcome(nextUrl(url, { values: [], rowId: '4', remaining: 7 })), /^InvalidSkipToken/);
    assert.match(outcome(nextUrl(url, { values: ["'"], rowId: '4', remaining: 7 })), /^InvalidSkipToken/);
  });

  it('of a proxied set is left to the upstream', () => {
    assert.equal(afterOf(bindText('Tags?$skiptoken=whatever%20it%20is')), null);
  });

  it('delta token: the version of a tracked set, of this query only', () => {
    const url = 'Cases?$filter=Open';
    const token = encodeDeltaToken({ since: 42n, start: null, epoch: 'e' }, fingerprintOf(url));
    const plan = bindText(`${url}&$deltatoken=${token}`);
    assert.equal(plan.kind === 'Collection' && plan.since, 42n);
    assert.match(outcome(`Cases?$deltatoken=${token}`), /^InvalidSkipToken: .* another query/);
  });

  it('pages of a delta: changed rows up to the version of the first page, then removed rows', () => {
    const url = 'Cases?$filter=Open';
    const f = fingerprintOf(url);
    const delta = (since: bigint | null, start: bigint | null) =>
      `${url}&$deltatoken=${encodeDeltaToken({ since, start, epoch: 'e' }, f)}`;
    const window = (text: string): unknown => {
      const plan = bindText(text);
      return plan.kind === 'Collection' ? [plan.since, plan.until, plan.after, plan.removedAfter] : plan.kind;
    };
    const after = { values: [], rowId: '7', remaining: null };
    const page = `&$skiptoken=${encodePagePosition(after, f)}`;
    assert.deepEqual(window(delta(4n, null)), [4n, null, null, null]);
    assert.deepEqual(window(`${delta(4n, 6n)}${page}`), [4n, 6n, after, null]);
    assert.deepEqual(window(`${delta(null, 6n)}${page}`), [null, undefined, after, undefined]);
    const removed = { part: 'left', version: 5n, row: 3n } as const;
    const token = `&$skiptoken=${encodeRemovedPosition(removed, f)}`;
    assert.deepEqual(window(`${delta(4n, 6n)}${token}`), [4n, 6n, null, removed]);
    for (const other of [url, delta(null, 6n), delta(4n, null)]) {
      assert.match(outcome(`${other}${token}`), /^InvalidSkipToken/, 'only a delta on its way has removed rows');
    }
  });
});

function btoaOf(text: string): string {
  return Buffer.from(text).toString('base64url');
}

describe('query fingerprint', () => {
  const same: readonly (readonly [string, string])[] = [
    ['Cases?$filter=Open', 'Cases?$filter=(Open)&$top=5'],
    ['Cases?$filter=Open&$orderby=Id', 'Cases?$orderby=Id%20asc&filter=Open&$select=Id'],
  ];
  for (const [one, other] of same) {
    it(`${one} as ${other}`, () => assert.equal(fingerprintOf(one), fingerprintOf(other)));
  }

  it('of different queries is different', () => {
    const queries = [
      'Cases',
      'Agents',
      'Cases(1)/Children',
      'Cases(2)/Children',
      'Cases?$filter=Open',
      'Cases?$filter=not Open',
      "Cases?$filter=Title eq 'ab' and Title eq 'c'",
      "Cases?$filter=Title eq 'a' and Title eq 'bc'",
      'Cases?$filter=Id eq 1 or Id eq 2 and Id eq 3',
      'Cases?$filter=(Id eq 1 or Id eq 2) and Id eq 3',
      'Cases?$search=a b',
      'Cases?$search="a b"',
      'Cases?$orderby=Id,Title',
      'Cases?$orderby=Title,Id',
      'Cases?$orderby=Id desc',
      'Cases?$filter=Id in (1,2)',
      'Cases?$filter=Id in (1,2,3)',
      'Cases?$compute=Id add 1 as X',
      'Cases?$apply=filter(Open)',
      'Cases?$filter=Id eq @p&@p=1',
      'Cases?$filter=Id eq @p&@p=2',
    ].map((url) => fingerprintOf(url.replaceAll(' ', '%20')));
    assert.equal(new Set(queries).size, queries.length);
  });

  it('of the longest chain that the parser takes', () => {
    assert.match(fingerprintOf(`Cases?$filter=${Array(1700).fill('1').join('%20or%20')}`), /^[0-9a-f]{16}$/);
  });
});
