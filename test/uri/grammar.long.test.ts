import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { parseQueryOptions } from '../../src/uri/parse-uri.ts';
import { print } from './print.ts';
import { anyExpression } from './random-trees.ts';

/** The OASIS grammar of OData 4.0 errata 02, as an installed package carries it. */
const grammarFile = new URL('../../node_modules/odata-v4-parser/odata-v4.abnf', import.meta.url);

interface ApgApi {
  readonly errors: readonly unknown[];
  generate(): void;
  toObject(): object;
}
interface Apg {
  readonly apgApi: new (grammar: string) => ApgApi;
  readonly apgLib: {
    readonly parser: new () => { parse(grammar: object, rule: string, text: string): { success: boolean } };
  };
}

const starts: readonly (readonly [rule: string, text: string])[] = [
  ['filter', "$filter=A eq 1 and not (B lt 2.5 or contains(Name,'O''Neil'))"],
  ['filter', '$filter=Items/any(i:i/A gt 1 and $it/B eq null) or D ge 2021-02-03T04:05:06.123Z'],
  ['filter', "$filter=A add 1 mul -B eq cast(C,Edm.Int32) and E has Ns.T'X,Y'"],
  ['filter', "$filter=round(A sub 0.5) eq 3 or duration'PT1H' gt F or G eq 01234567-89ab-cdef-0123-456789abcdef"],
  ['orderby', '$orderby=A desc,tolower(B),C/D asc'],
  ['expand', '$expand=A($select=X,Y;$expand=B/$ref;$filter=P eq 1),C/$count($filter=Q eq 2),*($levels=max)'],
  ['select', '$select=A,B/C,Ns.T/D,*'],
  ['search', '$search=a%20b%20OR%20NOT%20%22c%20d%22'],
  ['top', '$top=5'],
  ['inlinecount', '$count=true'],
];
const pieces = [
  '(',
  ')',
  "'",
  "''",
  ' ',
  ' and ',
  ' or ',
  'not ',
  ' eq ',
  ' in ',
  '-',
  '+',
  '.',
  ',',
  ';',
  ':',
  '/',
  '$',
  '@',
  '=',
  '*',
  '0',
  '9',
  'e',
  'T',
  'Z',
  'null',
  'true',
  'A',
  'x/',
  '1',
  '%20',
  '%27',
  '%2B',
];

describe('the OASIS grammar as an oracle', () => {
  let accepts: (rule: string, text: string) => boolean = () => false;

  before(function () {
    if (!existsSync(grammarFile)) {
      console.log('      skipped: the package odata-v4-parser with the grammar is not installed');
      this.skip();
    }
    const { apgApi, apgLib }: Apg = createRequire(import.meta.url)('apg-js');
    const api = new apgApi(`${readFileSync(grammarFile, 'utf8').replace(/\r?\n/g, '\r\n')}\r\n`);
    api.generate();
    assert.deepEqual(api.errors, []);
    const grammar = api.toObject();
    accepts = (rule, text) => new apgLib.parser().parse(grammar, rule, text).success;
    assert.ok(accepts('filter', "$filter=A eq 'x'"), 'the grammar works');
    assert.ok(!accepts('filter', '$filter=A eq'), 'the grammar refuses');
  });

  /** Ranges that the grammar leaves to prose. */
  const beyondGrammar =
    /does not exist|arguments of|a duration such as|base64|too large|not valid UTF-8|U\+0000|may be a plus sign/;

  /** Without name constraints the grammar takes `not` for a property and `contains` for a function of the model. */
  const reservedNames =
    /\bnot(?: |%20)*(?:$|[),/;]|(?:or|and|eq|ne|lt|le|gt|ge|has|add|sub|mul|div|mod|asc|desc)\b)|\b(?:contains|tolower|round|cast)\([A-Za-z0-9]*=/i;

  function mustAccept(text: string): void {
    try {
      parseQueryOptions(text);
    } catch (error) {
      assert.ok(error instanceof GatewayError, String(error));
      const excused = error.code === 'NotImplemented' || beyondGrammar.test(error.message);
      assert.ok(excused, `the grammar accepts ${text}, yet: ${error.code} ${error.message}`);
    }
  }

  it('whatever the 4.0 grammar accepts is accepted, or is 501', () => {
    let agreed = 0;
    const edit = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', ...pieces));
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.array(edit, { maxLength: 3 }), ([rule, start], edits) => {
        const body = start.indexOf('=') + 1;
        const text = edits.reduce((current, [position, removed, inserted]) => {
          const at = body + (position % (current.length - body + 1));
          return current.slice(0, at) + inserted + current.slice(at + removed);
        }, start);
        if (/^[\x20-\x7e]*$/.test(text) && !reservedNames.test(text) && accepts(rule, text)) {
          agreed += 1;
          mustAccept(text);
        }
      }),
      { numRuns: 20_000 },
    );
    console.log(`      ${agreed} mutated texts accepted by both`);
    assert.ok(agreed > 1000, `${agreed} texts were compared`);
  });

  it('random trees that the 4.0 grammar accepts are accepted', () => {
    let agreed = 0;
    fc.assert(
      fc.property(anyExpression, (tree) => {
        const text = `$filter=${print(tree)}`;
        if (
          /^[\x20-\x7e]*$/.test(text) &&
          !/[#&%]/.test(text) &&
          !reservedNames.test(text) &&
          accepts('filter', text)
        ) {
          agreed += 1;
          mustAccept(text);
        }
      }),
      { numRuns: 3000 },
    );
    console.log(`      ${agreed} random trees accepted by both`);
    assert.ok(agreed > 100, `${agreed} trees were compared`);
  });
});
