import assert from 'node:assert/strict';
import axios from 'axios';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { parseODataUri, parseQueryOptions } from '../../src/uri/parse-uri.ts';
import { print, withoutOffsets } from './print.ts';
import { anyExpression } from './random-trees.ts';

/** What a query became: its system options, or the code of the error. */
export function outcome(query: string): unknown {
  try {
    return parseODataUri(`Set?${query}`).options;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error.code;
  }
}

const optionNames = [
  'filter',
  'orderby',
  'select',
  'expand',
  'compute',
  'search',
  'apply',
  'top',
  'skip',
  'count',
].concat([
  'format',
  'skiptoken',
  'deltatoken',
  'schemaversion',
  'id',
  'index',
  'levels',
  'at',
  'from',
  'to',
  'toInclusive',
]);

const noise = fc.constantFrom(
  ...[
    ' ',
    '\t',
    '\r\n',
    '\n',
    '\u00a0',
    '\u2003',
    '\u200b',
    '\ufeff',
    '\u00ad',
    '\\',
    '&',
    '&amp;',
    'amp;',
    '&#38;',
    '?',
    ';',
    '"',
    "'",
  ],
);
const encode = (text: string, times: number): string =>
  Array.from({ length: times }).reduce<string>((one) => encodeURIComponent(one), text);
/** Every character of the name of an option, with noise before, within and behind it, encoded up to three times. */
const disguised = fc
  .record({
    name: fc.constantFrom(...optionNames),
    dollar: fc.constantFrom('$', '', '%24', '&#36;', '\uff04'),
    upper: fc.boolean(),
    before: fc.array(noise, { maxLength: 2 }),
    behind: fc.array(noise, { maxLength: 2 }),
    within: fc.option(
      noise.filter((one) => /^[\s\\\u200b\u00ad]+$/.test(one)),
      { nil: '' },
    ),
    at: fc.nat(4),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ name, dollar, upper, before, behind, within, at, times }) => {
    const cased = upper ? name.toUpperCase() : name;
    const inner = `${cased.slice(0, at % cased.length)}${within}${cased.slice(at % cased.length)}`;
    return encode(`${before.join('')}${dollar}${inner}${behind.join('')}`, times);
  });

/** C1: no name that becomes a system option without blanks, line ends, escapes and entities is ignored. */
export function noDisguisedNameIsIgnored(numRuns: number): void {
  fc.assert(
    fc.property(disguised, fc.constantFrom('1', 'A eq 1', 'A', ''), (name, value) => {
      const found = outcome(`${name}=${encodeURIComponent(value)}`);
      assert.ok(typeof found === 'string' || Object.keys(found as object).length === 1, `${name} was ignored`);
    }),
    { numRuns },
  );
}

/** C5: a query says the same whether `URLSearchParams`, axios or encodeURIComponent wrote it; of axios it may be ambiguous. */
export function formsSayTheSame(numRuns: number): void {
  const read = (query: string): unknown => {
    try {
      return withoutOffsets(parseQueryOptions(query).options);
    } catch (error) {
      return String(error);
    }
  };
  let ambiguous = 0;
  fc.assert(
    fc.property(anyExpression, fc.string({ unit: 'grapheme' }), fc.boolean(), (tree, text, alone) => {
      // The sign of a phone number: nobody looks for a blank before a digit.
      fc.pre(!/(?:^|['"]) \d/.test(text));
      const quoted = `'${text.replaceAll("'", "''")}'`;
      const filter = alone ? `contains(T,${quoted})` : `${print(tree)} and T ne ${quoted}`;
      const params: Record<string, string> = alone
        ? { $filter: filter }
        : { $filter: filter, $orderby: 'A desc', $top: '3' };
      const strict = read(
        Object.entries(params)
          .map((pair) => pair.map(encodeURIComponent).join('='))
          .join('&'),
      );
      assert.deepEqual(read(new URLSearchParams(params).toString()), strict);
      const fromAxios = read(axios.getUri({ url: '', params }).replace(/^\?/, ''));
      if (String(fromAxios).includes('may be a plus sign')) {
        ambiguous += 1;
      } else {
        assert.deepEqual(fromAxios, strict);
      }
    }),
    { numRuns },
  );
  assert.ok(ambiguous < numRuns / 2, `${ambiguous} of ${numRuns} are ambiguous`);
}
