import assert from 'node:assert/strict';
import { retryAfterSeconds } from '../../src/upstream/retry-after.ts';

const now = Date.UTC(2026, 10, 6, 8, 49, 37);
const seconds = (text: string, date = '') => retryAfterSeconds((header) => (header === 'date' ? date : text), now);

/** What feeds and token servers write into Retry-After, and the seconds it means (RFC 9110, 10.2.3 and 5.6.7). */
const table: readonly (readonly [text: string, seconds: number | null])[] = [
  ['0', 0],
  ['7', 7],
  ['007', 7],
  [' 7 ', 7],
  ['999999999', 999_999_999],
  ['9999999999', 2 ** 31],
  ['9'.repeat(400), 2 ** 31],
  ['-5', null],
  ['+5', null],
  ['1.5', null],
  ['1,5', null],
  ['5s', null],
  ['5 seconds', null],
  ['1e3', null],
  ['', null],
  ['soon', null],
  ['2026-11-06T08:50:07Z', null],
  ['Nov 6 2026 08:50:07', null],
  ['Fri, 06 Nov 2026 08:50:07 GMT', 30],
  ['Friday, 06-Nov-26 08:50:07 GMT', 30],
  ['Fri Nov  6 08:50:07 2026', 30],
  ['Fri, 06 Nov 2026 08:50:07 +0200', null],
  ['Fri, 06 Nov 2026 08:50:07', null],
  ['Mon, 31 Feb 2027 08:50:07 GMT', null],
  ['Fri, 06 Nov 2026 24:50:07 GMT', null],
  ['Fri, 06 Nov 2026 08:49:60 GMT', 23],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 2 ** 31],
];

describe('Retry-After of a reply', () => {
  for (const [text, expected] of table) {
    it(`says ${expected ?? 'nothing'} where it is "${text.slice(0, 40)}"`, () => {
      assert.equal(seconds(text), expected);
    });
  }

  it('counts a date from the Date of the same reply, and from our clock where that is none', () => {
    const until = 'Fri, 06 Nov 2026 09:00:00 GMT';
    assert.equal(seconds(until, 'Fri, 06 Nov 2026 08:59:00 GMT'), 60);
    assert.equal(seconds(until, '-5'), 623);
  });
});
