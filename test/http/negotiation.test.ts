import assert from 'node:assert/strict';
import { csvMediaType } from '../../src/csv/csv-format.ts';
import { GatewayError } from '../../src/errors.ts';
import { errorReply } from '../../src/http/reply/error-body.ts';
import { jsonMediaType, negotiateData, negotiateJson, negotiateMetadata } from '../../src/http/request/accept.ts';
import { preferences } from '../../src/http/request/prefer.ts';
import { powerQueryHeaders } from './power-query.ts';

const powerQueryAccept = powerQueryHeaders['Accept'];

const refusedWith = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

describe('http: negotiation of data', () => {
  const cases: readonly [string | undefined, string | undefined, string][] = [
    [powerQueryAccept, undefined, 'minimal'],
    [undefined, undefined, 'minimal'],
    ['', undefined, 'minimal'],
    ['*/*', undefined, 'minimal'],
    ['application/*', undefined, 'minimal'],
    ['application/json;odata.metadata=full', undefined, 'full'],
    ['application/json;metadata=none', undefined, 'none'],
    ['application/json;odata.metadata=full;q=0.5, application/json;odata.metadata=none', undefined, 'none'],
    ['application/json;odata.metadata=full;q=0.1, */*;q=0.9', undefined, 'minimal'],
    ['application/atom+xml, application/json;q=0.1', undefined, 'minimal'],
    ['application/json;odata.metadata=verbose, */*;q=0.1', undefined, 'minimal'],
    ['text/html', 'json', 'minimal'],
    ['application/xml', 'application/json;odata.metadata=full', 'full'],
    ['APPLICATION/JSON;ODATA.METADATA=FULL', undefined, 'full'],
  ];
  for (const [accept, format, metadata] of cases) {
    it(`Accept ${accept ?? '(none)'} $format ${format ?? '(none)'}: ${metadata}`, () =>
      assert.deepEqual(negotiateJson(accept, format), { metadata, ieee754Compatible: false }));
  }

  for (const accept of [
    'application/xml',
    'text/html, application/atom+xml',
    'application/json;q=0, */*',
    'application/json;odata.metadata=verbose',
    'application/json;charset=utf-16',
  ]) {
    it(`refuses ${accept} with 406`, () =>
      assert.throws(() => negotiateJson(accept, undefined), refusedWith('NotAcceptable')));
  }

  for (const format of ['xml', 'atom', 'csv', 'text/csv', '*/*', 'application/json;odata.metadata=verbose']) {
    it(`refuses $format=${format} with 406`, () =>
      assert.throws(() => negotiateJson(undefined, format), refusedWith('NotAcceptable')));
  }

  it('quotes long numbers only when asked', () => {
    const choice = negotiateJson('application/json;IEEE754Compatible=true', undefined);
    assert.deepEqual(choice, { metadata: 'minimal', ieee754Compatible: true });
    assert.match(jsonMediaType(choice), /^application\/json;odata\.metadata=minimal;.*IEEE754Compatible=true/);
  });
});

