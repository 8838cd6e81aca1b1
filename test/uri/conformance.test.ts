import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { GatewayError } from '../../src/errors.ts';
import { parseExpression, parseODataUri, parseQueryOptions, parseResourcePath } from '../../src/uri/parse-uri.ts';
import type { LiteralType } from '../../src/uri/syntax.ts';

/** The OASIS ABNF test cases; they lie beside the repository and are not copied into it. */
const casesFile = new URL('../../../shared/conformance/abnf-cases.json', import.meta.url);

interface Case {
  readonly name: string;
  readonly rule: string;
  readonly input: string;
  readonly valid: boolean;
}

const decoded = (text: string): unknown => parseExpression(decodeURIComponent(text));
const literal =
  (type: LiteralType, wrap = (text: string): string => text) =>
  (text: string): void => {
    const found = parseExpression(wrap(decodeURIComponent(text)));
    if (found.kind !== 'Literal' || found.type !== type) {
      throw new GatewayError('UriSyntax', `${text} is a ${found.kind}, not a ${type}`);
    }
  };
/** The value rules describe payload text, which is not percent-encoded. */
const plain = (type: LiteralType): ((text: string) => void) => {
  const read = literal(type);
  return (text) => read(encodeURIComponent(text));
};

const number = (text: string): void => {
  const found = parseExpression(decodeURIComponent(text));
  assert.ok(found.kind === 'Literal' && ['integer', 'decimal', 'double'].includes(found.type), text);
};

const serviceRoot =
  /^https?:\/\/(?:host\/service\/|serviceRoot\/|services\.odata\.org\/OData\/OData\.svc\/|[^/]+\/MyService\/)/;

/** Entry function for each rule of the grammar. */
const entries: Readonly<Record<string, (text: string) => unknown>> = {
  odataUri: (text) => parseODataUri(text.replace(serviceRoot, '')),
  odataRelativeUri: (text) => parseODataUri(text),
  resourcePath: (text) => parseResourcePath(text),
  entitySetName: (text) => parseResourcePath(text),
  odataIdentifier: (text) => parseResourcePath(text),
  functionParameter: (text) => parseResourcePath(`F(${text})`),
  anyExpr: (text) => decoded(`Nav/${text}`),
  date: literal('date'),
  boolean: literal('boolean'),
  guid: literal('guid'),
  dateTimeOffsetValueInUrl: literal('dateTimeOffset'),
  dateTimeOffsetValue: plain('dateTimeOffset'),
  timeOfDayLiteral: literal('timeOfDay'),
  timeOfDayValue: plain('timeOfDay'),
  stringLiteral: literal('string'),
  durationLiteral: literal('duration', (text) => `duration${text}`),
  durationValue: literal('duration', (text) => `duration'${text}'`),
  binaryLiteral: literal('binary'),
  enumLiteral: (text) => decoded(text),
  enumValue: literal('enum', (text) => `Ns.Type'${text}'`),
  primitiveValue: (text) => parseExpression(`geography'${text}'`),
  ...Object.fromEntries(
    ['decimalValue', 'decimalLiteral', 'doubleValue', 'sbyteLiteral', 'int32Value', 'int64Value'].map((rule) => [
      rule,
      number,
    ]),
  ),
  ...Object.fromEntries(
    ['commonExpr', 'boolCommonExpr', 'firstMemberExpr', 'propertyPathExpr', 'primitiveLiteral', 'isofExpr']
      .concat(['Point', 'MultiPoint', 'MultiPolygon'].map((shape) => `geography${shape}`))
      .concat(['Point', 'LineString', 'MultiPoint', 'MultiPolygon'].map((shape) => `geometry${shape}`))
      .map((rule) => [rule, decoded]),
  ),
  ...Object.fromEntries(
    ['queryOptions', 'filter', 'orderby', 'select', 'expand', 'search', 'compute', 'deltatoken', 'skiptoken']
      .concat(['customQueryOption', 'systemQueryOption'])
      .map((rule) => [rule, (text: string) => parseQueryOptions(text)]),
  ),
};

/** Cases that a parser without a model cannot decide as the suite does, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'Categories(1)/Address/$value': 'only the model knows that Address is complex',
  'Categories(1)/Thumbnail/$value': 'only the model knows that Thumbnail is a stream',
  '$apply=groupby((Product/Price/Quantity))': 'only the model knows that Price is primitive',
  '$apply=join(ShipTo as Detail,identity)': 'only the model knows that ShipTo is single-valued',
  '$skiptoken=Not&this': "'this' is a custom query option; the case is about the text of one option",
  '$format=json&$Format=atom&$format=xml&$format=text/html': 'the protocol allows an option once in a URL',
  '$filter= true': 'blanks before a value are taken: .NET clients write them',
  'http//My.Org/': 'the service root is not read by this parser',
  '$metadata#Customers(Address,Orders)': 'a fragment is not sent to a server',
  '$metadata#Sales(Total)': 'a fragment is not sent to a server',
  '$metadata#Products(Sales(TaxRate))': 'a fragment is not sent to a server',
  '$metadata#Products(ID,Self.DigitalProduct/Region)': 'a fragment is not sent to a server',
};

type Outcome = 'accepted' | '501' | 'refused';

function outcome({ rule, input }: Case): Outcome {
  const entry = entries[rule];
  assert.ok(entry !== undefined, `no entry function for the rule ${rule}`);
  try {
    entry(input);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
    assert.ok(
      ['UriSyntax', 'InvalidOption', 'UnknownOption', 'NotImplemented'].includes(error.code),
      `${error.code}: ${error.message}`,
    );
    return error.code === 'NotImplemented' ? '501' : 'refused';
  }
}

describe('OASIS OData ABNF test cases', () => {
  let cases: Case[] = [];

  before(function () {
    if (!existsSync(casesFile)) {
      console.log('      skipped: the OASIS cases are not beside this repository (shared/conformance/abnf-cases.json)');
      this.skip();
    }
    const read: { cases: Case[] } = JSON.parse(readFileSync(casesFile, 'utf8'));
    cases = read.cases;
  });

  it('are decided as the suite says, all rules covered', () => {
    const wrong: string[] = [];
    const figures = { accepted: 0, '501': 0, refused: 0, exceptions: 0 };
    for (const one of cases) {
      if (exceptions[one.input] !== undefined) {
        figures.exceptions += 1;
        continue;
      }
      const found = outcome(one);
      figures[found] += 1;
      if (one.valid !== (found !== 'refused')) {
        wrong.push(`${one.rule}: ${one.input} is ${one.valid ? 'valid' : 'invalid'}, yet ${found}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(figures, { accepted: 361, '501': 75, refused: 45, exceptions: 12 });
  });
});
