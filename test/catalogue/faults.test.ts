import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { loadCatalogue, requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { GatewayError } from '../../src/errors.ts';

/** Milliseconds that a pattern without an end is tried for; a sound one takes microseconds. */
const patience = 250;
const corpus = new URL('faults/', import.meta.url).pathname;

/** Broken metadata folders, each with the faults that must be told, all of them, in `expected.txt`. */
describe('faults of metadata files', () => {
  for (const name of readdirSync(corpus)) {
    it(`${name}: every fault is told with file, line, place and remedy`, () => {
      const { catalogue, faults } = loadCatalogue(`${corpus}${name}`, {}, patience);
      const expected = readFileSync(`${corpus}${name}/expected.txt`, 'utf8').trimEnd().split('\n');
      assert.deepEqual(faults.map(faultText), expected);
      assert.equal(catalogue, null);
      for (const fault of faults) {
        assert.match(fault.message, /[.]$/);
        assert.match(fault.remedy, /[.]$/);
        assert.ok(fault.line !== null || fault.path.length === 0);
      }
    });
  }

  it('stop the start with one error that lists them all', () => {
    assert.throws(
      () => requireCatalogue(`${corpus}references`, {}),
      (error: unknown) =>
        error instanceof GatewayError && error.code === 'MetadataInvalid' && /There are \d+ faults/.test(error.message),
    );
  });

  it('a folder that is not there is told as such', () => {
    assert.throws(() => loadCatalogue(`${corpus}none`, {}), { code: 'MetadataInvalid', message: /cannot be read/ });
  });
});