describe('http: negotiation of a collection', () => {
  /** The media type of the reply: of JSON only that it is JSON. */
  const chosen = (accept: string | undefined, format: string | undefined): string => {
    const choice = negotiateData(accept, format, { csv: true });
    return choice.kind === 'json' ? 'json' : csvMediaType(choice.csv);
  };
  const plain = 'text/csv;charset=utf-8;header=present';
  const cases: readonly [string | undefined, string | undefined, string][] = [
    [undefined, 'csv', plain],
    [undefined, 'CSV', plain],
    [undefined, 'text/csv', plain],
    ['application/json', 'csv', plain],
    ['text/csv', 'json', 'json'],
    ['text/csv', undefined, plain],
    ['text/csv;charset=utf-8', undefined, plain],
    ['text/csv, */*;q=0.1', undefined, plain],
    ['text/csv;q=0.5, application/json', undefined, 'json'],
    ['application/json;q=0.5, text/csv', undefined, plain],
    ['application/json;q=0, text/csv', undefined, plain],
    ['text/csv;odata.metadata=minimal', undefined, plain],
    [powerQueryAccept, undefined, 'json'],
    ['*/*', undefined, 'json'],
    [undefined, undefined, 'json'],
    ['text/csv;delimiter=pipe, application/json;q=0.5', undefined, 'json'],
    [undefined, 'csv;delimiter=semicolon', `${plain};delimiter=semicolon`],
    ['text/csv;delimiter=";"', undefined, `${plain};delimiter=semicolon`],
    [undefined, 'text/csv; Decimal=Comma', `${plain};delimiter=semicolon;decimal=comma`],
    [undefined, 'csv;delimiter=tab;decimal=comma', `${plain};delimiter=tab;decimal=comma`],
    [undefined, 'csv;header=absent', 'text/csv;charset=utf-8;header=absent'],
    [undefined, 'csv;bom=present;formulas=guarded', `${plain};bom=present;formulas=guarded`],
  ];
  for (const [accept, format, type] of cases) {
    it(`Accept ${accept ?? '(none)'} $format ${format ?? '(none)'}: ${type}`, () =>
      assert.equal(chosen(accept, format), type));
  }

  for (const format of [
    ...[
      'xml',
      'atom',
      'text/plain',
      'csvs',
      'csv;delimiter=pipe',
      'csv;decimal=comma;delimiter=comma',
      'csv;decimals=comma',
    ],
    ...['csv;header=no', 'csv;bom=yes', 'text/csv;charset=utf-16', 'csv;formulas=x'],
  ]) {
    it(`refuses $format=${format} and says what there is`, () =>
      assert.throws(
        () => negotiateData(undefined, format, { csv: true }),
        (error) =>
          refusedWith('NotAcceptable')(error) && /There are json \(.*\) and csv \(text\/csv, /.test(String(error)),
      ));
  }

  it('refuses CSV of what is no collection', () => {
    for (const [accept, format] of [
      ['text/csv', undefined],
      [undefined, 'csv'],
    ] as const) {
      assert.throws(
        () => negotiateData(accept, format, { csv: false }),
        /There is json \(.*\); csv is for collections\./,
      );
    }
  });
});

describe('http: negotiation of $metadata', () => {
  const cases: readonly [string | undefined, string | undefined, 'xml' | 'json'][] = [
    [powerQueryAccept, undefined, 'xml'],
    ['application/json;odata.metadata=minimal', undefined, 'xml'],
    ['*/*', undefined, 'xml'],
    [undefined, undefined, 'xml'],
    ['text/html', undefined, 'xml'],
    ['application/json', undefined, 'json'],
    ['application/json, application/xml;q=0.1', undefined, 'xml'],
    ['application/xml', 'json', 'json'],
    ['application/json', 'xml', 'xml'],
    [undefined, 'application/json', 'json'],
  ];
  for (const [accept, format, kind] of cases) {
    it(`Accept ${accept ?? '(none)'} $format ${format ?? '(none)'}: ${kind}`, () =>
      assert.equal(negotiateMetadata(accept, format), kind));
  }
});

describe('http: Prefer', () => {
  const none = {
    maxPageSize: null,
    omitNulls: false,
    trackChanges: false,
    respondAsync: false,
    continueOnError: null,
    wait: null,
  };
  it('knows names with and without odata. and ignores the rest', () => {
    assert.deepEqual(preferences(undefined), none);
    assert.deepEqual(preferences('odata.maxpagesize=50, foo; bar=1, odata.include-annotations="*"'), {
      ...none,
      maxPageSize: 50,
    });
    assert.deepEqual(preferences('MaxPageSize=7,maxpagesize=9;x=y'), { ...none, maxPageSize: 7 });
    assert.deepEqual(
      preferences('omit-values=nulls, respond-async, odata.track-changes, odata.continue-on-error, wait=5'),
      {
        maxPageSize: null,
        wait: 5,
        omitNulls: true,
        trackChanges: true,
        respondAsync: true,
        continueOnError: true,
      },
    );
  });
  for (const header of [
    'odata.maxpagesize=0',
    'odata.maxpagesize=-1',
    'odata.maxpagesize=many',
    'omit-values=defaults',
  ]) {
    it(`ignores ${header}`, () => assert.deepEqual(preferences(header), none));
  }
});

describe('http: error bodies', () => {
  it('say code, message, target and remedy', () => {
    const reply = errorReply(new GatewayError('UnknownProperty', 'No X', { target: '$filter', offset: 3 }), 'r1');
    assert.equal(reply.status, 400);
    assert.deepEqual(JSON.parse(reply.body), {
      error: {
        code: 'UnknownProperty',
        message: 'No X',
        target: '$filter',
        details: [{ code: 'remedy', message: 'Use a property that $metadata declares for this type.' }],
        '@gateway.offset': 3,
      },
    });
  });
  it('never tell a defect to the client', () => {
    const reply = errorReply(new TypeError('secret detail'), 'r2');
    assert.equal(reply.status, 500);
    assert.ok(!reply.body.includes('secret'));
    assert.ok(reply.body.includes('r2'));
  });
});
