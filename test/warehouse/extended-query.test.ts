import assert from 'node:assert/strict';
import { extendedQuery } from '../../src/warehouse/connection/extended-query.ts';

/** One message of the protocol: its type, its length with itself, its fields. */
const message = (type: string, fields: string): string => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(fields) + 4);
  return `${type}${length.toString('latin1')}${Buffer.from(fields).toString('latin1')}`;
};

describe('statements by the extended protocol', () => {
  const texts = ['BEGIN', `SELECT 'é €'`, '', `SELECT '${'x'.repeat(70_000)}😀'`];
  for (const statements of [[], texts.slice(0, 1), texts]) {
    it(`${statements.length} of them are Parse, Bind and Execute each, and one Sync`, () => {
      const expected = statements.map((text) => {
        const parse = message('P', `\0${text}\0\0\0`);
        return `${parse}${message('B', '\0'.repeat(8))}${message('E', '\0'.repeat(5))}`;
      });
      assert.equal(extendedQuery(statements).toString('latin1'), `${expected.join('')}${message('S', '')}`);
    });
  }
});
