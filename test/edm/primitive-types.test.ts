import assert from 'node:assert/strict';
import { primitiveTypes, urlLiteral } from '../../src/edm/primitive-types.ts';

describe('primitive types', () => {
  it('has one row for each of the sixteen names', () => {
    assert.equal(primitiveTypes.size, 16);
    for (const [name, row] of primitiveTypes) {
      assert.equal(row.name, name);
    }
  });

  const literals = [
    ['Edm.String', "O'Neil & co", "'O''Neil & co'"],
    ['Edm.String', '', "''"],
    ['Edm.String', null, 'null'],
    ['null', null, 'null'],
    ['Edm.Int64', '-9223372036854775808', '-9223372036854775808'],
    ['Edm.Double', '-INF', '-INF'],
    ['Edm.Boolean', 'true', 'true'],
    ['Edm.DateTimeOffset', '2024-02-29T12:00:00.5Z', '2024-02-29T12:00:00.5Z'],
    ['Edm.Duration', 'P1DT2H', "duration'P1DT2H'"],
    ['Edm.Binary', 'SGk_', "binary'SGk_'"],
    ['Edm.Guid', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001'],
  ] as const;
  for (const [type, text, expected] of literals) {
    it(`writes ${type} ${text} as ${expected}`, () => {
      assert.equal(urlLiteral(type, text), expected);
    });
  }
});
