import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { fileNameFault } from '../../src/ingest/delivery/file-name.ts';

/** Whatever a terminal would make of it. */
const shown = (name: string): string =>
  JSON.stringify(name.slice(0, 20)).replace(
    /[^ -~]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

describe('Names that somebody else gave a file', () => {
  const faults: readonly (readonly [name: string, fault: RegExp])[] = [
    ['', /is none/],
    ['.', /is none/],
    ['..', /is none/],
    ['a/b.csv', /slash/],
    ['a\\b.csv', /backslash/],
    ['../cases.csv', /slash/],
    ['.cases.csv', /hidden/],
    ['a\nb.csv', /control/],
    ['a\u0000.csv', /control/],
    ['a\u0085.csv', /control/],
    ['a\u2028.csv', /control/],
    ['a\ud83d.csv', /half a character/],
    ['\ude00a.csv', /half a character/],
    ['x'.repeat(256), /longer than 255 bytes/],
    [`${'é'.repeat(127)}ab`, /longer than 255 bytes/],
  ];
  for (const [name, fault] of faults) {
    it(`are refused where they are more than one file or one line: ${shown(name)}`, () => {
      assert.match(fileNameFault(name) ?? '', fault);
    });
  }

  it('are taken where they are one: dots inside, blanks, emoji, any script', () => {
    for (const name of [
      'a..b.csv',
      'two words.csv',
      'día 😀.csv',
      '报告.csv',
      'x'.repeat(255),
      '-rf',
      "it's 50%.csv",
    ]) {
      assert.equal(fileNameFault(name), null, name);
    }
  });

  it('that are taken stay below whatever folder they are put into, and on one line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a./\\ \0\n\u0085\u2028:é😀', '\ud83d', '\ude00'), maxLength: 6 }),
        (name) => {
          if (fileNameFault(name) === null) {
            assert.equal(path.dirname(path.resolve('/in', name)), '/in');
            assert.equal(JSON.stringify(name).includes('\\u'), false);
            assert.equal(Buffer.from(name).toString(), name);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
