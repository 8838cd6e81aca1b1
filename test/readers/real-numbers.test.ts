import assert from 'node:assert/strict';
import { readByDotNet, sameNumber } from './dot-net-numbers.ts';
import { realNumberTests } from './real-numbers.ts';

describe('readers: floating point numbers as the .NET readers take them', () => {
  it('E1 the readers arrive at another number where more than 15 digits have no exponent', () => {
    assert.equal(readByDotNet('248668584.15709278'), 248668584.1570928);
    assert.notEqual(readByDotNet('248668584.15709278'), 248668584.15709278);
    assert.equal(readByDotNet('248668584.15709278E0'), 248668584.15709278);
    assert.ok(sameNumber(readByDotNet('-0'), 0));
  });

  realNumberTests(20);
});
