import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Seal } from '../../../src/upstream/sign-in/seal.ts';
import { anyCharacter } from '../../support/any-character.ts';

const [one, other] = ['a'.repeat(32), 'b'.repeat(32)];

describe('what is kept of a sign-in', () => {
  it('opens with its key and for its source alone, and not when a bit of it changed', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), fc.nat(), fc.nat(7), (text, source, at, bit) => {
        const seal = new Seal([one]);
        const sealed = seal.seal(text, source);
        assert.equal(seal.open(sealed, source), text);
        assert.equal(seal.open(sealed, `${source}.`), null);
        assert.equal(new Seal([other]).open(sealed, source), null);
        const changed = Buffer.from(sealed);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << bit);
        assert.equal(seal.open(changed, source), null);
        assert.equal(seal.open(sealed.subarray(0, at % sealed.length), source), null);
        assert.notDeepEqual(seal.seal(text, source), sealed, 'a nonce of its own each time');
      }),
      { numRuns: 25 },
    );
  });

  it('a key that is being changed still opens, and the new one seals', () => {
    const sealed = new Seal([one]).seal('secret', 'feed');
    const both = new Seal([other, one]);
    assert.equal(both.open(sealed, 'feed'), 'secret');
    assert.equal(new Seal([other]).open(both.seal('secret', 'feed'), 'feed'), 'secret');
    assert.ok(!sealed.includes('secret'));
  });
});
