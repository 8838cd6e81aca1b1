import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseExpression, parseODataUri, parseSearch } from '../../src/uri/parse-uri.ts';
import { print, printSearch, withoutOffsets } from './print.ts';
import { anyExpression, anySearch } from './random-trees.ts';

describe('print, then parse', () => {
  it('gives the same expression tree back', () => {
    fc.assert(
      fc.property(anyExpression, (tree) => {
        assert.deepEqual(withoutOffsets(parseExpression(print(tree))), withoutOffsets(tree));
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the same tree back through a percent-encoded URL', () => {
    fc.assert(
      fc.property(anyExpression, (tree) => {
        const encoded = encodeURIComponent(print(tree));
        const { options } = parseODataUri(`Set?%24top=1&%24filter=${encoded}`, { urlLength: 100_000 });
        assert.deepEqual(withoutOffsets(options.filter), withoutOffsets(tree));
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same search tree back', () => {
    fc.assert(
      fc.property(anySearch, (tree) => {
        assert.deepEqual(withoutOffsets(parseSearch(printSearch(tree))), withoutOffsets(tree));
      }),
      { numRuns: 1000 },
    );
  });
});
